"""A study that is planned: its size, the group in it, and how ratings are spread."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from math import exp, isfinite, log1p
from typing import Any, ClassVar

import numpy as np

from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, one_of
from pluralign_stats.simulate.margins import mean_rating
from pluralign_stats.simulate.parameters import ITEM_SD, RATER_SD, THRESHOLDS
from pluralign_stats.study.study import Study

#: The dimension of the simulated study whose ratings are planned with unless another is named.
DIMENSION = "toxicity"

#: Fewest raters on either side of a comparison, and fewest items.
FEWEST_RATERS, FEWEST_ITEMS = 2, 5

#: Largest spread of raters or items that is taken for one, in logits.
LARGEST_SD = 10.0


@dataclass(frozen=True)
class StudyDesign:
    """A planned study in which one group of raters is compared with all others.

    Items are drawn at random for each rater, some of them more often than others, as in the
    simulated study; ratings come from a cumulative logit model with raters and items that differ
    by chance.

    Attributes
    ----------
    raters, items
        How many of each, at least 4 and 5.
    ratings_per_rater
        How many items each rater rates, all different.
    share
        Share of the raters that are in the group; rounded to whole raters.
    percent
        What the group does to the odds of a higher rating, in percent: −18 stands for
        ``log(0.82)`` on the logit scale.
    thresholds
        Between neighbouring ratings, increasing, in logits; they apply to those not in the group.
    rater_sd, item_sd
        Standard deviations of raters and of items, in logits.
    points
        Rating points from one part of the scale to the next, where ratings on a scale of many are
        planned with in parts; None where each rating is a category.
    source
        Where thresholds and standard deviations come from, for readers.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> design = pls.planning.StudyDesign(raters=100, items=20, ratings_per_rater=3)
    >>> design.n_ratings, design.group_raters
    (300, 12)
    """

    raters: int
    items: int
    ratings_per_rater: int
    share: float = 0.12
    percent: float = -18.0
    thresholds: tuple[float, ...] = THRESHOLDS[DIMENSION]
    rater_sd: float = RATER_SD[DIMENSION]
    item_sd: float = ITEM_SD[DIMENSION]
    points: float | None = None
    source: str = f"simulated study, {DIMENSION}"

    #: What tables of planned studies say of their data; see `Metadata`.
    data_kind: ClassVar[str] = "simulated"
    data_note: ClassVar[str] = "simulated studies"

    def __post_init__(self) -> None:
        """Check every number, and keep them as plain ones."""
        self._keep("raters", _whole("raters", self.raters, 2 * FEWEST_RATERS))
        self._keep("items", _whole("items", self.items, FEWEST_ITEMS))
        self._keep("ratings_per_rater", _whole("ratings_per_rater", self.ratings_per_rater, 1))
        if self.ratings_per_rater > self.items:
            raise InputError(
                f"'ratings_per_rater' must be at most the number of items, {self.items}, not "
                f"{self.ratings_per_rater}: nobody rates an item twice"
            )
        self._keep("share", _between("share", self.share, 0, 1))
        self._keep("percent", _between("percent", self.percent, -100, float("inf")))
        if not FEWEST_RATERS <= self.group_raters <= self.raters - FEWEST_RATERS:
            raise InputError(
                f"a share of {self.share:g} of {self.raters} raters is {self.group_raters}; there "
                f"must be {FEWEST_RATERS} raters or more in the group and beside it"
            )
        cuts = tuple(float(cut) for cut in self.thresholds)
        if not cuts or not all(map(isfinite, cuts)) or (np.diff(cuts) <= 0).any():
            raise InputError(f"'thresholds' must be increasing numbers, not {cuts}")
        self._keep("thresholds", cuts)
        for name in ("rater_sd", "item_sd"):
            sd = getattr(self, name)
            if sd != 0:
                _between(name, sd, 0, LARGEST_SD)
            self._keep(name, float(sd))
        if self.points is not None:
            self._keep("points", _between("points", self.points, 0, float("inf")))

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def effect(self) -> float:
        """What the group does to a rating, in logits."""
        return log1p(self.percent / 100)

    @property
    def mean_difference(self) -> float:
        """What the group does to the mean rating, over all raters and items, in rating points."""
        cuts, sd = np.array(self.thresholds), float(np.hypot(self.rater_sd, self.item_sd))
        others, group = mean_rating(np.array([0.0, self.effect]), cuts, sd)
        return float(group - others) * (self.points or 1)

    @property
    def group_raters(self) -> int:
        """How many raters are in the group."""
        return round(self.share * self.raters)

    @property
    def n_ratings(self) -> int:
        """How many ratings there are in all."""
        return self.raters * self.ratings_per_rater

    @property
    def label(self) -> str:
        """The design in a few words."""
        return (
            f"{self.raters:,} raters, {self.items:,} items, {self.ratings_per_rater} ratings each, "
            f"share {self.share:g}, {self.percent:+.4g} %".replace("-", "−")
        )

    def numbers(self) -> dict[str, Any]:
        """All that the simulated ratings depend on, as plain values."""
        numbers = asdict(self)
        del numbers["source"]
        if self.points is None:
            del numbers["points"]
        return numbers

    def of_effect(self, effect: float) -> "StudyDesign":
        """The same design with another effect, in logits."""
        return replace(self, percent=100 * (exp(effect) - 1))

    def grid(self, values: Mapping[str, Iterable[Any]]) -> list["StudyDesign"]:
        """All combinations of some values.

        Parameters
        ----------
        values
            Of numbers of the design by name, such as ``{"raters": [500, 1000]}``.

        Raises
        ------
        InputError
            If a name is not one of a design, or a value cannot be used.
        """
        known = tuple(name for name in self.numbers() if name != "points")
        for name in values:
            check_one_of("a number of a design", name, known)
        chosen = product(*(tuple(dict.fromkeys(given)) for given in values.values()))
        return [replace(self, **dict(zip(values, each, strict=True))) for each in chosen]


def design_from(
    study: Study | None = None,
    dimension: str = "",
    *,
    raters: int | None = None,
    items: int | None = None,
    ratings_per_rater: int | None = None,
    share: float = 0.12,
    percent: float = -18.0,
) -> StudyDesign:
    """Plan with the thresholds and the spread of raters and items of an earlier study.

    They are those of an ordinal model of the study's ratings without demographics, so that what
    demographics explain is part of the spread of raters. A scale of more than 15 ratings, or a
    continuous one, is cut into parts of equal width for it, and `power` analyses such studies by
    the linear model.

    Parameters
    ----------
    study
        Ratings to plan with, such as those of a pilot; by default the documented numbers of the
        simulated study.
    dimension
        On which to plan; by default the first of the study, and toxicity without one.
    raters, items, ratings_per_rater
        By default as many as in the study, and as in the published one (1,095, 200, 5) without.
    share, percent
        As for `StudyDesign`.

    Returns
    -------
    StudyDesign
        With thresholds and spreads on the latent logit scale.

    Raises
    ------
    InputError
        If the study has no such dimension, its model cannot be fitted or is no use, or a number
        is out of range.

    Examples
    --------
    >>> pls.planning.design_from(study, "toxicity", raters=400).raters
    400
    """
    if study is None:
        if dimension and dimension not in THRESHOLDS:
            raise InputError(one_of("the dimension", dimension, THRESHOLDS))
        name = dimension or DIMENSION
        size = {"raters": 1095, "items": 200, "ratings_per_rater": 5}
        sds = {"rater_sd": RATER_SD[name], "item_sd": ITEM_SD[name]}
        found: dict[str, Any] = {**size, "thresholds": THRESHOLDS[name], **sds}
        source = f"simulated study, {name}"
    else:
        if dimension and dimension not in study.dimensions:
            raise InputError(one_of("the dimension", dimension, study.dimensions))
        name = dimension or study.dimensions[0]
        found = _fitted(study, name)
        scale = study.codebook.dimensions[name].scale
        cut = "" if scale.categorical else f", in {len(scale.shown()[1])} equal parts of its scale"
        source = f"{study.title}, {study.codebook.label(name)}{cut}"
    sizes = {"raters": raters, "items": items, "ratings_per_rater": ratings_per_rater}
    found |= {size: n for size, n in sizes.items() if n is not None}
    return StudyDesign(**found, share=share, percent=percent, source=source)


def _fitted(study: Study, dimension: str) -> dict[str, Any]:
    """Size of a study, and what its ratings say of thresholds and spread, as of `StudyDesign`."""
    from pluralign_stats.demographics.plans import given_ratings
    from pluralign_stats.fits.ordinal import fit_ordinal

    data = given_ratings(study, dimension)
    label = study.codebook.label(dimension)
    scale, points = study.codebook.dimensions[dimension].scale, None
    if not scale.categorical:
        starts, _ = scale.shown()
        points = (scale.high - scale.low) / (len(starts) + 1)
        data = data.assign(rating=np.searchsorted(starts, data["rating"], side="right"))
    try:
        fit = fit_ordinal("rating ~ 1 + (1|rater) + (1|item)", data[["rating", "rater", "item"]])
    except InputError as error:
        raise NotApplicableError(
            f"{label}: these ratings cannot be planned with: {error}"
        ) from None
    if not fit.converged:
        raise NotApplicableError(
            f"{label}: the model of these ratings was not found ({' '.join(fit.warnings)}); plan "
            "with another dimension or study"
        )
    n_raters, sd = data["rater"].nunique(), fit.random_sd
    return {
        "raters": n_raters,
        "items": data["item"].nunique(),
        "ratings_per_rater": round(len(data) / n_raters),
        "thresholds": tuple(fit.thresholds),
        "rater_sd": float(sd["rater"]),
        "item_sd": float(sd["item"]),
        "points": points,
    }


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"'{name}' must be a whole number of {least} or more, not {value!r}")
    return int(value)


def _between(name: str, value: object, low: float, high: float) -> float:
    good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not good or not low < float(value) < high:  # type: ignore[arg-type]
        limits = f"above {low:g}" + (f" and below {high:g}" if isfinite(high) else "")
        raise InputError(f"'{name}' must be a number {limits}, not {value!r}")
    return float(value)  # type: ignore[arg-type]
