"""``python -m pluralign_stats``: the same as the command ``pluralign``."""

from pluralign_stats.cli import main

if __name__ == "__main__":
    main()
