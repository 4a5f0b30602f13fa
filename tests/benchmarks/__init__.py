"""Speed and memory on this machine, beside other programs; run with ``make benchmark``."""
