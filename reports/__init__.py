"""Turns notebooks and a study into one browsable report."""
