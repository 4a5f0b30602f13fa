"""Conditions: one frozen description of each run, expanded from a grid in YAML."""
