"""Models of scores by condition: what each way of using the ratings does to a model."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
