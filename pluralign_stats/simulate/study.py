"""The simulated study as a `Study`, in memory or as files that read back to the same."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError
from pluralign_stats.simulate.simulate import SimulatedTables, simulate_tables
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.storage.folders import new_folder
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.codebook_file import read_codebook
from pluralign_stats.study.read import shipped_codebooks
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import FIRST_ROW, RawTable, Tables, tabulate
from pluralign_stats.study.truth import Reading
from pluralign_stats.study.yaml_file import dump_yaml

TRUTH = "truth.json"
CODEBOOK = "study.yaml"


@documented_by(simulate_tables)
def simulate_study(
    seed: int = 1,
    *,
    n_raters: int = 1095,
    n_prompts: int = 50,
    responses_per_prompt: int = 4,
    items_per_rater: int = 5,
    missing: float = 0.01,
    declined: float = 1.0,
    reading: Reading = "odds",
) -> Study:
    """Simulate the study of arXiv 2511.14476 with its reported effects planted.

    Returns
    -------
    Study
        With ``study.simulated`` true and the planted parameters in ``study.truth``.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    arXiv 2511.14476, for the design and the reported effects.

    Examples
    --------
    >>> simulated = pls.simulate_study(seed=1, n_raters=50, n_prompts=5)
    >>> simulated.truth is not None, len(simulated.raters)
    (True, 50)
    """
    tables = simulate_tables(
        seed, n_raters=n_raters, n_prompts=n_prompts, responses_per_prompt=responses_per_prompt,
        items_per_rater=items_per_rater, missing=missing, declined=declined, reading=reading,
    )  # fmt: skip
    book = simulated_codebook(seed)
    texts = _csv_texts(book, tables)
    frames = (tables.ratings, tables.raters, tables.items)
    raw = [_raw(*file, frame, book) for file, frame in zip(texts.items(), frames, strict=True)]
    return Study.of(book, Tables(*raw), tables.truth)


@documented_by(simulate_tables)
def write_simulated_study(
    folder: str | Path,
    seed: int = 1,
    *,
    n_raters: int = 1095,
    n_prompts: int = 50,
    responses_per_prompt: int = 4,
    items_per_rater: int = 5,
    missing: float = 0.01,
    declined: float = 1.0,
    reading: Reading = "odds",
) -> Path:
    """Write a simulated study as CSV files with a codebook and the truth.

    Parameters
    ----------
    folder
        Which appears under its name only when complete.

    Returns
    -------
    Path
        Of the codebook, for `read_study`.

    Raises
    ------
    InputError
        If an argument is out of range, or `folder` exists and is not empty, or cannot be written.

    Examples
    --------
    >>> written = pls.write_simulated_study("written", seed=1, n_raters=20, n_prompts=4)
    >>> written.name
    'study.yaml'
    """
    tables = simulate_tables(
        seed, n_raters=n_raters, n_prompts=n_prompts, responses_per_prompt=responses_per_prompt,
        items_per_rater=items_per_rater, missing=missing, declined=declined, reading=reading,
    )  # fmt: skip
    return write_tables(Path(folder), tables)


def write_tables(
    folder: Path, tables: SimulatedTables, about: Mapping[str, str] | None = None
) -> Path:
    """Write simulated tables; see `write_simulated_study`.

    `about` replaces name, title or source in the codebook.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists already; name a new folder for the simulated study")
    book = simulated_codebook(tables.truth.seed, about)
    with new_folder(folder.resolve(), "simulated study") as staging:
        for name, text in _csv_texts(book, tables).items():
            (staging / name).write_text(text, "utf-8")
        truth = json.dumps(tables.truth.to_dict(), indent=2, ensure_ascii=False)
        (staging / TRUTH).write_text(truth + "\n", "utf-8")
        (staging / CODEBOOK).write_text(_yaml(book), "utf-8")
    return folder / CODEBOOK


def simulated_codebook(seed: int, about: Mapping[str, str] | None = None) -> Codebook:
    """The published layout's codebook, marked as simulated, with language and German texts.

    `about` replaces name, title or source.
    """
    published = read_codebook(shipped_codebooks()["pluralistic_values"])
    texts = {
        "prompt": {"en": "prompt", "de": "prompt_de"},
        "response": {"en": "answer", "de": "answer_de"},
    }
    content = published.model_dump(mode="json", exclude_defaults=True) | {
        "name": f"simulated_{seed}",
        "title": f"Ratings of language model responses, simulated with seed {seed}",
        "source": "Generated by Pluralign after the design of arXiv 2511.14476",
        "simulated": True,
        "truth": TRUTH,
        "columns": published.columns.model_dump(mode="json", exclude_none=True)
        | {"language": "language"},
        "texts": texts,
    }
    content |= about or {}
    return Codebook.model_validate(content)


def _csv_texts(book: Codebook, tables: SimulatedTables) -> dict[str, str]:
    """The files' content by name; also what their hashes are taken of."""
    files = book.files
    specs = (files.ratings, files.raters, files.items)
    frames = (tables.ratings, tables.raters, tables.items)
    return {
        spec.path: frame.to_csv(index=False)
        for spec, frame in zip(specs, frames, strict=True)
        if spec is not None
    }


def _raw(name: str, text: str, frame: pd.DataFrame, book: Codebook) -> RawTable:
    first = FIRST_ROW["csv"]
    numbered = frame.set_axis(pd.RangeIndex(first, first + len(frame)))
    return tabulate(name, numbered, book.missing, digest_text(text))


def _yaml(book: Codebook) -> str:
    content = book.model_dump(mode="json", exclude_defaults=True)
    head = f"# A simulated study: no person gave these ratings. {TRUTH} holds what was planted.\n"
    return head + dump_yaml(content)
