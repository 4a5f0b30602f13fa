"""Whether intervals cover what was planted in many simulated studies; ``make validate``."""
