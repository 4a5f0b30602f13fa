"""`explore`: opens the explorer on a study."""

from collections.abc import Mapping
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING

from pluralign_stats.errors import MissingExtraError
from pluralign_stats.explorer.answers import Answers
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.study import Study

if TYPE_CHECKING:
    from pluralign_stats.explorer.view import Explorer


def explore(
    study: Study,
    *,
    dimension: str = "",
    demographic: str = "",
    model: str = "auto",
    reference: str = "",
    only: Mapping[str, str] | None = None,
    show: str = "points",
    min_cell: int = MIN_CELL,
    out: str | Path = "figures",
) -> "Explorer":
    """Explore who rates how, by controls in a notebook.

    The last line of a cell shows it: ``pls.explore(study)``. A choice that was answered before is
    shown at once; a model that was not fitted yet takes a few seconds. A filter hides groups of
    which it leaves out so few raters that they could be told from the rest. The code below the
    picture gives the same picture and table without the controls. In a page in which nothing
    runs, such as a report, the first choice stands as plain pictures.

    Parameters
    ----------
    study
        The study.
    dimension, demographic
        What is looked at first; empty for the first ones of the codebook.
    model
        ``"auto"``, ``"ordinal"`` or ``"linear"``, as for `demographic_effects`.
    reference
        The group that the others are compared with; empty for the codebook's own or, where the
        part that is looked at lacks it, the first that it has.
    only
        Column of the ratings to the one value that is looked at, such as ``{"country": "US"}``.
    show
        ``"points"``, ``"mean"`` or ``"odds"`` (differences in rating points, in percent of the
        mean rating, or of the odds), ``"shares"`` as predicted, or ``"observed"`` ones.
    min_cell
        Groups of fewer raters are never shown.
    out
        Folder into which the button saves pictures and tables.

    Returns
    -------
    Explorer
        A widget, which shows itself as the last line of a cell.

    Raises
    ------
    InputError
        If the study does not offer what is asked for.
    MissingExtraError
        If anywidget is not installed.

    Examples
    --------
    >>> view = pls.explore(study, demographic="gender", out="")
    >>> type(view).__name__
    'Explorer'
    """
    if find_spec("anywidget") is None:
        raise MissingExtraError("The explorer", "report")
    from pluralign_stats.explorer.view import Explorer

    answers = Answers(study, min_cell)
    if answers.choices.missing:
        return Explorer(answers, None, Path(out))
    first = answers.choices.choice(dimension, demographic, model, reference, only, show)
    if not reference:
        first = answers.possible(first)
    # A Jupyter server tells its kernels the notebook's name; who executes a notebook to a page
    # does not, and waits for the pictures.
    return Explorer(answers, first, Path(out), live="JPY_SESSION_NAME" in environ)
