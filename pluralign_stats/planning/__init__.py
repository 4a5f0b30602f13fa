"""Planning a study: how many raters, items and ratings it takes to find a difference."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
