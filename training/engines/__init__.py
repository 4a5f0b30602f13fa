"""Engines of generation: what runs a model and returns what it says."""
