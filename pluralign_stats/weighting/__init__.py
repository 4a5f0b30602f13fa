"""Weights of raters: raking to the margins of a population, and what they do to mean ratings."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
