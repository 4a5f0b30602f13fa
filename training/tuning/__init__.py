"""Train every condition of a grid, each in a folder of its own."""
