from .raking import RakedWeights as RakedWeights
from .raking import rake as rake
