"""Choices: which of several responses raters prefer, read from files and checked."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
