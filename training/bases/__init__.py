"""Base models: found, loaded, given adapters."""
