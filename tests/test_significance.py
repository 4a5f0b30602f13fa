"""One rule says which estimates differ from 0."""

import numpy as np
import pandas as pd

from pluralign_stats.significance import criterion, excludes_zero, significant

TABLE = pd.DataFrame(
    {"conf_low": [0.1, -0.2, -0.3, 0.0, np.nan], "conf_high": [0.4, -0.1, 0.2, 0.5, np.nan]}
)


def test_an_interval_that_ends_at_zero_or_is_missing_does_not_exclude_it() -> None:
    assert excludes_zero(TABLE).tolist() == [True, True, False, False, False]


def test_an_adjusted_p_goes_before_the_interval() -> None:
    tested = TABLE.assign(p_adjusted=[0.2, 0.05, 0.049, 0.01, np.nan])
    assert significant(tested).tolist() == [False, False, True, True, False]
    assert significant(TABLE).tolist() == excludes_zero(TABLE).tolist()


def test_the_criterion_is_told() -> None:
    assert criterion(TABLE) == "a credible interval that leaves out 0"
    assert criterion(TABLE.assign(p_adjusted=1.0)) == "an adjusted p below 0.05"
