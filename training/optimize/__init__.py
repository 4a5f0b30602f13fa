"""Optimizers: TRL's own trainers, with the feedback's soft labels and weights."""
