"""Keep every rating: each rater of a response speaks for it."""

from pluralign_stats.strategies.strategy import Strategy

PRESERVE = Strategy("preserve", "keeping every rating", "every")
