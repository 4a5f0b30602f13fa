"""Models of ratings, each behind one function, all with one shape of result."""
