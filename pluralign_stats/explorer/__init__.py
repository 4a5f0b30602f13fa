"""The explorer: one question after another to a study, in a notebook."""
