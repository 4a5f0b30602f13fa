"""Figures: from tidy tables to pictures, in one style."""
