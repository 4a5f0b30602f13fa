"""First analyses: who rated, what they said, how far they agree."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
