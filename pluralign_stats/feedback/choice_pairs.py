"""Preference pairs of choices: raters said which of two responses is better, not how good."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.choices.compared import compared
from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.feedback.choice_recipe import ChoiceRecipe
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.selection import Exclusions
from pluralign_stats.study.text import joined

#: Second number of the seed that draws one rater for each pair.
_DRAW = 5


@dataclass(frozen=True, eq=False)
class Votes:
    """What raters say of p pairs of responses.

    Attributes
    ----------
    pair
        (n,) pair of each comparison.
    says
        (n,) 1 where it prefers the first of the pair, -1 the second, 0 neither.
    weight
        (n,) weights.
    rater
        (n,) number of the rater, by sorted names.
    """

    pair: np.ndarray
    says: np.ndarray
    weight: np.ndarray
    rater: np.ndarray

    def total(self, says: int | None = None, *, counted: bool = False) -> np.ndarray:
        """(p,) summed weight, or number, of the comparisons that say so; of all by default."""
        n = int(self.pair.max(initial=-1)) + 1
        mine = np.ones(len(self.says), bool) if says is None else self.says == says
        weights = np.ones(mine.sum()) if counted else self.weight[mine]
        return np.bincount(self.pair[mine], weights, n)


def response_names(choices: Choices) -> pd.Series:
    """Name of the response of each row of the options: option, or prompt and option.

    An option that was offered to several prompts, such as a system, responds differently to each.
    """
    options = choices.options
    prompt = choices.choices["prompt"].astype(str).to_numpy()[options["choice"]]
    option = options["option"].astype(str)
    frame = pd.DataFrame({"prompt": prompt, "option": option})
    if frame.drop_duplicates()["option"].is_unique:
        return option
    known = frame.drop_duplicates()
    named = known.apply(lambda row: joined([row["prompt"], row["option"]]), axis=1)
    key = pd.MultiIndex.from_frame(known)
    return pd.Series(named.to_numpy()[key.get_indexer(pd.MultiIndex.from_frame(frame))])


def choice_pairs(
    choices: Choices, recipe: ChoiceRecipe, prompts: Collection[str] | None = None
) -> Feedback:
    """Preferences between responses to one prompt; see `preference_pairs`."""
    excluded = Exclusions()
    names = response_names(choices)
    rows = _selected(choices, recipe, prompts, excluded)
    sides = names.to_numpy()[np.column_stack([rows["first"], rows["second"]])]
    turned = sides[:, 0] > sides[:, 1]
    sides = np.sort(sides, axis=1)
    key = pd.DataFrame(
        {"prompt": rows["prompt"], "language": rows["language"], "one": sides[:, 0],
         "other": sides[:, 1]}
    )  # fmt: skip
    pairs = key.drop_duplicates().sort_values([*key], kind="stable")
    pair = pd.MultiIndex.from_frame(pairs).get_indexer(pd.MultiIndex.from_frame(key))
    says = (rows["outcome"].to_numpy() - 1) * np.where(turned, -1, 1)
    rater = pd.factorize(rows["rater"].astype(str), sort=True)[0]
    votes = Votes(pair, says, rows["weight"].to_numpy(float), rater)
    table = _table(pairs.reset_index(drop=True), _preferred(votes, recipe, excluded))
    if table.empty:
        left = excluded.describe() or "there is no comparison"
        raise InputError(
            f"{recipe.name} gives no preference pairs ({left}); choose another strategy or group, "
            "or more prompts"
        )
    return Feedback("pairs", recipe, table, excluded.table())


def _selected(
    choices: Choices,
    recipe: ChoiceRecipe,
    prompts: Collection[str] | None,
    excluded: Exclusions,
) -> pd.DataFrame:
    """The comparisons that a recipe uses: rows of both options, outcome, rater, weight."""
    at = compared(choices.options)
    choice = choices.options["choice"].to_numpy()[at.first]
    about = choices.choices
    place = pd.Index(choices.raters["rater"]).get_indexer(about["rater"])[choice]
    prompt = about["prompt"].astype(str).to_numpy()[choice]
    keep = np.ones(len(choice), bool)
    if prompts is not None:
        keep = excluded.leave_out("comparisons on prompts held out", ~_on(prompt, prompts), keep)
    if recipe.group:
        outside = ~_members(choices, recipe)[place]
        keep = excluded.leave_out("comparisons of raters outside the group", outside, keep)
    language = np.full(len(choice), "", dtype=object)
    if "language" in about and recipe.languages == "separate":
        language = about["language"].astype(object).to_numpy()[choice]
        keep = excluded.leave_out("comparisons without a language", pd.isna(language), keep)
    weight = about["weight"].to_numpy()[choice] if "weight" in about else np.ones(len(choice))
    if recipe.balance is not None:
        level = choices.raters[recipe.balance].cat.codes.to_numpy()[place]
        reason = f"comparisons of raters without an answer on '{recipe.balance}'"
        keep = excluded.leave_out(reason, level < 0, keep)
        weight = np.where(keep, weight * _balanced(level, weight, keep), weight)
    frame = {
        "first": at.first,
        "second": at.second,
        "outcome": at.outcome,
        "prompt": prompt,
        "language": language,
        "rater": about["rater"].to_numpy()[choice],
        "weight": weight,
    }
    return pd.DataFrame(frame)[keep].reset_index(drop=True)


def _on(prompt: np.ndarray, prompts: Collection[str]) -> np.ndarray:
    """Which comparisons are on some prompts."""
    known = np.unique(prompt)
    unknown = sorted(set(prompts) - set(known))
    if not prompts:
        raise InputError("no prompt is named; name at least one, or None for all of them")
    if unknown:
        raise InputError(one_of("the prompt", unknown[0], known))
    return np.isin(prompt, list(prompts))


def _members(choices: Choices, recipe: ChoiceRecipe) -> np.ndarray:
    """(raters,) who is in the recipe's group."""
    raters, inside = choices.raters, np.ones(len(choices.raters), bool)
    for name, levels in recipe.group.items():
        check_one_of("the demographic", name, choices.demographics)
        for level in levels:
            check_one_of(f"the level of '{name}'", level, choices.levels(name))
        inside &= raters[name].isin(levels).to_numpy()
    if not inside.any():
        raise InputError(f"no rater is in the group {recipe.group_name}; choose other levels")
    return inside


