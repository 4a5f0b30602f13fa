"""Planning a study: how many raters, items and ratings it takes to find a difference."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
