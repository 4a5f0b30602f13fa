"""Draw one rater of each response, who speaks for it."""

from pluralign_stats.strategies.strategy import Strategy

RANDOM = Strategy("random", "drawing one rater", "drawn")
