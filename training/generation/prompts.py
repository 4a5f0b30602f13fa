"""The prompts that tuned models answer: those held out of training, and any from a file."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.study import Study

#: Columns of a file of prompts; it may have others.
COLUMNS = ("prompt", "language", "text")

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: pd.read_csv(path, dtype=str, keep_default_na=False),
    ".jsonl": lambda path: pd.DataFrame(_json_lines(path)),
    ".parquet": pd.read_parquet,
}
_PREFIX = "prompt_text_"


@dataclass(frozen=True, order=True)
class Prompt:
    """What a model is asked.

    Attributes
    ----------
    prompt
        Its name: the study's, or that in the file.
    language
        Short name of the language, such as ``"en"``.
    text
        The words themselves.
    """

    prompt: str
    language: str
    text: str


def study_prompts(study: Study, chosen: Iterable[str]) -> tuple[Prompt, ...]:
    """Texts of some prompts of a study, in every language that the study has them in.

    Parameters
    ----------
    study
        Its items file must hold the texts of the prompts.
    chosen
        Names of prompts, such as those that `pluralign_stats.feedback.split_prompts` holds out.

    Returns
    -------
    tuple of Prompt
        Ordered by name and language; a text that is missing in a language is left out.

    Raises
    ------
    InputError
        If the study has no texts of prompts, none of the chosen, or two for one prompt.
    """
    languages = [str(c).removeprefix(_PREFIX) for c in study.items if str(c).startswith(_PREFIX)]
    if not languages:
        raise InputError(
            f"the study '{study.name}' has no texts of its prompts; name their columns under "
            "'texts: prompt:' in the codebook, or give prompts in a file"
        )
    wanted = set(chosen)
    items = study.items[study.items["prompt"].astype(str).isin(wanted)]
    found = [
        Prompt(name, language, text)
        for language in languages
        for name, text in _texts(items, language).items()
    ]
    if not found:
        raise InputError(
            f"the study '{study.name}' has no text of any of {listing(sorted(wanted))}"
        )
    return tuple(sorted(found))


def _texts(items: pd.DataFrame, language: str) -> dict[str, str]:
    """Text of each prompt in one language."""
    column = items[_PREFIX + language]
    given = items.assign(text=column)[column.notna() & (column.astype(str).str.strip() != "")]
    texts: dict[str, str] = {}
    for name, text in zip(given["prompt"].astype(str), given["text"].astype(str), strict=True):
        if texts.setdefault(name, text) != text:
            raise InputError(
                f"the prompt '{name}' has two different texts in '{language}'; give each prompt "
                "one text, or different names"
            )
    return texts


def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """Read prompts from a CSV, JSON lines or Parquet file with columns prompt, language, text.

    Parameters
    ----------
    path
        Its ending tells the format: .csv, .jsonl or .parquet.

    Returns
    -------
    tuple of Prompt
        Ordered by name and language.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, has an empty cell or no row, or has two texts
        for one prompt and language.
    """
    frame = _read(path)
    missing = [c for c in COLUMNS if c not in frame]
    if missing:
        raise InputError(
            f"{path} has no column {listing(missing)}; a file of prompts has the columns "
            f"{listing(COLUMNS)}, this one has {listing(frame.columns)}"
        )
    prompts = [_row(path, i, row) for i, row in enumerate(frame[list(COLUMNS)].to_numpy(), 1)]
    if not prompts:
        raise InputError(f"{path} holds no prompt; give at least one row")
    return joined(prompts, str(path))


def _read(path: Path) -> pd.DataFrame:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} cannot be read as a file of prompts: its name must end in .csv, .jsonl or "
            f".parquet, not '{path.suffix}'"
        )
    try:
        return reader(path)
    except FileNotFoundError as error:
        raise InputError(f"the file of prompts {path} does not exist") from error
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path} cannot be read as {path.suffix[1:]}: {reason}") from error


def _json_lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line is no JSON object")
    return rows


def _row(path: Path, number: int, values: Any) -> Prompt:
    cells = ["" if pd.isna(v) else str(v) for v in values]
    for name, cell in zip(COLUMNS, cells, strict=True):
        if not cell.strip():
            raise InputError(f"{path} has no {name} in row {number}; fill it in or drop the row")
    return Prompt(cells[0].strip(), cells[1].strip(), cells[2])


def joined(prompts: Iterable[Prompt], where: str) -> tuple[Prompt, ...]:
    """Put prompts from several places together, each once.

    Raises
    ------
    InputError
        If one name has two texts in one language.
    """
    texts: dict[tuple[str, str], str] = {}
    for each in prompts:
        if texts.setdefault((each.prompt, each.language), each.text) != each.text:
            raise InputError(
                f"{where}: the prompt '{each.prompt}' has two texts in '{each.language}'; give "
                "each prompt a name of its own"
            )
    return tuple(Prompt(*key, text) for key, text in sorted(texts.items()))


def fingerprint(prompts: Iterable[Prompt]) -> str:
    """SHA-256 of prompts: equal for equal ones, whatever file they came from."""
    lines = [f"{p.prompt}\x1f{p.language}\x1f{p.text}" for p in sorted(prompts)]
    return sha256("\x1e".join(lines).encode()).hexdigest()
