"""Code blocks of the documentation's pages, and the commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if not {"_build", "site"} & set(path.relative_to(ROOT).parts)
)

#: Blocks of lists are drawn to the right.
_BLOCK = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes
    ----------
    page
        Its page, such as ``"docs/index.md"``.
    line
        Line of the page on which its first line stands.
    language
        First word after the fence.
    skipped
        Why it is not run, as the words after ``python skip:`` say; empty for those that run.
    text
        What it holds.
    """

    page: str
    line: int
    language: str
    skipped: str
    text: str

    @property
    def file_name(self) -> str:
        """The file that a YAML block is, by the comment on its first line; empty for fragments."""
        named = re.match(r"# (\S+\.yaml)\n", self.text)
        return named[1] if self.language == "yaml" and named else ""

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command line, comments left out."""
        if self.language not in ("sh", ""):
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        words = [shlex.split(line, comments=True) for line in lines if self._is_command(line)]
        return [line for line in words if line]

    def _is_command(self, line: str) -> bool:
        return self.language == "sh" or line.startswith("pluralign ")


def blocks(page: str) -> list[Block]:
    """All blocks of a page in their order."""
    text = (ROOT / page).read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        language, _, rest = match[1].strip().partition(" ")
        skipped = rest.removeprefix("skip:").strip() if rest.startswith("skip:") else ""
        line = text[: match.start(2)].count("\n") + 1
        found.append(Block(page, line, language, skipped, dedent(match[2])))
    return found


def inline_options(page: str) -> list[tuple[str, str]]:
    """Commands and options that a page names in running text: ``("train", "--part")``."""
    text = _BLOCK.sub("", (ROOT / page).read_text("utf-8"))
    found = []
    for command, rest in re.findall(r"`pluralign (\w+)([^`]*)`", text):
        found += [(command, word) for word in re.findall(r"(?<!\S)-[-\w]+", rest)]
        found += [(command, "")]
    return found
