"""The simulated study: the published design, drawn from a truth that travels with it."""

from pluralign_stats.simulate.simulate import SimulatedTables, simulate_tables
from pluralign_stats.study.truth import Truth

__all__ = ["SimulatedTables", "Truth", "simulate_tables"]
