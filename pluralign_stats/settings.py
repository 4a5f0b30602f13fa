"""Conventions that hold everywhere, each in one place."""

#: Width of every interval unless a call states another.
CONF_LEVEL = 0.95

#: An adjusted p-value below this is called clear.
SIGNIFICANCE = 0.05

#: Fewest raters that a cell shown in a table or report may have.
MIN_CELL = 10

#: Ratings on a scale of more levels are numbers to models and tables, not ordered categories.
MOST_LEVELS = 15
