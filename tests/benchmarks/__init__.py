"""Measurements, run by hand on an idle machine: ``make benchmark``. No test is timed."""
