"""``python -m pluralign_stats``: the same as the command ``pluralign``."""

import sys
from pathlib import Path

# Modules of the working folder, such as a user's own training.py, are none of ours.
if not sys.flags.safe_path and Path(sys.path[0]) == Path.cwd() != Path(__file__).parents[1]:
    del sys.path[0]

from pluralign_stats.cli import main

if __name__ == "__main__":
    main()
