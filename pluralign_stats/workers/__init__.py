"""Processes that share work out, and end when whoever started them does."""
