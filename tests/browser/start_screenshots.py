"""Takes the pictures of `docs/howto/start.md`: what init says, a report, a study of a DataFrame.

The page's own blocks make the data and give the commands. It needs chromium and chromedriver.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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
_HEIGHTS = {"init": 560, "excel": 560, "report": 1000, "frame": 1000}
#: What the page's reader answers, and what ends the part of a draft's output that is shown.
_ANSWERS = ("bad", "good")
_REST = "\npluralign check"


def main() -> None:
    """Take all pictures anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, *cells = page_blocks("python", PAGE)
        subprocess.run([sys.executable, "-c", made], cwd=folder, check=True)
        told = _carried_out(folder)
        notebook = _notebook([made, *cells[:2]])
        lab = folder / "pluralign-lab"
        lab.mkdir()
        nbformat.write(notebook, lab / "my_ratings.ipynb")
        with (
            laboratory(folder / ".home", "study.yaml", cwd=folder) as address,
            chromium(folder / ".profile") as browser,
        ):
            user = Walk(browser)
            for picture, shown in zip(("init", "excel"), told, strict=True):
                page = folder / f"{picture}.html"
                page.write_text(f'<pre style="{_STYLE}">{escape(shown)}</pre>', "utf-8")
                _take(user, page.as_uri(), picture)
            _take(user, (folder / "report" / "index.html").as_uri(), "report")
            user.resize(_HEIGHTS["frame"])
            browser.get(f"{address}/lab?token={TOKEN}")
            user.open("my_ratings.ipynb")
            user.seen(".jp-Notebook .jp-CodeCell")
            user.run_all()
            user.to_top(user.seen(".jp-CodeCell", "from_frame"))
            user.take("frame", head="start")


def _take(user: Walk, address: str, picture: str) -> None:
    """Take a picture of a page's top."""
    user.resize(_HEIGHTS[picture])
    user.browser.get(address)
    user.take(picture, head="start")


def _notebook(cells: Sequence[str]) -> nbformat.NotebookNode:
    made = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    return nbformat.v4.new_notebook(cells=made, metadata=_KERNEL)


def _carried_out(folder: Path) -> list[str]:
    """Draft what the page drafts, and make its first report; what a terminal shows of drafts."""
    lines = [line for block in page_blocks("sh", PAGE) for line in block.splitlines()]
    drafts = [line for line in lines if " init " in line]
    told = [f"$ {line}\n{_run(line, folder).partition(_REST)[0]}" for line in drafts]
    report = next(line for line in lines if " report " in line)
    codebook = folder / shlex.split(report)[2]
    # What the page says of made-up ratings.
    codebook.write_text(codebook.read_text("utf-8") + "simulated: true\n", "utf-8")
    _run(report, folder)
    return told


def _run(line: str, folder: Path) -> str:
    """Run a command of Pluralign as in a terminal, with the reader's answers behind questions."""
    done = subprocess.run(
        [sys.executable, "-m", "pluralign_stats", *shlex.split(line)[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(_COLUMNS)},
        input="".join(f"{answer}\n" for answer in _ANSWERS),
        capture_output=True,
        text=True,
        check=True,
    )
    asked = "[later]: "
    first, *rest = done.stdout.split(asked)
    answered = zip(_ANSWERS, rest, strict=False)
    return first + "".join(f"{asked}{answer}\n{shown}" for answer, shown in answered)


if __name__ == "__main__":
    main()
