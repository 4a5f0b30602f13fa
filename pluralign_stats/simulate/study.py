"""The simulated study as a `Study`, in memory or as files that read back to the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.simulate.application import simulate_application
from pluralign_stats.simulate.simulate import SimulatedTables, simulate_tables
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.storage.folders import new_folder
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.codebook_file import read_codebook
from pluralign_stats.study.read import shipped_codebooks
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import RawTable, Tables, tabulate
from pluralign_stats.study.truth import Reading, Truth
from pluralign_stats.study.yaml_file import dump_yaml, parse_yaml, read_text

#: The tables in which a simulated study is written.
Layout = Literal["plain", "application"]

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
    layout: Layout = "plain",
) -> Path:
    """Write a simulated study as CSV files with a codebook and the truth.

    Parameters
    ----------
    folder
        Which appears under its name only when complete.
    layout
        ``"plain"``: one table each of ratings, raters and items. ``"application"``: the tables of
        the published survey's application, two languages and three periods with all their oddities,
        for the codebook `pluralistic_values`; how many items a rater rates, what is left empty or
        declined, and the reading are its own.

    Returns
    -------
    Path
        Of the codebook, for `read_study`.

    Raises
    ------
    InputError
        If an argument is out of range or does not go with the layout, or `folder` exists and is not
        empty, or cannot be written.

    Examples
    --------
    >>> written = pls.write_simulated_study("written", seed=1, n_raters=20, n_prompts=4)
    >>> written.name
    'study.yaml'
    """
    check_one_of("the layout", layout, get_args(Layout))
    if layout == "plain":
        tables = simulate_tables(
            seed, n_raters=n_raters, n_prompts=n_prompts, responses_per_prompt=responses_per_prompt,
            items_per_rater=items_per_rater, missing=missing, declined=declined, reading=reading,
        )  # fmt: skip
        return write_tables(Path(folder), tables)
    if (items_per_rater, missing, declined, reading) != (5, 0.01, 1.0, "odds"):
        raise InputError(
            "the layout 'application' has its own numbers of rows, empty cells and declined "
            "answers; leave out items_per_rater, missing, declined and reading"
        )
    made = simulate_application(
        seed, n_raters=n_raters, n_prompts=n_prompts, responses_per_prompt=responses_per_prompt
    )
    content = _published() | _about(seed)
    texts = {name: frame.to_csv(index=False) for name, frame in made.frames.items()}
    return _write(Path(folder), texts, Codebook.model_validate(content), made.truth)


def write_tables(
    folder: Path, tables: SimulatedTables, about: Mapping[str, str] | None = None
) -> Path:
    """Write simulated tables; see `write_simulated_study`.

    `about` replaces name, title or source in the codebook.
    """
    book = simulated_codebook(tables.truth.seed, about)
    return _write(folder, _csv_texts(book, tables), book, tables.truth)


def _write(folder: Path, texts: Mapping[str, str], book: Codebook, truth: Truth) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists already; name a new folder for the simulated study")
    with new_folder(folder.resolve(), "simulated study") as staging:
        for name, text in texts.items():
            (staging / name).write_text(text, "utf-8")
        planted = json.dumps(truth.to_dict(), indent=2, ensure_ascii=False)
        (staging / TRUTH).write_text(planted + "\n", "utf-8")
        (staging / CODEBOOK).write_text(_yaml(book), "utf-8")
    return folder / CODEBOOK


def simulated_codebook(seed: int, about: Mapping[str, str] | None = None) -> Codebook:
    """The published codebook for plain tables, marked as simulated.

    `about` replaces name, title or source.
    """
    source = Path(__file__).with_name("codebook.yaml")
    changes = parse_yaml(read_text(source), source.name)
    content = _changed(_published(), changes) | _about(seed) | dict(about or {})
    return Codebook.model_validate(content)


def _published() -> dict[str, Any]:
    book = read_codebook(shipped_codebooks()["pluralistic_values"])
    return book.model_dump(mode="json", exclude_defaults=True)


def _about(seed: int) -> dict[str, Any]:
    return {
        "name": f"simulated_{seed}",
        "title": f"Ratings of language model responses, simulated with seed {seed}",
        "source": "Generated by Pluralign after the design of arXiv 2511.14476",
        "simulated": True,
        "truth": TRUTH,
    }


def _changed(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A codebook's content with other entries; demographics and covariates have other keys."""
    made = {**content, **changes}
    for part in ("demographics", "covariates"):
        told = changes[part]
        made[part] = {
            name: _known({**factor, **told.get(name, {})})
            for name, factor in content[part].items()
            if told.get(name, {}) is not None
        }
    return _known(made)


def _known(content: Mapping[str, Any]) -> dict[str, Any]:
    """Without entries that are nothing."""
    return {key: value for key, value in content.items() if value is not None}


def _csv_texts(book: Codebook, tables: SimulatedTables) -> dict[str, str]:
    """The files' content by name; also what their hashes are taken of."""
    files = book.files
    specs = files.specs
    frames = (tables.ratings, tables.raters, tables.items)
    return {
        spec.paths[0]: frame.to_csv(index=False) for spec, frame in zip(specs, frames, strict=True)
    }


def _raw(name: str, text: str, frame: pd.DataFrame, book: Codebook) -> RawTable:
    numbered = frame.set_axis(pd.RangeIndex(2, 2 + len(frame)))  # as below a header
    return tabulate(name, numbered, book.missing, digest_text(text))


def _yaml(book: Codebook) -> str:
    content = book.model_dump(mode="json", exclude_defaults=True)
    head = f"# A simulated study: no person gave these ratings. {TRUTH} holds what was planted.\n"
    return head + dump_yaml(content)
