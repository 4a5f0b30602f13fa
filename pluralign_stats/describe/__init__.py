"""First analyses: who rated, what they said, how far they agree."""
