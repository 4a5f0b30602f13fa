"""Figures: from tidy tables to pictures, in one style."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
