"""Numbers behind the mixed models: free functions and small objects on arrays."""
