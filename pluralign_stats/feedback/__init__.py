"""From ratings to feedback: scales, strategies, preference pairs, and who dominates them."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
