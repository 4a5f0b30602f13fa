"""Groups of raters in a study: effects of demographics on all its dimensions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
