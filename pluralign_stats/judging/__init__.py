"""Judges against people: how far a judge's scores agree with the ratings of a study."""
