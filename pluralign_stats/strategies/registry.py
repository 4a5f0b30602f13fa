"""All strategies by name, in the order in which tables have them."""

from typing import TYPE_CHECKING, Literal

from pluralign_stats.strategies.consensus import CONSENSUS
from pluralign_stats.strategies.majority import MAJORITY
from pluralign_stats.strategies.mean import MEAN
from pluralign_stats.strategies.median import MEDIAN
from pluralign_stats.strategies.preserve import PRESERVE
from pluralign_stats.strategies.random import RANDOM

STRATEGIES = {one.name: one for one in (PRESERVE, MAJORITY, MEAN, MEDIAN, CONSENSUS, RANDOM)}

if TYPE_CHECKING:
    StrategyName = str
else:
    StrategyName = Literal[tuple(STRATEGIES)]
