"""Fits: estimates with all that can be asked of them."""
