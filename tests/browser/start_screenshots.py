"""Takes the pictures of `docs/howto/start.md`: what init says, and a study made of a DataFrame.

The page's own blocks make the data. It needs chromium and chromedriver.
"""

import os
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

import nbformat

from tests.browser.laboratory import TOKEN, chromium, laboratory
from tests.browser.screenshots import DOCS, Walk, page_blocks

PAGE = DOCS / "howto" / "start.md"
#: Columns of the terminal in the picture, and its looks.
_COLUMNS = 130
_STYLE = "font: 14px/1.3 'DejaVu Sans Mono', monospace; white-space: pre-wrap"
_KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
_HEIGHTS = {"init": 700, "frame": 1000}


def main() -> None:
    """Take both pictures anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, frame, effects, _ = page_blocks("python", PAGE)
        told = drafted(folder, made)
        lab = folder / "pluralign-lab"
        lab.mkdir()
        cells = [nbformat.v4.new_code_cell(c.strip()) for c in (made, frame, effects)]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=_KERNEL)
        nbformat.write(notebook, lab / "my_ratings.ipynb")
        with (
            laboratory(folder / ".home", "study.yaml", cwd=folder) as address,
            chromium(folder / ".profile") as browser,
        ):
            user = Walk(browser)
            user.resize(_HEIGHTS["init"])
            (folder / "init.html").write_text(f'<pre style="{_STYLE}">{escape(told)}</pre>')
            browser.get((folder / "init.html").as_uri())
            user.take("init", head="start")
            user.resize(_HEIGHTS["frame"])
            browser.get(f"{address}/lab?token={TOKEN}")
            user.open("my_ratings.ipynb")
            user.seen(".jp-Notebook .jp-CodeCell")
            user.run_all()
            user.to_top(user.seen(".jp-CodeCell", "from_frame"))
            user.take("frame", head="start")


def drafted(folder: Path, made: str) -> str:
    """Make the page's data and draft a codebook of them; what a terminal shows of that."""
    subprocess.run([sys.executable, "-c", made], cwd=folder, check=True)
    words = ["pluralign", "init", "answers.csv", "--yes"]
    done = subprocess.run(
        [sys.executable, "-m", "pluralign_stats", *words[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(_COLUMNS)},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = done.stdout.partition("\nUnanswered demographics")[0]
    return f"$ {' '.join(words)}\n{shown}"


if __name__ == "__main__":
    main()
