"""What a notebook asks for and the study has; what it has not is said, not a failure."""

from collections.abc import Sequence
from difflib import get_close_matches

from pluralign_stats.errors import listing
from pluralign_stats.study.study import Study


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
    """
    return _present("demographic", names, study.demographics)


def select_dimensions[Names: (str, list[str])](study: Study, names: Names) -> Names:
    """Return those of the dimensions that the study has, and print which it has not.

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
    """
    return _present("dimension", names, study.dimensions)


def _present[Names: (str, list[str])](what: str, names: Names, known: Sequence[str]) -> Names:
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
