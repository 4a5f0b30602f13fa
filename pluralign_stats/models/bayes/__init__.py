"""Bayesian mixed models: the posterior density, its sampler, and the draws."""
