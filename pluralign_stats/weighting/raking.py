"""Raking: weights with which a sample has the margins of a population."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.study import Study
from pluralign_stats.study.weights import WEIGHT
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.weighting.fitting import Fitted, design_effect, fit_weights
from pluralign_stats.weighting.margins import Margin, read_margins
from pluralign_stats.words import joined

#: What the row of all raters is called.
EVERYONE = "All raters"

_COLUMNS = ["term", "group", "sample_share", "target_share", "weighted_share", "n_raters"]
_COLUMNS += ["design_effect", "effective_raters"]


@dataclass(frozen=True, eq=False, repr=False)
class RakedWeights:
    """One weight for each rater, and what they do to the composition of the sample.

    Attributes
    ----------
    weights
        By rater, with a mean of 1.
    result
        Each level's share in the sample, its target, and its weighted share.
    converged
        Whether all margins are met.
    design_effect
        By how much the weights raise the variance of a mean (Kish): 1 plus their squared
        coefficient of variation.

    Examples
    --------
    >>> raked = pls.weighting.rake(study, {"gender": {"Female": 0.5, "Male": 0.5}})
    >>> float(raked.weights.mean().round(6)), raked.converged
    (1.0, True)
    """

    weights: pd.Series
    result: Result
    converged: bool
    design_effect: float
    _margins: tuple[Margin, ...] = ()
    _base: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def effective_raters(self) -> float:
        """How many raters with equal weights would tell a mean as well."""
        return len(self.weights) / self.design_effect

    def __repr__(self) -> str:
        return repr(self.result)

    def _repr_html_(self) -> str:
        return self.result._repr_html_()


def rake(
    study: Study,
    margins: Mapping[str, object] | pd.DataFrame,
    *,
    trim: float | None = None,
    min_cell: int = MIN_CELL,
) -> RakedWeights:
    """Weight raters so that the levels of demographics have the shares of a population.

    Parameters
    ----------
    study
        The study.
    margins
        By demographic the share of each level in the population, summing to 1. Or a population
        as `poststratify` takes it (a row per cell with ``n`` or ``share``), whose margins are those
        of all the study's demographics that it has a column for.
    trim
        Largest weight, in multiples of the mean weight, such as 5; None for no limit. Margins are
        then met as well as that allows.
    min_cell
        Levels of fewer raters are shown without their share in the sample.

    Returns
    -------
    RakedWeights
        ``weights`` by rater, and a ``result`` with columns term, group, sample_share,
        target_share, weighted_share (each of the raters who have a level with a target), n_raters,
        and in the row of all raters design_effect and effective_raters.

    Raises
    ------
    InputError
        If a margin is of no demographic of the study, its shares do not sum to 1, or no rater has
        one of its levels.

    Notes
    -----
    Raters begin with the weights of their file, if the codebook names any, or else with equal ones.
    Those without an answer, or with a level that has no target, keep their share of the whole:
    they are nobody's kind, and are told of. Margins are met one by one, not in combination; for
    combinations see `poststratify`.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11, 427-444; Kish (1965), Survey
    Sampling, section 11.7.

    Examples
    --------
    >>> raked = pls.weighting.rake(study, pls.example_population())
    >>> raked.result.table["term"].unique().tolist()
    ['Gender', 'Age', 'Country', 'All raters']
    """
    check_min_cell(min_cell)
    if trim is not None and not 1 < trim < np.inf:
        raise InputError(f"trim must be a number above 1 (the mean weight), such as 5, not {trim}")
    own = study.raters.get(WEIGHT)
    base = np.ones(len(study.raters)) if own is None else own.to_numpy() / own.mean()
    read = read_margins(study, margins, base)
    codes, targets = zip(*(_whole(margin, base) for margin in read), strict=True)
    fitted = fit_weights(base, codes, targets, trim)
    effect = design_effect(fitted.weights)
    hidden = {margin.name: _hidden(study, margin, min_cell) for margin in read}
    blocks = [_block(study, margin, base, fitted.weights, hidden[margin.name]) for margin in read]
    secret = any(mask.any() for mask in hidden.values())
    blocks.append(_everyone(fitted.weights, secret=secret))
    source = margins.attrs.get("source", "") if isinstance(margins, pd.DataFrame) else ""
    told = [study.codebook.label(margin.name) for margin in read]
    result = Result.of(
        study,
        pd.concat(blocks, ignore_index=True)[_COLUMNS],
        _sentence(told, fitted, effect, secret=secret),
        "Raters raked to a population",
        notes=_notes(study, read, trim, secret=secret, source=source),
        warnings=_warnings(fitted, trim),
        figure=FOREST,
    )
    by_rater = pd.Series(fitted.weights, pd.Index(study.raters["rater"]), name="weight")
    return RakedWeights(by_rater, result, fitted.converged, effect, tuple(read), base)


def _whole(margin: Margin, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and shares of all raters: those outside of the margin are one more level."""
    rest = margin.rest
    if not rest.any():
        return margin.code, margin.target.to_numpy()
    left = base[rest].sum() / base.sum()
    code = np.where(rest, len(margin.target), margin.code)
    return code, np.append(margin.target.to_numpy() * (1 - left), left)


