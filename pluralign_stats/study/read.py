"""Read a study from its codebook."""

import json
from importlib.resources import files
from pathlib import Path

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.codebook_file import read_codebook
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.entries import ENGLISH
from pluralign_stats.study.files import FileSpec
from pluralign_stats.study.restarts import refuse_collisions
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import RawTable, Tables
from pluralign_stats.study.truth import Truth
from pluralign_stats.study.yaml_file import read_text


def shipped_codebooks() -> dict[str, Path]:
    """Codebooks that come with Pluralign, by name."""
    folder = Path(str(files("pluralign_stats") / "codebooks"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_codebook(name: str | Path) -> Path:
    """Path of a codebook, given its path or the name of a shipped one."""
    path = Path(name)
    shipped = shipped_codebooks()
    # A folder is no codebook: its data often lie in one of the same name.
    if path.is_file() or str(name) not in shipped:
        if not path.exists() and not path.suffix:
            raise InputError(
                f"{name}: no such file, nor a shipped codebook; shipped are {listing(shipped)}"
            )
        return path
    return shipped[str(name)]


def read_study(
    codebook: str | Path,
    data: str | Path | None = None,
    *,
    filters: bool = True,
    language: str = ENGLISH,
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    codebook
        Path of the study's YAML file, or the name of a shipped codebook (``"trustamas"``).
    data
        Folder of the data files; by default the codebook's own.
    filters
        Whether the codebook's filters are applied; without them everyone's ratings are read.
    language
        Language of the labels of dimensions and demographics, such as ``"de"``, where the codebook
        has them; English elsewhere. Sentences, levels and names of columns stay as they are.

    Returns
    -------
    Study
        Checked against the codebook.

    Raises
    ------
    InputError
        If anything does not fit; one line that names file, column, rows, value, what is allowed
        and what to do.

    Examples
    --------
    >>> codebook = pls.write_simulated_study("simulated", seed=1, n_raters=20, n_prompts=4)
    >>> pls.read_study(codebook).dimensions[:2]
    ('stereotypical_bias', 'toxicity')
    """
    path = find_codebook(codebook)
    book = read_codebook(path).in_language(language)
    if not filters:
        book = book.model_copy(update={"filters": {}})
    folder = Path(data) if data else path.parent
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the one with the data files")
    return Study.of(book, _read_tables(book, folder), _read_truth(book, folder))


def _read_tables(book: Codebook, folder: Path) -> Tables:
    def read(spec: FileSpec | None) -> RawTable | None:
        return read_table(spec, folder, book.missing) if spec else None

    ratings = read_table(book.files.ratings, folder, book.missing, book.sought)
    tables = Tables(ratings, read(book.files.raters), read(book.files.items))
    refuse_collisions(book, tables)
    return tables


def _read_truth(book: Codebook, folder: Path) -> Truth | None:
    if book.truth is None:
        return None
    path = folder / book.truth
    try:
        return Truth.from_dict(json.loads(read_text(path)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path.name}: is not the truth of a simulated study ({type(error).__name__}); "
            "simulate the study again or take 'truth' out of the codebook"
        ) from None
