"""Checks: whether a fitted model describes its data, and what its numbers hang on."""
