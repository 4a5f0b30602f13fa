"""Fine-tunes of language models on the feedback that `pluralign_stats` prepares."""
