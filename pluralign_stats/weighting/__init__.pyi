from .means import weighted_means as weighted_means
from .raking import RakedWeights as RakedWeights
from .raking import rake as rake
