"""Bayesian mixed models: the posterior density, its sampler, and the draws.

The density and its gradient are written by hand (`density`) and not left to PyMC, whose model of
the same posterior is a call away (`pymc_model`). What that buys, in seconds until every parameter
of a model of 5,475 ratings has 400 effective draws (two chains on two cores, nutpie samples both):

========================== ================== ===================== ============== =======
Model                      Written by hand    PyMC, once compiled   Its compiling  Ratio
========================== ================== ===================== ============== =======
Cumulative logit           1.1 s              9.1 s                 23 s           7.0
Gaussian                   1.0 s              1.7 s                 9 s            2.0
========================== ================== ===================== ============== =======

Nothing is compiled anew for another model by hand. `make benchmark PARTS=density` makes the table;
tests hold the two densities to each other.
"""
