"""A codebook drafted from data files: which column is what, and what is left to decide."""
