"""Views of a study: what is asked for and there, and another level to compare with."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import pandas as pd

from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, check_one_of, listing, one_of
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import nfc


def select_demographics[Names: (str, list[str])](study: Study, names: Names) -> Names:
    """Return those of the demographics that the study has, and print which it has not.

    Parameters
    ----------
    study
        The study.
    names
        One name or several, of the codebook; empty for what is usual.

    Returns
    -------
    str or list of str
        As given, without those that are not in the study.

    Examples
    --------
    >>> pls.select_demographics(study, ["gender", "age"])
    ['gender', 'age']
    """
    return present("demographic", names, study.demographics)


@documented_by(select_demographics)
def select_dimensions[Names: (str, list[str])](study: Study, names: Names) -> Names:
    """Return those of the dimensions that the study has, and print which it has not.

    Returns
    -------
    str or list of str
        As given, without those that are not in the study.

    Examples
    --------
    >>> pls.select_dimensions(study, ["toxicity"])
    ['toxicity']
    """
    return present("dimension", names, study.dimensions)


def present[Names: (str, list[str])](what: str, names: Names, known: Sequence[str]) -> Names:
    """Those of some names that a study knows; which it does not is printed."""
    asked = [names] if isinstance(names, str) else names
    absent = [name for name in asked if name and name not in known]
    if not absent:
        return names
    left = [name for name in asked if name in known]
    print(_told(what, absent, left, known))
    return left[0] if isinstance(names, str) and left else type(names)(left or "")


def _told(what: str, absent: Sequence[str], left: Sequence[str], known: Sequence[str]) -> str:
    """One sentence: what is absent, what there is, what is shown."""
    if not known:
        return f"This study has no {what} at all, so {listing(absent)} cannot be shown."
    near = [match for name in absent for match in get_close_matches(name, known, n=1)]
    meant = f" (did you mean {listing(near)}?)" if near else ""
    shown = listing(left) if left else "what is shown if none is named"
    return (
        f"This study has no {what} {listing(absent)}{meant}; it has {listing(known, 20)}; shown is "
        f"{shown}."
    )


def with_reference(study: Study, demographic: str, level: str) -> Study:
    """Compare the groups of one demographic with another one of them.

    Parameters
    ----------
    study
        The study.
    demographic
        One of its demographics.
    level
        The level that the others are to be compared with, in every table of the study returned.

    Returns
    -------
    Study
        The same ratings; the level comes first among the demographic's levels.

    Raises
    ------
    InputError
        If there is no such demographic, or no rater of this level.

    Examples
    --------
    >>> pls.with_reference(study, "gender", "Male").ratings["gender"].cat.categories.tolist()
    ['Male', 'Female', 'Non-binary']
    """
    check_one_of("the demographic", demographic, study.demographics)
    level, levels = nfc(level), study.levels(demographic)
    if level not in levels:
        name = study.codebook.label(demographic)
        raise InputError(one_of(f"the reference level of {name}", level, levels))
    order = [level, *(other for other in levels if other != level)]

    def reordered(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{demographic: frame[demographic].cat.reorder_categories(order)})

    factor = study.codebook.demographics[demographic].model_copy(update={"reference": level})
    demographics = study.codebook.demographics | {demographic: factor}
    return replace(
        study,
        codebook=study.codebook.model_copy(update={"demographics": demographics}),
        _ratings=reordered(study.ratings),
        _raters=reordered(study.raters),
    )
