"""From ratings to feedback: scales, strategies, preference pairs, and who dominates them."""
