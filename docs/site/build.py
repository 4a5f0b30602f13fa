"""Builds the documentation: gathers its pages, writes those that code describes, runs Sphinx.

Everything is made under `docs/_build`: `source` holds the pages that Sphinx reads, `html` the site.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from api_pages import api_pages
from chapter_pages import chapter_pages, execute
from command_pages import command_pages
from module_pages import module_pages
from sphinx.cmd.build import build_main

SITE = Path(__file__).resolve().parent
DOCS = SITE.parent
ROOT = DOCS.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site and say where it is; the exit status is that of Sphinx.

    Parameters
    ----------
    arguments
        Command line; by default that of the process.
    """
    asked = _parser().parse_args(arguments)
    executed = asked.executed
    if asked.execute:
        executed = execute(ROOT / "notebooks", asked.out / "executed")
    pages = api_pages() | command_pages() | module_pages(ROOT)
    pages |= chapter_pages(ROOT / "notebooks", executed)
    source, html = asked.out / "source", asked.out / "html"
    gather(source, pages)
    # Pages that no longer exist would stay in the site, and in the results of a search.
    shutil.rmtree(html, ignore_errors=True)
    options = ["-b", "html", "-c", str(SITE), "-d", str(asked.out / "doctrees"), "-q", "-W"]
    status = build_main([*options, str(source), str(html)])
    if status == 0:
        print(f"The documentation: {html / 'index.html'}")
    return status


def gather(source: Path, made: Mapping[str, str]) -> None:
    """Copy the pages of `docs` to a folder, beside those that were made.

    Files whose content is unchanged keep their time, so that Sphinx need not read them again.

    Parameters
    ----------
    source
        The folder; what else it holds is removed, but for what Sphinx made itself.
    made
        Text of pages by path within the folder.
    """
    written = {path: text.encode() for path, text in made.items()}
    for file in sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.png")]):
        place = file.relative_to(DOCS)
        if place.parts[0] not in ("_build", "site"):
            written[place.as_posix()] = file.read_bytes()
    for name, content in written.items():
        target = source / name
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for file in source.rglob("*"):
        name = file.relative_to(source).as_posix()
        if file.is_file() and name not in written:
            file.unlink()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Build the documentation.")
    parser.add_argument(
        "--out", type=Path, default=DOCS / "_build", metavar="FOLDER", help="Where to build."
    )
    parser.add_argument(
        "--executed",
        type=Path,
        metavar="FOLDER",
        help="Executed copies of the notebooks, such as those in a report; shown in their place.",
    )
    parser.add_argument(
        "--execute", action="store_true", help="Run the notebooks on a small simulated study first."
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
