"""Groups of raters in a study: effects of demographics on all its dimensions."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
