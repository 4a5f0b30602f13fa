"""How a comparison of groups would change if some of one group had given no answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from pluralign_stats.demographics.effects import demographic_effects, one_dimension
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, listing
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.fit import Fit
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.significance import check_level, excludes_zero
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import contrast_label
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import joined

#: Shares of the group that are tried.
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3)

EVERYONE = "everyone who answered"


@dataclass(frozen=True)
class Levels:
    """Effects of the levels of a demographic against its reference.

    Attributes
    ----------
    names
        The k levels.
    estimates, vcov
        (k,) effects, 0 for the reference, and their (k, k) covariance.
    raters
        (k,) raters of each level.
    """

    names: tuple[str, ...]
    estimates: np.ndarray
    vcov: np.ndarray
    raters: np.ndarray


def mixture_weights(
    raters: np.ndarray, default: int, level: int, share: float, *, like_level: bool
) -> np.ndarray:
    r"""Weights (k,) of the recorded levels that give a contrast without those who did not answer.

    What is recorded of the default group is a mixture,
    ``recorded = (1 - s) true + s (mean of those who did not answer)``, which is solved for the
    group's true effect. Those who did not answer are like all others in their shares of raters, or
    like the raters of `level`.

    Parameters
    ----------
    raters
        (k,) recorded raters of each level.
    default, level
        Numbers of the level at which the question stands, and of the one compared with it.
    share
        Share s of the default group that did not answer, at least 0 and below 1.
    """
    k = len(raters)
    answered = np.eye(k)[level]
    if not like_level:
        answered = raters * np.where(np.arange(k) == default, 1 - share, 1.0)
        answered = answered / answered.sum()
    others = answered * (np.arange(k) != default)
    true = np.eye(k)[default] - share * others
    true = true / (1 - share + share * answered[default])
    return np.eye(k)[level] - true


def default_answers(
    study: Study,
    demographic: str = "",
    level: str = "",
    dimension: str = "",
    *,
    default: str = "",
    shares: Sequence[float] = SHARES,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Ask what a contrast would be if some raters had left a question at its default answer.

    A slider or a menu that stands at one answer until it is moved records those who did not answer
    as members of that group. The data cannot tell how many these are; the table says what the
    contrast would be for each share, if they were like everyone who answered, and if they were like
    the group that is compared.

    Parameters
    ----------
    study
        The study.
    demographic
        By default the first whose codebook states a `default`.
    level
        The group that is compared with the default one; by default the last level.
    dimension
        By default the first.
    default
        The answer at which the question stands; by default what the codebook states.
    shares
        Shares of the default group that did not answer, at least 0 and below 1.
    min_cell
        Groups of fewer raters are not compared.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        A row for each share and kind of people: columns dimension, term, contrast, level,
        reference, share, non_answers (whom they are like), estimate (in the unit of the model: log
        odds of ordinal ones), std_error, conf_low, conf_high, method.

    Raises
    ------
    InputError
        If a name is unknown, no default is stated, a share is out of range, or there is no model.

    Notes
    -----
    A mixture, of which the group's own mean is the rest; intervals by the delta method, exact as
    the contrast is linear in the effects. The definition is this project's own.

    Examples
    --------
    >>> made = pls.demographics.default_answers(
    ...     study, "politics", "Conservative", "toxicity", default="Liberal", shares=[0, 0.2]
    ... )
    >>> made.table["share"].tolist()
    [0.0, 0.0, 0.2, 0.2]
    """
    check_min_cell(min_cell)
    check_level(conf_level)
    term, start = _question(study, demographic, default)
    target = one_dimension(study, dimension)
    known = [name for name in study.levels(term) if name != start]
    other = level or known[-1]
    check_one_of(f"the level of '{term}'", other, known)
    bad = [share for share in shares if not 0 <= share < 1]
    if bad:
        raise InputError(f"'shares' must be at least 0 and below 1, not {bad[0]}")
    fit = demographic_effects(study, [], [target], min_cell=min_cell).fits.get((target, term))
    if fit is None:
        raise NotApplicableError(
            f"there is no model of '{target}' with '{term}', so that nothing can be compared"
        )
    found = _levels(fit, term)
    counts = dict(zip(found.names, found.raters, strict=True))
    few = [name for name in (start, other) if counts.get(name, 0) < min_cell]
    if few:
        raise NotApplicableError(f"fewer than {min_cell} raters of {listing(few)} in '{term}'")
    table = _table(found, start, other, shares, conf_level)
    table = table.assign(method=str(fit.method))
    table.insert(0, "dimension", target)
    table.insert(1, "term", term)
    label = study.codebook.label
    return Result.of(
        study,
        table,
        _sentence(table, label(term), label(target), start, other),
        f"{label(term)}: what if some did not answer",
        unit=fit.family.unit,
        conf_level=conf_level,
        interval="Wald intervals",
        notes=(
            f"The question on {label(term)} stands at {start} until it is moved; how many left it "
            "there is not recorded.",
            "Like everyone who answered: with the groups' shares of raters. The data cannot tell "
            "which row is true.",
        ),
        warnings=fit.warnings,
        figure=FOREST,
    )


