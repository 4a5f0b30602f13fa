"""Effects of demographics on ratings: contrasts, percentages, corrections."""
