"""Read choices from their codebook."""

from pathlib import Path

from pluralign_stats.choices.assemble import assemble_choices
from pluralign_stats.choices.choices import Choices
from pluralign_stats.choices.codebook import choice_book
from pluralign_stats.errors import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.read import find_codebook
from pluralign_stats.study.yaml_file import parse_yaml, read_text


def holds_choices_only(codebook: str | Path) -> bool:
    """Whether a codebook has a section `choices`, and describes no ratings."""
    path = find_codebook(codebook)
    content = parse_yaml(read_text(path), path.name, words=True)
    return "choices" in content and "dimensions" not in content


def read_choices(codebook: str | Path, data: str | Path | None = None) -> Choices:
    r"""Read and check choices: which of several responses is best, comparisons, rankings.

    Parameters
    ----------
    codebook
        Path of a YAML file with a section `choices`; the same file may describe ratings as well,
        which `read_study` reads.
    data
        Folder of the data files; by default the codebook's own.

    Returns
    -------
    Choices
        Checked against the codebook.

    Raises
    ------
    InputError
        If anything does not fit; one line that names file, column, rows, value, what is allowed
        and what to do.

    Examples
    --------
    >>> from pathlib import Path
    >>> rows = "judge,question,model_a,model_b,winner\nann,1,x,y,model_a\nben,1,y,x,tie\n"
    >>> made = Path("arena.csv").write_text(rows)
    >>> made = Path("arena.yaml").write_text('''
    ... name: arena
    ... choices:
    ...   file: arena.csv
    ...   rater: judge
    ...   prompt: question
    ...   options: [model_a, model_b]
    ...   chosen: winner
    ...   shown_in_order: true
    ... ''')
    >>> pls.read_choices("arena.yaml").pairs[["rater", "first", "second", "outcome"]]
      rater first second outcome
    0   ann     x      y   first
    1   ben     y      x     tie
    """
    path = find_codebook(codebook)
    book = choice_book(parse_yaml(read_text(path), path.name, words=True), path.name)
    folder = Path(data) if data else path.parent
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the one with the data files")
    table = read_table(book.choices.file, folder, book.missing, book.choices.sought)
    raters = read_table(book.files.raters, folder, book.missing) if book.files.raters else None
    return Choices(book, assemble_choices(book, table, raters))
