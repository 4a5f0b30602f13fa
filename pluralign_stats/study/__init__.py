"""A study: validated ratings, raters and items, and the codebook that says what they mean."""
