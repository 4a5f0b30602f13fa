"""The prompts that tuned models answer: those held out of training, and any from a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.data_file import read_unlisted
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import TEXTS, text_languages

#: Columns of a file of prompts; it may have others.
COLUMNS = ("prompt", "language", "text")

_ENDINGS = (".csv", ".jsonl", ".parquet", ".xlsx")


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
    languages = text_languages(study.items, "prompt")
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
    column = items[TEXTS["prompt"] + language]
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
    """Read prompts from a file with columns prompt, language, text.

    Parameters
    ----------
    path
        CSV, JSON lines, Parquet or Excel; its ending tells which.

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
    if path.suffix.lower() not in _ENDINGS:
        raise InputError(
            f"{path} cannot be read as a file of prompts: its name must end in "
            f"{listing(_ENDINGS)}, not '{path.suffix}'"
        )
    if not path.is_file():
        raise InputError(f"the file of prompts {path} does not exist")
    table = read_unlisted(path)
    missing = [c for c in COLUMNS if c not in table.frame]
    if missing:
        raise InputError(
            f"{path} has no column {listing(missing)}; a file of prompts has the columns "
            f"{listing(COLUMNS)}, this one has {listing(table.frame.columns)}"
        )
    cells = table.frame[list(COLUMNS)]
    for column in cells:
        if cells[column].isna().any():
            row = cells.index[cells[column].isna()][0]
            raise InputError(f"{path} has no {column} in row {row}; fill it in or drop the row")
    return joined([Prompt(*map(str, row)) for row in cells.to_numpy()], str(path))


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
    return digest_text("\x1e".join(lines))
