"""A study with another reference level."""

from dataclasses import replace

import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import nfc


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

    Raises
    ------
    InputError
        If there is no such demographic, or no rater of this level.
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
