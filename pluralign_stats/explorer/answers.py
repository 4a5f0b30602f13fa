"""Answers to choices: table, picture and code of each, kept so that no model is fitted twice."""

from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass, replace
from threading import Lock

import pandas as pd

from pluralign_stats.checks.shares import predicted_shares
from pluralign_stats.demographics.effects import DemographicEffects, demographic_effects
from pluralign_stats.demographics.plans import given_ratings, plans
from pluralign_stats.demographics.references import groups_of, nothing_compared, replaced
from pluralign_stats.describe.distribution import rating_distribution
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.errors import InputError, listing
from pluralign_stats.explorer.choices import Choice, choices_of
from pluralign_stats.explorer.code import code_of, modelled
from pluralign_stats.explorer.parts import withheld_groups
from pluralign_stats.explorer.rows import only_rows
from pluralign_stats.figures.charts import SHARES
from pluralign_stats.figures.describe import distribution
from pluralign_stats.figures.effects import forest
from pluralign_stats.figures.models import shares
from pluralign_stats.figures.plot import Plot
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.select import with_reference
from pluralign_stats.study.study import Study

#: How many sets of models, and how many answers, are kept; the oldest go first.
MOST_MODELS, MOST_ANSWERS = 60, 500

#: The figure of each view.
_FIGURES = {
    "points": forest,
    "mean": forest,
    "odds": forest,
    "shares": shares,
    "observed": distribution,
}


@dataclass(frozen=True, eq=False)
class Answer:
    """What is shown of one choice.

    Attributes
    ----------
    choice
        What was asked.
    result
        The table, its sentence and metadata.
    image
        The figure as HTML, with its text alternative.
    code
        What gives the same, for a study called `study`; empty where there is nothing to see.
    withheld
        Which groups are not shown, and why; empty where all are.
    """

    choice: Choice
    result: Result
    image: str
    code: str
    withheld: str = ""

    @property
    def picture(self) -> Plot:
        """The figure; drawn anew, as many kept figures would take room and time."""
        return _FIGURES[self.choice.show](self.result)

    @property
    def sentence(self) -> str:
        """What the table says, and whom it leaves out."""
        return f"{self.result.sentence} {self.withheld}".rstrip()


