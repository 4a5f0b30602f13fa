"""Models of scores by condition: what each way of using the ratings does to a model."""

from pluralign_stats.face import open_face

__getattr__, __dir__, __all__ = open_face(__name__, __file__)
