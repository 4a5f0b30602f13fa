"""The whole study as one workflow: plain commands, in the order in which they need each other."""
