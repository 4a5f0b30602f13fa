"""Checks: whether a fitted model describes its data, and what its numbers hang on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
