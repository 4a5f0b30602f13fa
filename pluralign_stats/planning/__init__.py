"""Planning a study: how many raters, items and ratings it takes to find a difference."""