def _balanced(level: np.ndarray, weight: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """(n,) factors by which weights have equal sums over the levels, 1 on average."""
    total = np.bincount(level[keep], weight[keep])
    share = np.where(
        total > 0, total.sum() / ((total > 0).sum() * np.where(total > 0, total, 1)), 0
    )
    return share[np.where(keep, level, 0)]


def _preferred(votes: Votes, recipe: ChoiceRecipe, excluded: Exclusions) -> pd.DataFrame:
    """Preferences: pair, whether its first response is chosen, n, weight, p."""
    strategy = recipe.treatment
    if strategy.voices == "every":
        return _every(votes, excluded)
    if strategy.voices == "drawn":
        rng = np.random.default_rng([recipe.seed, _DRAW])
        order = np.lexsort((votes.says, votes.rater, votes.pair))
        keys = rng.standard_exponential(len(order)) / votes.weight[order]
        first = order[np.lexsort((keys, votes.pair[order]))]
        drawn = first[np.r_[True, np.diff(votes.pair[first]) != 0]] if len(first) else first
        verdict = np.where(votes.says[drawn] == 0, np.nan, (votes.says[drawn] + 1) / 2)
        reason = "pairs of which the rater drawn prefers neither"
    else:
        assert strategy.verdict is not None  # noqa: S101 - recipes refuse the others
        verdict = strategy.verdict(votes.total(1), votes.total(-1), votes.total(0))
        reason = strategy.undecided
    excluded.add(reason, np.isnan(verdict).sum())
    pair = np.flatnonzero(~np.isnan(verdict))
    made = {"pair": pair, "one": verdict[pair] == 1, "n": 1, "weight": 1.0, "p": 1.0}
    return pd.DataFrame(made)


def _every(votes: Votes, excluded: Exclusions) -> pd.DataFrame:
    """All preferences, in both orders where raters contradict each other."""
    excluded.add("comparisons that tie", (votes.says == 0).sum())
    total, parts = votes.total(), []
    share = 0.5 + 0.5 * (votes.total(1) - votes.total(-1)) / total
    for says in (1, -1):
        n = votes.total(says, counted=True).astype(np.int64)
        pair = np.flatnonzero(n)
        own = share[pair] if says == 1 else 1 - share[pair]
        made: dict[str, Any] = {"pair": pair, "one": says == 1, "n": n[pair]}
        parts.append(pd.DataFrame(made | {"weight": votes.total(says)[pair], "p": own}))
    return pd.concat(parts, ignore_index=True)


def _table(pairs: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Preferences with the names of their responses, sorted."""
    own = pairs.iloc[found["pair"]].reset_index(drop=True)
    one = found["one"].to_numpy(dtype=bool)
    table = pd.DataFrame(
        {
            "prompt": own["prompt"],
            "language": own["language"],
            "chosen": np.where(one, own["one"], own["other"]),
            "rejected": np.where(one, own["other"], own["one"]),
            "n": found["n"].to_numpy(),
            "weight": found["weight"].to_numpy(),
            "p": found["p"].to_numpy(),
        }
    )
    words = ["prompt", "language", "chosen", "rejected"]
    return table.astype(dict.fromkeys(words, "str")).sort_values(words).reset_index(drop=True)


def response_texts(choices: Choices) -> pd.DataFrame:
    """Texts of responses and prompts: one row for each response, with what is known of it.

    Raises
    ------
    InputError
        If a response to a prompt has two texts.
    """
    options, about = choices.options, choices.choices
    frame = pd.DataFrame({"item": response_names(choices).to_numpy()})
    choice = options["choice"].to_numpy()
    frame["prompt"] = about["prompt"].astype(str).to_numpy()[choice]
    for name in ("system", "text"):
        if name in options:
            frame[name] = options[name].astype("str").to_numpy()
    if "prompt_text" in about:
        frame["prompt_text"] = about["prompt_text"].astype("str").to_numpy()[choice]
    unique = frame.drop_duplicates()
    twice = unique["item"].duplicated()
    if twice.any():
        at = unique[twice].iloc[0]
        raise InputError(
            f"the response '{at['item']}' to prompt '{at['prompt']}' has two texts or systems; "
            "name columns under 'prompt' of 'choices' that tell the two apart"
        )
    return unique.sort_values("item").reset_index(drop=True)
