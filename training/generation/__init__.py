"""Answers of tuned and untuned models to prompts."""
