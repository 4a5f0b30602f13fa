"""Checks: whether a fitted model describes its data, and what its numbers hang on."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
