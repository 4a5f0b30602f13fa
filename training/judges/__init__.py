"""Judges: what gives every answer of a model a score on each dimension."""