def _hidden(study: Study, margin: Margin, min_cell: int) -> np.ndarray:
    """(k,) which levels show no share of the sample; none does where answers are few or silent."""
    plan = study.plan(margin.name, min_cell)
    hidden = plan.hidden.reindex(margin.target.index).to_numpy(dtype=bool)
    # Shares among those who answered tell how many did not.
    silent = plan.hidden[plan.hidden.index.isin([*SILENT.values()])].any()
    return np.ones_like(hidden) if silent or (margin.rest.any() and hidden.any()) else hidden


def _block(
    study: Study, margin: Margin, base: np.ndarray, weights: np.ndarray, hidden: np.ndarray
) -> pd.DataFrame:
    """Rows of one demographic."""
    inside, k = ~margin.rest, len(margin.target)
    code = margin.code[inside]
    sample, weighted = (np.bincount(code, w[inside], k) for w in (base, weights))
    raters = np.bincount(code, minlength=k)
    return pd.DataFrame(
        {
            "term": study.codebook.label(margin.name),
            "group": margin.target.index.astype(str),
            "sample_share": np.where(hidden, np.nan, sample / sample.sum()),
            "target_share": margin.target.to_numpy(),
            "weighted_share": weighted / weighted.sum(),
            "n_raters": np.where(hidden, np.nan, raters),
            "design_effect": np.nan,
            "effective_raters": np.nan,
        }
    )


def _everyone(weights: np.ndarray, *, secret: bool) -> pd.DataFrame:
    """The row of all raters."""
    effect = np.nan if secret else design_effect(weights)
    row = {"term": EVERYONE, "group": EVERYONE, "n_raters": len(weights), "design_effect": effect}
    shares = dict.fromkeys(("sample_share", "target_share", "weighted_share"), np.nan)
    return pd.DataFrame([{**row, **shares, "effective_raters": len(weights) / effect}])


def _sentence(told: Sequence[str], fitted: Fitted, effect: float, *, secret: bool) -> str:
    n = len(fitted.weights)
    met = "meet" if fitted.converged else "come near"
    start = f"The weights {met} the population's shares of {joined(told)}"
    if secret:
        return f"{start}; their design effect is withheld."
    return f"{start}; their design effect is {effect:.2f}, so that {n:,} raters tell a mean as " + (
        f"well as {n / effect:,.0f} with equal weights would."
    )


def _notes(
    study: Study, margins: Sequence[Margin], trim: float | None, *, secret: bool, source: str
) -> list[str]:
    """What a reader has to know of the weights."""
    told = [
        "Shares are of the raters who have a level with a target. Margins are met one by one, not "
        "in combination."
    ]
    for margin in margins:
        if margin.rest.any():
            label = study.codebook.label(margin.name)
            others = [v for v in study.levels(margin.name) if v not in margin.target.index]
            who = "without an answer" + (f", or who are {joined(others)}," if others else "")
            told.append(f"{label}: raters {who} have no target and keep their share of the whole.")
    if trim is not None:
        told.append(f"No weight is above {trim:g} times the mean.")
    if secret:
        told.append(
            "A dash stands for groups of few raters, and for others that would tell their number, "
            "as the design effect would; 'design_effect' of the weights has it all the same."
        )
    return [*told, f"Population: {source}." if source else ""]


def _warnings(fitted: Fitted, trim: float | None) -> tuple[str, ...]:
    if fitted.converged:
        return ()
    why = (
        "weights as large as the margins need are cut by 'trim': raise it, or merge small levels"
        if trim is not None
        else "no weights meet all margins together: merge small levels, or rake to fewer margins"
    )
    return (
        f"After {fitted.n_cycles:,} cycles a weighted share is {fitted.gap:.2%} of all raters away "
        f"from its target; {why}.",
    )
