"""Judges against people: how far a judge's scores agree with the ratings of a study."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
