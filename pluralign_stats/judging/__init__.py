"""Judges against people: how far a judge's scores agree with the ratings of a study."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
