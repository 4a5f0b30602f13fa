"""Choices of raters as the arrays that models of them take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.choices.compared import compared
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, listing
from pluralign_stats.models.comparisons import Comparisons, components
from pluralign_stats.models.plackett_luce import ChoiceSets

#: Most options whose strengths are estimated one by one.
MOST_OPTIONS = 300


@dataclass(frozen=True, eq=False)
class ChoiceRows:
    """The choices that a model uses.

    Attributes
    ----------
    options
        Names of the S options, or systems, that have strengths; none where only responses have.
    levels
        Demographics whose levels may differ in their strengths, with these, the reference first.
    kept
        (choices,) which choices are used.
    covariates
        (choices, c) covariates of their raters: 1, and for each level but the reference whether the
        rater is of it.
    rater
        (choices,) number of the rater.
    raters
        Raters who are used, with their demographics.
    code, response
        (rows of options,) number of the option, and of the single response.
    weight
        (choices,) weights.
    """

    choices: Choices
    options: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    kept: np.ndarray
    covariates: np.ndarray
    rater: np.ndarray
    raters: pd.DataFrame
    code: np.ndarray
    response: np.ndarray
    weight: np.ndarray

    @property
    def n_dropped(self) -> int:
        """Choices left out as their rater has no level of a demographic."""
        return int((~self.kept).sum())

    @property
    def ordered(self) -> bool:
        """Whether it is known of every option at which place it was shown."""
        return bool(self.choices.options["position"].notna().all())

    def compared_responses(self) -> np.ndarray:
        """Numbers of the responses that comparisons are between, rising."""
        at = compared(self.choices.options)
        used = self.kept[self.choices.options["choice"].to_numpy()[at.first]]
        return np.unique(self.response[np.concatenate([at.first[used], at.second[used]])])

    def comparisons(self, *, responses: bool) -> Comparisons:
        """What the choices say of each two options."""
        options = self.choices.options
        at = compared(options)
        choice = options["choice"].to_numpy()[at.first]
        used = self.kept[choice]
        first, second, choice = at.first[used], at.second[used], choice[used]
        single = np.column_stack([self.response[first], self.response[second]])
        none = np.zeros((len(first), 0), dtype=int)
        return Comparisons(
            self.code[first],
            self.code[second],
            at.outcome[used],
            self.weight[choice],
            self.covariates[choice],
            self.rater[choice],
            np.unique(single, return_inverse=True)[1].reshape(single.shape) if responses else none,
        )

    def sets(self) -> ChoiceSets:
        """The choices among several, one after the other: the best, then the best of the rest."""
        options = self.choices.options
        options = options.assign(code=self.code)[self.kept[options["choice"].to_numpy()]]
        place = options["position"].to_numpy(dtype=float)
        rank = options["rank"].to_numpy(dtype=float)
        choice = np.unique(options["choice"], return_inverse=True)[1]
        order = np.lexsort((np.nan_to_num(rank, nan=np.inf), choice))
        exploded = _exploded(choice[order], rank[order])
        rows = order[exploded.row]
        first = place[rows] == pd.Series(place).groupby(choice).transform("min").to_numpy()[rows]
        at = np.flatnonzero(self.kept)[choice[rows]][exploded.starts]
        return ChoiceSets(
            exploded.stage,
            options["code"].to_numpy()[rows],
            exploded.chosen,
            first,
            self.weight[at],
            self.covariates[at],
            self.rater[at],
            self.response[self.kept[self.choices.options["choice"].to_numpy()]][rows],
        )


@dataclass(frozen=True, eq=False)
class _Exploded:
    """Stages of rankings: row, stage and whether chosen (m,), and where each stage starts (K,)."""

    row: np.ndarray
    stage: np.ndarray
    chosen: np.ndarray
    starts: np.ndarray


def _exploded(choice: np.ndarray, rank: np.ndarray) -> _Exploded:
    """Explode rankings; rows are sorted by choice, then by rank, those without one last."""
    new = np.r_[True, choice[1:] != choice[:-1]]
    ranked = ~np.isnan(rank)
    step = new | (ranked & (rank != np.r_[np.nan, rank[:-1]]))
    level = np.cumsum(step) - np.cumsum(step)[new][choice]
    n_stages = np.zeros(choice[-1] + 1, dtype=int)
    np.maximum.at(n_stages, choice[ranked], level[ranked] + 1)
    level = np.where(ranked, level, n_stages[choice])
    times = np.minimum(level + 1, n_stages[choice])
    row = np.repeat(np.arange(len(choice)), times)
    within = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    first = np.concatenate([[0], np.cumsum(n_stages)[:-1]])
    stage = first[choice[row]] + within
    size = np.bincount(stage)
    stay = size[stage] > 1
    row, stage, chosen = row[stay], stage[stay], level[row[stay]] == within[stay]
    again = np.argsort(stage, kind="stable")
    stage = np.unique(stage[again], return_inverse=True)[1]
    starts = np.flatnonzero(np.r_[True, np.diff(stage) != 0])
    return _Exploded(row[again], stage, chosen[again], starts)


def choice_rows(
    choices: Choices, by: str | Sequence[str] | None, among: str, *, responses: bool
) -> ChoiceRows:
    """Choose the rows and the options that a model of choices uses.

    Raises
    ------
    InputError
        If a demographic is unknown, or there are too many options for strengths of their own.
    """
    if not (by is None or isinstance(by, str | Sequence)):
        raise InputError(f"'by' must be a demographic or several, such as 'gender', not {by!r}")
    names = [by] if isinstance(by, str) else list(by or ())
    for name in names:
        check_one_of("the demographic", name, choices.demographics)
    raters = choices.raters
    people = raters[raters[names].notna().all(axis=1)].reset_index(drop=True)
    used = people.assign(**{n: people[n].cat.remove_unused_categories() for n in names})
    for name in names:
        if used[name].nunique() < 2:
            raise NotApplicableError(
                f"'{name}' has one level only in the choices used; leave it out of 'by'"
            )
    rater = pd.Index(used["rater"]).get_indexer(choices.choices["rater"])
    options, code = _units(choices, among, responses)
    single = choices.options["option"].cat.codes.to_numpy().astype(np.int64)
    prompt = choices.choices["prompt"].cat.codes.to_numpy().astype(np.int64)
    prompt = prompt[choices.options["choice"]]
    weights = choices.choices
    return ChoiceRows(
        choices,
        options,
        {n: tuple(map(str, used[n].cat.categories)) for n in names},
        rater >= 0,
        _covariates(used, names)[rater],
        rater,
        used,
        code,
        prompt * (single.max() + 1) + single,
        weights["weight"].to_numpy(float) if "weight" in weights else np.ones(len(rater)),
    )


def _units(choices: Choices, among: str, responses: bool) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and codes of what has strengths."""
    check_one_of("'among'", among, ("system", "option"))
    if among == "system" and not choices.systems:
        raise InputError(
            "'among' is 'system', but the choices do not say what made each option; name the "
            "columns under 'systems' of 'choices', or take among='option'"
        )
    column = choices.options[among]
    if column.isna().any():
        raise InputError(
            f"{int(column.isna().sum()):,} options have no system; fill them in, or take "
            "among='option'"
        )
    names = tuple(map(str, column.cat.categories))
    if len(names) <= MOST_OPTIONS:
        return names, column.cat.codes.to_numpy().astype(int)
    if not responses:
        raise InputError(
            f"{len(names):,} options are too many for a strength each (at most {MOST_OPTIONS}); "
            "take responses=True for random strengths, or among='system'"
        )
    return (), np.zeros(len(column), dtype=int)


