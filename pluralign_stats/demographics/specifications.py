"""The same differences by two or more models, and where these disagree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pluralign_stats.demographics.effects import DemographicEffects
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.ordered_beta import OrderedBetaFit
from pluralign_stats.formatting import in_full
from pluralign_stats.models.marginal import WEIGHTED, marginal_kind
from pluralign_stats.notes import Code, is_about, reworded
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.significance import significant
from pluralign_stats.words import counted, first_up, has, is_are, joined, some

_KEYS = ["dimension", "term", "contrast"]

#: Of a frequentist and a Bayesian model, what only one of them has.
_UNSHARED = ["std_error", "sd", "p_value", "p_adjusted", "prob_positive"]

#: What models of a kind are called.
_PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]

#: Note on further models.
_OTHERS = (
    "Models after the first two are held against the first. GEE and OLS have no random effects: "
    "their errors are robust to raters who rate often, and do not allow for differences between "
    "items. Differences of mean ratings mean the same in all. Weighted OLS has raters count by "
    "their survey weights: where it is far from OLS, it is the weights that decide."
)


def side_by_side(
    first: DemographicEffects, second: DemographicEffects, *others: DemographicEffects
) -> Result:
    """Set the differences of two models beside each other, and of others beside these.

    All are differences of mean ratings between groups, averaged over raters and items, so that
    their numbers compare. The models are said to disagree where one finds a clear difference
    and the other does not, or both find clear ones of opposite sign. Clear is what has an adjusted
    p below the limit; beside a Bayesian model, what has an interval that leaves out 0, in all.

    Parameters
    ----------
    first, second
        Effects of the same study by two models, such as the ordinal and the linear one, or the
        ordinal and the Bayesian one.
    *others
        The same by further models, such as those without random effects (``model="GEE"``,
        ``"linear GEE"``, ``"OLS"`` of `demographic_effects`): whether it is the mixed model that
        decides; by ``"weighted OLS"``, whether the survey weights do. Those that are on a
        dimension the same as one before are left out there.

    Returns
    -------
    Result
        One row per contrast and model: columns dimension, term, contrast, model (what they are:
        "ordinal", "linear", "ordered beta"; "frequentist", "Bayesian"; "ordinal GEE", "linear GEE",
        "OLS", "weighted OLS"; two of a kind: "first", "second", and so on), estimate, std_error,
        conf_low, conf_high, p_value, p_adjusted, n_raters, n_ratings, disagree (bool: of the first
        two whether they do, of others whether they do with the first; missing where one of them has
        no estimate), method; beside a Bayesian model without std_error and p.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73, 13-22, and Heagerty & Zeger (1996), Journal of the
    American Statistical Association 91, 1024-1036, for the marginal models; Cameron & Miller
    (2015), Journal of Human Resources 50, 317-372, equation 12, for least squares.

    Examples
    --------
    >>> linear = pls.demographic_effects(study, ["gender"], ["toxicity"], model="linear")
    >>> pls.demographics.side_by_side(effects, linear).table["model"].unique().tolist()
    ['ordinal', 'linear']
    """
    named = _named(first, second, *others)
    credible = any(map(_sampled, (first, second, *others)))
    dropped = ["standardized", "df", *(_UNSHARED if credible else [])]
    tables = [
        result.table.drop(columns=dropped, errors="ignore").assign(model=name)
        for name, result in named.items()
    ]
    same = _same_model(*tables[:2])
    table = pd.concat(tables, ignore_index=True)
    table = table[~table["dimension"].isin(same)]
    kinds = table[["dimension", "method", "model"]].drop_duplicates()
    again = kinds[kinds.duplicated(["dimension", "method"])]
    twice = pd.MultiIndex.from_frame(table[again.columns]).isin(pd.MultiIndex.from_frame(again))
    table = table[~twice].reset_index(drop=True)
    table["disagree"] = _disagree(table, list(named))
    place = table.groupby(_KEYS, sort=False, dropna=False).ngroup()
    table = table.iloc[place.argsort(kind="stable")].reset_index(drop=True)
    meta = replace(
        first.differences.meta,
        title=f"Differences between groups by {'several' if others else 'two'} models",
        interval="intervals of each model" if others else "intervals of either model",
        notes=(
            *_told_by({name: _notes(result, credible) for name, result in named.items()}),
            "Disagree: one model finds a clear difference where the other does not, or of the "
            "opposite sign; missing where only one of them has an estimate.",
            *([_OTHERS] if others else []),
            *(["Clear: the interval leaves out 0."] if credible else []),
            *([_left_out(same)] if same else []),
        ),
        warnings=_told_by({name: result.warnings for name, result in named.items()}),
    )
    sentence = _left_out(same) if table.empty and same else _sentence(table, named)
    return Result(table[ordered_columns(table)], sentence, meta, figure=FOREST)


def _named(*effects: DemographicEffects) -> dict[str, Result]:
    """The differences of all models by what sets these apart."""
    credible = any(map(_sampled, effects))
    names = [_name(each, credible) for each in effects]
    if len(set(names)) < len(names):
        names = _PLACES[: len(names)]
    return dict(zip(names, (each.differences for each in effects), strict=True))


def _name(effects: DemographicEffects, credible: bool) -> str:
    """What a model is called, beside a Bayesian one if `credible`."""
    kinds = {marginal_kind(fit.method) for fit in effects.fits.values()} - {None}
    if kinds:
        return "ordinal GEE" if "ordinal GEE" in kinds else str(*kinds)
    if credible:
        return "Bayesian" if _sampled(effects) else "frequentist"
    if any(isinstance(fit, OrderedBetaFit) for fit in effects.fits.values()):
        return "ordered beta"
    ordered = any(fit.family.ordered for fit in effects.fits.values())
    return "ordinal" if ordered else "linear"


def _disagree(table: pd.DataFrame, names: list[str]) -> pd.Series:
    """Of the first two models whether they disagree, of others whether they do with the first."""
    verdict = table["estimate"].gt(0).map({True: "up", False: "down"})
    verdict = verdict.where(significant(table), "open").where(table["estimate"].notna())
    against = dict.fromkeys(names, names[0]) | {names[0]: names[1]}
    own = pd.MultiIndex.from_frame(table[[*_KEYS, "model"]])
    theirs = pd.MultiIndex.from_frame(table.assign(model=table["model"].map(against))[own.names])
    other = verdict.set_axis(own).reindex(theirs).set_axis(table.index)
    return verdict.ne(other).astype("boolean").where(verdict.notna() & other.notna())


def _sampled(effects: DemographicEffects) -> bool:
    return "prob_positive" in effects.differences.table


def _notes(result: Result, credible: bool) -> list[str]:
    """A model's notes but those on columns that are not shown."""
    unshown = [Code.POSTERIOR_COLUMNS, *([Code.ADJUSTMENT] if credible else [])]
    return [note for note in result.meta.notes if not is_about(note, *unshown)]