class Answers:
    """Answers of one study, each computed once.

    Parameters
    ----------
    study
        The study.
    min_cell
        Groups of fewer raters are never shown.
    """

    def __init__(self, study: Study, min_cell: int = MIN_CELL) -> None:
        self.study = study
        self.min_cell = min_cell
        self.choices = choices_of(study, min_cell)
        self._fitting = Lock()
        self._parts: dict[Hashable, Study] = {}
        self._withheld: dict[Hashable, tuple[str, ...]] = {}
        self._effects: dict[Hashable, DemographicEffects] = {}
        self._shares: dict[Hashable, Result] = {}
        self._answers: dict[Choice, Answer] = {}

    def known(self, choice: Choice) -> bool:
        """Whether the answer is there already."""
        return choice in self._answers

    def fitted(self, choice: Choice) -> bool:
        """Whether its models are there already, or none are needed."""
        return choice.show == "observed" or self._models(choice) in self._effects

    def chosen(self, choice: Choice) -> Study:
        """The part of the study that a choice looks at, with its reference level.

        Raises
        ------
        InputError
            If there are no such ratings, none of the reference group among them, or the group
            has to be withheld.
        """
        if choice.reference in self.withheld(choice):
            left = set(self.choices.references[choice.demographic]) - set(self.withheld(choice))
            raise InputError(self._note(choice) + (" Compare with another group." if left else ""))
        conditions = self.conditions(choice)
        key = (repr(conditions), choice.demographic, choice.reference)
        if key not in self._parts:
            part = self.study.where(**conditions) if conditions else self.study
            part = with_reference(part, choice.demographic, choice.reference)
            _keep(self._parts, key, part, MOST_MODELS)
        return self._parts[key]

    def references(self, choice: Choice) -> tuple[str, ...]:
        """Groups that the others can be compared with in a choice's part of the ratings.

        All of the demographic's where that part has none, as the answer says why.
        """
        offered = self.choices.references[choice.demographic]
        if not choice.only:
            return offered
        given = given_ratings(self.study, choice.dimension)
        for column, value in choice.only:
            given = given[given[column] == value]
        there = groups_of(given, choice.demographic, choice.demographic, self.min_cell)
        possible = {*there.large} - {*self.withheld(choice)}
        first = there.reference if there.reference in possible else ""
        left = (group for group in offered if group in possible)
        return tuple(sorted(left, key=lambda group: group != first)) or offered

    def possible(self, choice: Choice) -> Choice:
        """The choice, with another group to compare with where its own is not in the part."""
        references = self.references(choice)
        if choice.reference in references:
            return choice
        return replace(choice, reference=references[0])

    def withheld(self, choice: Choice) -> tuple[str, ...]:
        """Groups that are not shown, as this part of the ratings would give a few raters away."""
        if not choice.only:
            return ()
        observed = choice.show == "observed"
        key = (choice.dimension, choice.demographic, choice.only, observed)
        if key not in self._withheld:
            given = given_ratings(self.study, choice.dimension)
            if not observed:
                given = given.dropna(subset=self._beside(given, choice))
            found = withheld_groups(given, choice.demographic, dict(choice.only), self.min_cell)
            _keep(self._withheld, key, found, MOST_ANSWERS)
        return self._withheld[key]

    def _beside(self, given: pd.DataFrame, choice: Choice) -> list[str]:
        """Demographics in the model of the whole study, which leaves out who did not tell them."""
        gaps = {name: not_asked(self.study, name) for name in modelled(self.study, choice)}
        used = (used for read, used in plans(given, gaps) if choice.demographic in read)
        return [*next(used, ())]

    def conditions(self, choice: Choice) -> dict[str, str | list[str]]:
        """Columns and values that a choice narrows the study to."""
        conditions: dict[str, str | list[str]] = dict(choice.only)
        if withheld := self.withheld(choice):
            levels = self.study.levels(choice.demographic)
            conditions[choice.demographic] = [g for g in levels if g not in withheld]
        return conditions

    def effects(self, choice: Choice) -> DemographicEffects:
        """The effects of all demographics on the dimension, by the model chosen.

        Raises
        ------
        InputError
            As for `chosen`.
        """
        key = self._models(choice)
        if key in self._effects:
            return self._effects[key]
        # Who asks for what another thread is fitting waits for it.
        with self._fitting:
            if key not in self._effects:
                made = demographic_effects(
                    self.chosen(choice),
                    modelled(self.study, choice),
                    [choice.dimension],
                    model=choice.model,  # type: ignore[arg-type]
                    min_cell=self.min_cell,
                )
                _keep(self._effects, key, made, MOST_MODELS)
            return self._effects[key]

    def shares(self, choice: Choice) -> Result:
        """The shares of ratings that the model predicts for the groups compared.

        Raises
        ------
        InputError
            As for `chosen`.
        """
        key = (self._models(choice), choice.demographic)
        if key not in self._shares:
            effects = self.effects(choice)
            fit = effects.fits.get((choice.dimension, choice.demographic))
            if fit is None:
                label = self.study.codebook.label(choice.demographic)
                # Without a model there are no shares either, for the same reason.
                nothing = only_rows(effects.differences, term=label)
                title = "Predicted shares of ratings"
                return Result.of(nothing, pd.DataFrame(), nothing.sentence, title, figure=SHARES)
            made = predicted_shares(fit, choice.demographic, min_cell=self.min_cell)
            made = made.labelled(self.study.labels)
            made = made.about(self.study.codebook.label(choice.dimension))
            _keep(self._shares, key, made, MOST_ANSWERS)
        return self._shares[key]

    def __call__(self, choice: Choice) -> Answer:
        """Answer a choice.

        Raises
        ------
        InputError
            As for `chosen`.
        """
        if choice not in self._answers:
            result = self._result(choice)
            image = _FIGURES[choice.show](result)._repr_html_()
            code = ""
            if not result.table.empty:
                code = code_of(self.study, choice, self.conditions(choice), self.min_cell)
            answer = Answer(choice, result, image, code, self._note(choice))
            _keep(self._answers, choice, answer, MOST_ANSWERS)
        return self._answers[choice]

    def _models(self, choice: Choice) -> Hashable:
        """What decides the models: the reference only where it is not the study's own."""
        own = self.study.raters[choice.demographic].cat.categories[0]
        reference = (choice.demographic, choice.reference)
        other = None if choice.reference == own else reference
        part = repr(self.conditions(choice))
        return (choice.dimension, choice.model, part, modelled(self.study, choice), other)

    def _note(self, choice: Choice) -> str:
        """Which groups are withheld, and why."""
        withheld = self.withheld(choice)
        if not withheld:
            return ""
        return (
            f"Not shown in this part: {listing(withheld)}; beside the whole study it would give "
            f"away fewer than {self.min_cell} raters."
        )

    def _result(self, choice: Choice) -> Result:
        if choice.show == "observed":
            only = self.chosen(choice).where(dimension=choice.dimension)
            return rating_distribution(only, choice.demographic, self.min_cell)
        effects = self.effects(choice)
        label = self.study.codebook.label(choice.demographic)
        if choice.show == "points":
            return self._told(choice, only_rows(effects.differences, term=label))
        if choice.show in ("mean", "odds"):
            percents = only_rows(effects.percents, term=label, reading=choice.show)
            return self._told(choice, percents)
        return self.shares(choice)

    def _told(self, choice: Choice, result: Result) -> Result:
        """A table of differences that says why it is empty, or that another group is compared."""
        label = self.study.codebook.label(choice.demographic)
        fit = self.effects(choice).fits.get((choice.dimension, choice.demographic))
        given = given_ratings(self.chosen(choice), choice.dimension) if fit is None else None
        data = fit.design.data if fit is not None else given
        found = groups_of(data, choice.demographic, label, self.min_cell)
        if result.table.empty and found.lacking:
            return replace(result, sentence=nothing_compared([found.lacking]))
        other = replaced(label, choice.reference, found.reference, self.min_cell)
        if result.table.empty or not other:
            return result
        return replace(result, sentence=f"{result.sentence} {other}.")


def _keep[K: Hashable, V](kept: MutableMapping[K, V], key: K, value: V, most: int) -> None:
    """Keep a value; the oldest goes where there are too many."""
    while len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value
