"""The power of planned studies, by simulation, and the smallest that has enough."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import POWER
from pluralign_stats.formatting import minus
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import Model, true_effect
from pluralign_stats.planning.run import ALPHA, model_of, several, simulate_designs, summarize
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.words import counted, joined

#: What tables say of the model that each simulated study is analysed with.
METHODS = {
    "ordinal": "cumulative logit mixed model, Laplace, (1|rater), (1|item), Wald",
    "linear": "linear mixed model, REML, (1|rater), (1|item), Satterthwaite",
}

_COLUMNS = ["raters", "items", "ratings_per_rater", "n_ratings", "share", "n_group", "percent"]
_COLUMNS += ["power", "conf_low", "conf_high", "type_s", "type_m", "coverage", "n_simulations"]
_COLUMNS += ["n_found", "n_failed", "method"]

#: Numbers of a design that are compared with one another; the raters are what each costs.
BESIDES = ["ratings_per_rater", "items", "share", "percent"]


def power(
    designs: StudyDesign | Iterable[StudyDesign],
    *,
    n_simulations: int = 200,
    seed: int = 1,
    model: Model | Literal["auto"] = "auto",
    jobs: int | None = None,
    cache: str | Path = "",
    progress: bool = True,
) -> Result:
    """Simulate planned studies and count in how many the group's difference is found.

    Each simulated study is drawn anew, raters, items and ratings, and analysed by the mixed model
    that real ratings are analysed with; the difference is found if its p-value is below 1 minus
    the level of intervals.

    Parameters
    ----------
    designs
        One planned study or several; see `StudyDesign.grid` for all combinations of some numbers.
    n_simulations
        Studies to simulate of each.
    seed
        Equal seeds give equal results, however many jobs there are, and the first simulations of
        a longer call are those of a shorter one.
    model
        ``"ordinal"`` or ``"linear"``: the model of the analysis; ``"auto"``: the linear one where a
        scale of many ratings is planned with in parts, else the ordinal one. Ratings are drawn
        from the ordinal one either way.
    jobs
        Processes at work side by side; by default as many as there are cores.
    cache
        Folder that keeps simulations as they come, so that an interrupted call goes on where it
        was, and a repeated one is done at once; empty to keep none.
    progress
        Whether to show on standard error how far the work is.

    Returns
    -------
    Result
        One row per design: columns raters, items, ratings_per_rater, n_ratings, share, n_group
        (raters in the group), percent, power with its Monte Carlo interval conf_low and
        conf_high, type_s, type_m, coverage, n_simulations, n_found, n_failed, method.

    Raises
    ------
    InputError
        If an argument is out of range or the folder cannot be used.

    Notes
    -----
    Type S is the share of found differences with the wrong sign, type M the factor by which found
    differences exaggerate the true one on average.

    References
    ----------
    Gelman & Carlin (2014), Perspectives on Psychological Science 9, 641-651, for types S and M;
    Wilson (1927), Journal of the American Statistical Association 22, 209-212, for the
    intervals.

    Examples
    --------
    >>> design = pls.planning.StudyDesign(raters=100, items=20, ratings_per_rater=3, percent=-60)
    >>> planned = pls.power(design, n_simulations=20, jobs=1, progress=False)
    >>> planned.table[["raters", "n_ratings", "n_simulations"]].values.tolist()
    [[100, 300, 20]]
    """
    planned = several(designs)
    fitted = model_of(planned, model)
    found = simulate_designs(
        planned,
        n_simulations=n_simulations,
        seed=seed,
        model=fitted,
        jobs=jobs,
        cache=cache,
        progress=progress,
    )
    rows = [
        {
            **size_of(design),
            "percent": design.percent,
            **asdict(summarize(found[design], true_effect(design, fitted))),
        }
        for design in planned
    ]
    table = pd.DataFrame(rows).assign(method=METHODS[fitted])[_COLUMNS]
    return Result.of(
        planned[0],
        table,
        _sentence(table),
        "Power of planned studies",
        conf_level=CONF_LEVEL,
        interval="Wilson intervals of the Monte Carlo error",
        notes=(*describe_designs(planned), *_NOTES),
        warnings=(
            *failures(int(table["n_failed"].sum()), int(table["n_simulations"].sum())),
            *single_ratings(planned),
        ),
        figure=POWER,
    )


#: How to read the columns.
_NOTES = (
    f"Power: share of simulated studies whose test of the group has p below {ALPHA:g}.",
    "Type S: share of found differences with the wrong sign. Type M: how many times larger than "
    "the true difference the found ones are on average. Coverage: share of intervals that hold "
    "the true difference.",
)


def size_of(design: StudyDesign) -> dict[str, float]:
    """How large a study is, as columns."""
    return {
        "raters": design.raters,
        "items": design.items,
        "ratings_per_rater": design.ratings_per_rater,
        "n_ratings": design.n_ratings,
        "share": design.share,
        "n_group": design.group_raters,
    }


def describe_designs(designs: Sequence[StudyDesign]) -> tuple[str, ...]:
    """What ratings are drawn with, in words."""
    spread = {
        f"Thresholds {', '.join(f'{cut:.2f}' for cut in d.thresholds)}, SD of raters "
        f"{d.rater_sd:.2f} and of items {d.item_sd:.2f}, in logits: {d.source}."
        for d in designs
    }
    reading = "Percent: change of the odds of a higher rating (odds reading)."
    return (reading, *(minus(text) for text in sorted(spread)))


def failures(n_failed: int, n: int) -> tuple[str, ...]:
    """A warning if fits failed."""
    if not n_failed:
        return ()
    return (f"{n_failed} of {n} fits failed; they count as studies that found nothing.",)


def single_ratings(designs: Sequence[StudyDesign]) -> tuple[str, ...]:
    """A warning if raters rate a single item."""
    if all(design.ratings_per_rater > 1 for design in designs):
        return ()
    return (
        "With one rating per rater nothing tells a rater's leaning from the chance in a rating, so "
        "that estimates and intervals of such studies are unreliable; plan with two or more.",
    )


def smallest_design(result: Result, power: float = 0.8) -> Result:
    """Name the smallest of the designs tried that has enough power, and what it costs.

    Parameters
    ----------
    result
        What `pluralign_stats.power` gave.
    power
        What is enough, between 0 and 1.

    Returns
    -------
    Result
        For each number of ratings per rater, of items, share and percent, the fewest raters that
        reach the power, where some do: the columns of `power`, and ``sure``: whether the whole
        Monte Carlo interval reaches it.

    Raises
    ------
    InputError
        If the table is another one, or `power` is out of range.

    Examples
    --------
    >>> design = pls.planning.StudyDesign(raters=100, items=20, ratings_per_rater=3, percent=-80)
    >>> grid = design.grid({"raters": [50, 100]})
    >>> planned = pls.power(grid, n_simulations=20, jobs=1, progress=False)
    >>> pls.planning.smallest_design(planned, 0.5).table["raters"].tolist()
    [50]
    """
    check_target(power)
    table = result.table
    if not set(_COLUMNS) <= set(table):
        raise InputError("'result' must be what pls.power gave")
    enough = table[table["power"] >= power].sort_values(["raters", "n_ratings"], kind="stable")
    least = enough.drop_duplicates(BESIDES).reset_index(drop=True)
    least.insert(len(least.columns) - 1, "sure", least["conf_low"] >= power)
    title = f"Fewest raters that reach {power:.0%} power"
    notes = (
        "Of the designs tried only. Sure: whether the whole Monte Carlo interval reaches it.",
        *result.meta.notes,
    )
    meta = replace(result.meta, title=title, notes=notes)
    return Result(least, _smallest_sentence(table, least, power), meta, figure=POWER)


def check_target(power: object) -> None:
    """Refuse a power that is not between 0 and 1."""
    if not isinstance(power, int | float) or not ALPHA < power < 1:
        raise InputError(
            f"'power' must be a number between {ALPHA:g} and 1, such as 0.8, not {power!r}"
        )


def _sentence(table: pd.DataFrame) -> str:
    if (table["n_failed"] == table["n_simulations"]).all():
        return "No model could be fitted to any simulated study, so nothing is known of power."
    least, most = table.loc[table["power"].idxmin()], table.loc[table["power"].idxmax()]
    if len(table) == 1:
        told = f"{in_words(most)} finds a difference of {_signed(most)} with {_power(most)} power"
        return f"A study of {told}{_exaggeration(most)}."
    differences = joined(_signed(row) for _, row in table.drop_duplicates("percent").iterrows())
    if least["conf_high"] >= most["conf_low"]:
        return (
            f"Power to find a difference of {differences} is {_power(least)} to {_power(most)}: "
            f"with {counted(int(table['n_simulations'].min()), 'simulated study')} each, designs "
            "cannot be told apart by it; simulate more."
        )
    return (
        f"Power to find a difference of {differences} goes from {_power(least)} with "
        f"{in_words(least)} to {_power(most)} with {in_words(most)}."
    )


def _smallest_sentence(table: pd.DataFrame, least: pd.DataFrame, power: float) -> str:
    if least.empty:
        best = table.loc[table["power"].idxmax()]
        the = "the best" if len(table) > 1 else "the only one"
        open_ = best["conf_high"] >= power
        advice = "simulate more, or try more raters" if open_ else "try more raters"
        return (
            f"No design tried finds a difference of {_signed(best)} with {power:.0%} power; {the}, "
            f"{in_words(best)}, has {_power(best)}: {advice}."
        )
    first = least.iloc[0]
    costs = f"costs {in_words(first, 'participant')}; its power is {_power(first)}"
    smallest = f"The smallest design tried that finds a difference of {_signed(first)} with"
    if first["sure"]:
        return f"{smallest} {power:.0%} power {costs}."
    sure = table[table["conf_low"] >= power].sort_values(["raters", "n_ratings"], kind="stable")
    least_sure = (
        f"the smallest that surely does costs {in_words(sure.iloc[0], 'participant')}"
        if len(sure)
        else "none of those tried surely does"
    )
    studies = counted(int(first["n_simulations"]), "simulated study")
    return (
        f"{smallest} {power:.0%} power in {studies} {costs}, so that it may fall short of it; "
        f"{least_sure}; more simulations would tell."
    )


def in_words(row: pd.Series, rater: str = "rater") -> str:
    """A design in words."""
    return (
        f"{counted(row['raters'], rater)}, {row['n_group']:,} of them in the group, with "
        f"{counted(row['ratings_per_rater'], 'rating')} each of {counted(row['items'], 'item')} "
        f"({counted(row['n_ratings'], 'rating')})"
    )


def _power(row: pd.Series) -> str:
    return f"{row['power']:.0%} [{row['conf_low']:.0%}, {row['conf_high']:.0%}]"


def _signed(row: pd.Series) -> str:
    return minus(f"{row['percent']:+.4g} %")


def _exaggeration(row: pd.Series) -> str:
    if pd.isna(row["type_m"]):
        return ""
    return f"; differences that are found are {row['type_m']:.1f} times the true one on average"
