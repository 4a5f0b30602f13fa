"""Strategies for disagreement: what becomes of ratings of one response that differ, a file each."""