def _covariates(raters: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """(raters, c) 1, and for each level but the reference whether a rater is of it."""
    columns = [np.ones(len(raters))]
    for name in names:
        codes = raters[name].cat.codes.to_numpy()
        columns += [codes == k for k in range(1, len(raters[name].cat.categories))]
    return np.column_stack(columns).astype(float)


def check_connected(
    rows: ChoiceRows, first: np.ndarray, second: np.ndarray, rater: np.ndarray
) -> None:
    """Refuse options of which some were never compared with the others, in a group or in all.

    Parameters
    ----------
    first, second, rater
        (n,) the options of each comparison, and its rater.
    """
    _refuse_apart(rows.options, first, second)
    for name, levels in rows.levels.items():
        code = rows.raters[name].cat.codes.to_numpy()[rater]
        for k, level in enumerate(levels):
            here = code == k
            _refuse_apart(rows.options, first[here], second[here], name, level)


def _refuse_apart(
    options: tuple[str, ...],
    first: np.ndarray,
    second: np.ndarray,
    name: str = "",
    level: str = "",
) -> None:
    part = components(first, second, len(options))
    if part.max(initial=0) == 0:
        return
    inside = [o for o, at in zip(options, part, strict=True) if at == part[0]]
    outside = [o for o, at in zip(options, part, strict=True) if at != part[0]]
    small, rest = sorted((inside, outside), key=len)
    who = f"raters of {name} '{level}' never compared" if name else "no choice compares"
    instead = f", or '{name}' out of 'by'" if name else ""
    raise NotApplicableError(
        f"{who} {listing(small)} with {listing(rest)}, nor through other options, so that nothing "
        f"tells how strong they are beside these; leave options out{instead}"
    )