def _question(study: Study, demographic: str, default: str) -> tuple[str, str]:
    """The demographic, and the answer at which its question stands."""
    stated = {n: f.default for n, f in study.codebook.demographics.items() if f.default}
    if demographic:
        check_one_of("the demographic", demographic, study.demographics)
    elif stated:
        demographic = next(iter(stated))
    start = default or stated.get(demographic, "")
    if not start:
        raise InputError(
            "no question is stated to stand at an answer until it is moved; name 'default', or "
            "state it of the demographic in the codebook"
        )
    check_one_of(f"the level of '{demographic}'", start, study.levels(demographic))
    return demographic, start


def _levels(fit: Fit, term: str) -> Levels:
    """The effects of all levels of a demographic."""
    data = fit.design.data
    names = tuple(map(str, data[term].cat.categories))
    place = {c.parts: k for k, c in enumerate(fit.coefficients) if not c.changes}
    rows = np.zeros((len(names), len(fit.params)))
    for k, name in enumerate(names[1:], 1):
        rows[k, place[((term, name),)]] = 1.0
    raters = data.groupby(term, observed=False)["rater"].nunique().reindex(names).to_numpy(float)
    params, vcov = fit.params.to_numpy(), fit.vcov.to_numpy()
    return Levels(names, rows @ params, rows @ vcov @ rows.T, raters)


def _table(
    found: Levels, start: str, other: str, shares: Sequence[float], conf_level: float
) -> pd.DataFrame:
    default, level = found.names.index(start), found.names.index(other)
    z = norm.ppf((1 + conf_level) / 2)
    rows = []
    for share in shares:
        for kind in (EVERYONE, other):
            weight = mixture_weights(found.raters, default, level, share, like_level=kind == other)
            estimate = float(weight @ found.estimates)
            error = float(np.sqrt(weight @ found.vcov @ weight))
            ends = estimate - z * error, estimate + z * error
            rows.append((float(share), kind, estimate, error, *ends))
    columns = ["share", "non_answers", "estimate", "std_error", "conf_low", "conf_high"]
    table = pd.DataFrame(rows, columns=columns)
    named = {"contrast": contrast_label(other, start), "level": other, "reference": start}
    return pd.concat([pd.DataFrame(named, table.index), table], axis=1)


def _sentence(table: pd.DataFrame, term: str, dimension: str, start: str, other: str) -> str:
    first = table[table["share"] == table["share"].min()].iloc[0]
    last = table[table["share"] == table["share"].max()]
    told = [
        f"{minus(f'{row.estimate:.2f} [{row.conf_low:.2f}, {row.conf_high:.2f}]')} if they were "
        f"like {row.non_answers}"
        for row in last.itertuples()
    ]
    clear = table.assign(clear=excludes_zero(table))
    if clear["clear"].nunique() > 1:
        verdict = "Whether the interval leaves out 0 depends on the share."
    else:
        verdict = f"The interval {'leaves out' if clear['clear'].all() else 'holds'} 0 at each."
    recorded = minus(f"{first['estimate']:.2f} [{first['conf_low']:.2f}, {first['conf_high']:.2f}]")
    return (
        f"{dimension}, {other} against {start} raters: {recorded} if {first['share']:.0%} of those "
        f"recorded as {start} gave no answer to {term}; if {last['share'].iloc[0]:.0%} did not, "
        f"{joined(told)}. {verdict}"
    )
