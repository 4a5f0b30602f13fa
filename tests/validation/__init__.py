"""Whether intervals hold and posteriors rank what was planted in simulations; ``make validate``."""