def _told_by(texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What both models say, and what only one says as said of it."""
    on: dict[str, list[str]] = {}
    for name, said in texts.items():
        for text in dict.fromkeys(said):
            on.setdefault(text, []).append(name)
    told = []
    for text, names in on.items():
        whose = f"{first_up(joined(names))} model{'s' if len(names) > 1 else ''}"
        everywhere = len(names) == len(texts)
        told.append(text if everywhere else reworded(text, f"{whose}: {text}"))
    return tuple(told)


def _same_model(first: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    """Dimensions on which both effects come from one kind of model."""
    by = ["dimension", "method"]
    return list(first[by].drop_duplicates().merge(second[by].drop_duplicates())["dimension"])


def _left_out(dimensions: list[str]) -> str:
    return (
        f"Nothing is compared on {joined(dimensions)}, where both models are the same: ratings "
        "there are numbers, for which there is no ordinal model."
    )


def _sentence(table: pd.DataFrame, named: Mapping[str, Result]) -> str:
    pair = table[table["model"].isin([*named][:2])]
    compared = pair[pair["disagree"].notna()]
    if compared.empty:
        told = {name: result.sentence.rstrip(".") for name, result in named.items()}
        each = [f"{name}: {text}" for name, text in told.items()]
        why = "; ".join(each if len(set(told.values())) > 1 else set(told.values()))
        return f"No difference has an estimate by both models, so nothing is compared. {why}."
    first, second, *others = named
    further = _of_others(table, first, others)
    wide = compared.pivot(index=_KEYS, columns="model", values="estimate")
    gaps = (wide[first] - wide[second]).abs()
    n, differ = len(gaps), compared[compared["disagree"]].drop_duplicates(_KEYS)
    size = f"{gaps.max():{in_full('.2f', gaps.max())}} rating points"
    gap = f"the largest gap between their estimates is {size}"
    apart = gap if n > 1 else f"their estimates lie {size} apart"
    lost = pair[pair["disagree"].isna()].drop_duplicates(_KEYS)
    alone = f" {counted(len(lost), 'difference')} more {has(len(lost))} no estimate by one of them."
    apart += f".{alone if len(lost) else ''}"
    both = f"The {first} and the {second} model"
    if differ.empty:
        clear = int(significant(compared[compared["model"] == first]).sum())
        which = (
            f"which of {n} differences are clear ({clear or 'none'} {is_are(clear)})"
            if n > 1
            else f"whether the one difference is clear (it is{'' if clear else ' not'})"
        )
        how = "" if "p_adjusted" in table else ", each by its interval,"
        return f"{both} agree{how} on {which}; {apart}{further}"
    shown = some(f"{row.term}: {row.contrast} on {row.dimension}" for row in differ.itertuples())
    are = f"{len(differ)} of {counted(n, 'difference')} {is_are(len(differ))} clear"
    return f"{both} disagree on whether {are} ({shown}); {apart}{further}"


def _of_others(table: pd.DataFrame, first: str, others: Sequence[str]) -> str:
    """How further models stand to the first."""
    rows = table[table["model"].isin(others) & table["disagree"].notna()]
    if rows.empty:
        return ""
    own = table[table["model"] == first].set_index(_KEYS)["estimate"]
    theirs = rows.set_index(_KEYS)["estimate"]
    gap = (theirs - own.reindex(theirs.index)).abs().max()
    n, differ = len(rows.drop_duplicates(_KEYS)), rows[rows["disagree"]].drop_duplicates(_KEYS)
    names = joined(list(dict.fromkeys(rows["model"])))
    size = f"{gap:{in_full('.2f', gap)}} rating points"
    far = f"their estimates lie at most {size} from those of the {first} model."
    far += _of_weights(table)
    if differ.empty:
        return f" By {names} the same is clear as by the {first} model; {far}"
    shown = some(f"{row.term}: {row.contrast} on {row.dimension}" for row in differ.itertuples())
    are = f"{len(differ)} of {counted(n, 'difference')} {is_are(len(differ))}"
    judged = f"judged otherwise than by the {first} model ({shown})"
    return f" By one or more of {names}, {are} {judged}; {far}"


def _of_weights(table: pd.DataFrame) -> str:
    """What survey weights change in least squares; empty where there are none."""
    clear = significant(table)
    by = {m: table[table["model"] == m].set_index(_KEYS)["estimate"] for m in ("OLS", WEIGHTED)}
    told = {m: clear[table["model"] == m].to_numpy() for m in by}
    if any(own.empty for own in by.values()) or not by["OLS"].index.equals(by[WEIGHTED].index):
        return ""
    gap, n = (by["OLS"] - by[WEIGHTED]).abs().max(), len(by["OLS"])
    changed = int((told["OLS"] != told[WEIGHTED]).sum())
    return (
        f" Survey weights move estimates of least squares by up to {gap:.2f} rating points, and "
        f"change for {changed} of {counted(n, 'difference')} whether it is clear."
    )
