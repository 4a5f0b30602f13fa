"""Models of scores by condition: what each way of using the ratings does to a model."""
