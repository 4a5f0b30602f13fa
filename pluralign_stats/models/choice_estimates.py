"""What a model of choices estimates: strengths of options by groups of raters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, listing
from pluralign_stats.models.bradley_terry import (
    Found,
    Structure,
    contrasts,
    fit_comparisons,
)
from pluralign_stats.models.choice_rows import ChoiceRows, check_connected, choice_rows
from pluralign_stats.models.comparisons import TIE, Comparisons
from pluralign_stats.models.plackett_luce import ChoiceSets, fit_sets
from pluralign_stats.models.random_responses import fit_random_responses
from pluralign_stats.notes import Code, Note
from pluralign_stats.words import counted, is_are

#: What random strengths of responses leave out.
INDEPENDENT = Note(
    Code.NO_RATERS,
    "choices of one rater are taken to be independent, given the strengths of responses; where "
    "raters differ in what they prefer, standard errors are too small",
)

#: Fewer raters than this hardly tell how far raters deviate.
FEWEST_RATERS = 5

#: Fewer raters than this make standard errors that are clustered by rater too small.
FEW_RATERS = 30


#: Strengths run off together if they do so by about as much, as a share of what moves most.
MOVES = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class ChoiceEstimates:
    """A fitted model of choices.

    Attributes
    ----------
    rows
        The choices that were used.
    found
        The estimates.
    structure
        What the model has.
    pairs
        Whether all choices are between two; else it is the model of Plackett and Luce.
    n_choices
        Choices, or comparisons that they amount to.
    warnings
        What to doubt.
    """

    rows: ChoiceRows
    found: Found
    structure: Structure
    pairs: bool
    n_choices: int
    warnings: tuple[Note, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """What has strengths."""
        return self.rows.options

    @property
    def converged(self) -> bool:
        """Whether to trust the numbers."""
        return self.found.converged

    @property
    def loglik(self) -> float:
        """Log-likelihood at the optimum."""
        return self.found.loglik

    @property
    def data_kind(self) -> str:
        """Whether the choices are simulated; see `Metadata`."""
        return self.rows.choices.data_kind

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals"

    @property
    def random_sd(self) -> pd.Series:
        """SDs of raters' and of responses' deviations, where the model has them."""
        return pd.Series(self.found.sd, list(self.structure.terms), dtype=float)

    @property
    def method(self) -> str:
        """How the model was fitted, as tables call it."""
        name = "Bradley-Terry model" if self.pairs else "Plackett-Luce model"
        parts = [name, self.structure.link]
        parts += ["ties as a middle category"] if self.structure.ties else []
        parts += [f"random {term}s" for term in self.structure.terms]
        parts += ["Laplace"] if self.structure.terms else ["clustered by rater"]
        return ", ".join(parts)

    @cached_property
    def raters_of(self) -> dict[str, pd.Series]:
        """Raters of each level of each demographic of the model."""
        used = self.rows.raters.iloc[np.unique(self.rows.rater[self.rows.kept])]
        return {name: used[name].value_counts(sort=False) for name in self.rows.levels}

    def raters_who_compared(self, demographic: str | None) -> np.ndarray:
        """(g, S) raters of each level of a demographic, or of all, who judged each option."""
        rows = self.rows
        choice = rows.choices.options["choice"].to_numpy()
        used = rows.kept[choice]
        rater = rows.rater[choice[used]]
        seen = pd.DataFrame({"option": rows.code[used], "rater": rater}).drop_duplicates()
        group, n = np.zeros(len(rows.raters), dtype=int), 1
        if demographic is not None:
            group, n = rows.raters[demographic].cat.codes.to_numpy(), len(rows.levels[demographic])
        made = np.zeros((n, len(self.options)), dtype=int)
        np.add.at(made, (group[seen["rater"]], seen["option"]), 1)
        return made

    @property
    def n_raters(self) -> int:
        """How many raters are behind the model."""
        return len(np.unique(self.rows.rater[self.rows.kept]))

    @cached_property
    def mean_covariates(self) -> np.ndarray:
        """(c,) covariates averaged over the raters."""
        kept = self.rows.kept
        first = np.unique(self.rows.rater[kept], return_index=True)[1]
        return self.rows.covariates[kept][first].mean(axis=0)

    def covariates_at(self, demographic: str | None) -> np.ndarray:
        """(g, c) covariates of each level of a demographic, others averaged over the raters."""
        if demographic is None:
            return self.mean_covariates[None]
        if not self.rows.levels:
            raise NotApplicableError(
                f"the model has the same strengths for all raters; fit it with by='{demographic}'"
            )
        check_one_of("the demographic", demographic, self.rows.levels)
        at, n = 1, len(self.rows.levels[demographic])
        for name, levels in self.rows.levels.items():
            if name == demographic:
                break
            at += len(levels) - 1
        made = np.tile(self.mean_covariates, (n, 1))
        made[:, at : at + n - 1] = np.eye(n)[:, 1:]
        return made

    def strength_rows(self, covariates: np.ndarray) -> np.ndarray:
        """(g, S, k) how strengths at covariates (g, c) combine all parameters."""
        basis = contrasts(len(self.options))
        made = np.einsum("gc,st->gsct", covariates, basis)
        g, s = made.shape[:2]
        before, after = self.structure.n_before, len(self.found.sd)
        return np.concatenate(
            [np.zeros((g, s, before)), made.reshape(g, s, -1), np.zeros((g, s, after))], axis=2
        )

    def centred_rows(self, covariates: np.ndarray) -> np.ndarray:
        """The same, relative to the options whose strengths have finite differences in a group."""
        rows = self.strength_rows(covariates)
        if not len(self.found.separated):
            return rows
        moved = self._moved(rows)
        near = (np.abs(moved[:, :, None] - moved[:, None]) < MOVES).sum(axis=2)
        place = np.take_along_axis(moved, near.argmax(axis=1)[:, None], axis=1)
        rest = np.abs(moved - place) < MOVES
        centre = np.einsum("gs,gsk->gk", rest / rest.sum(axis=1, keepdims=True), rows)
        return rows - centre[:, None]

    def _moved(self, rows: np.ndarray) -> np.ndarray:
        """How far combinations (..., k) run off, as a share of the largest strength that does."""
        far = self.found.separated
        return rows[..., : len(far)] @ far / np.abs(far).max()

    def combine(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Combinations (m,) of the parameters by (m, k) rows, and their errors.

        Missing where a combination has no finite estimate.
        """
        error = np.sqrt(np.einsum("mk,kl,ml->m", rows, self.found.vcov, rows).clip(0))
        known = self.finite(rows)
        return np.where(known, rows @ self.parameters, np.nan), np.where(known, error, np.nan)

    def finite(self, rows: np.ndarray) -> np.ndarray:
        """(m,) whether combinations by (m, k) rows have a finite estimate."""
        if not len(self.found.separated):
            return np.ones(len(rows), dtype=bool)
        return np.abs(self._moved(rows)) < MOVES

    @property
    def parameters(self) -> np.ndarray:
        """(k,) all parameters: tie, position, strengths, standard deviations."""
        return np.concatenate([self.found.location, self.found.sd])


def estimate_choices(
    choices: Choices,
    by: str | Sequence[str] | None = None,
    *,
    among: str | None = None,
    raters: bool | None = None,
    responses: bool = False,
    position: bool | None = None,
    link: str = "logit",
) -> ChoiceEstimates:
    """Fit a model of choices; see `fit_choices`."""
    check_one_of("'link'", link, ("logit", "probit"))
    among = among or ("system" if choices.systems else "option")
    rows = choice_rows(choices, by, among, responses=responses)
    if not rows.kept.any():
        raise NotApplicableError(f"no rater has a level of {listing(rows.levels)}")
    position = rows.ordered if position is None else position
    if position and not rows.ordered:
        raise InputError(
            "it is not known in which order options were shown; state 'shown_in_order' or "
            "'position' under 'choices', or take position=False"
        )
    pairs = bool((choices.sizes == 2).all())
    if not pairs:
        _refuse_of_pairs(raters, link)
        return _of_sets(rows, rows.sets(), position, responses)
    return _of_pairs(rows, raters, responses, position, link)


def _refuse_of_pairs(raters: bool | None, link: str) -> None:
    asked = {"raters=True": raters, f"link='{link}'": link != "logit"}
    wrong = [name for name, there in asked.items() if there]
    if wrong:
        raise NotApplicableError(
            f"{wrong[0]} is for choices between two, and some of these are among more; leave it "
            "out: strengths are then averages over raters, with standard errors clustered by rater"
        )


def _of_sets(
    rows: ChoiceRows, sets: ChoiceSets, position: bool, responses: bool
) -> ChoiceEstimates:
    first, second, at = _beside(sets)
    if rows.options:
        check_connected(rows, first, second, sets.rater[at])
    fit = fit_random_responses if responses else fit_sets
    found = fit(sets, len(rows.options), position=position)
    structure = Structure(len(rows.options), False, position, False, responses, "logit")
    tied = int((sets.n_chosen > 1).sum())
    notes = [_breslow(tied, len(sets.weight))] if tied else []
    return _estimates(rows, found, structure, False, len(sets.weight), notes)


def _beside(sets: ChoiceSets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Options of each row and of the first of its set, and the set."""
    starts = np.flatnonzero(np.r_[True, np.diff(sets.set) != 0])
    return sets.option, sets.option[starts][sets.set], sets.set


def _breslow(tied: int, n: int) -> Note:
    return Note(
        Code.TIED_RANKS,
        f"{tied:,} of {n:,} choices have several best; equal ranks count by Breslow's "
        "approximation, which brings strengths nearer to each other",
    )


def _of_pairs(
    rows: ChoiceRows, raters: bool | None, responses: bool, position: bool, link: str
) -> ChoiceEstimates:
    data = rows.comparisons(responses=responses)
    if (data.outcome == TIE).all():
        raise NotApplicableError("all comparisons are ties, so that nothing tells options apart")
    if raters is None:
        raters = not responses and len(rows.options) > 0 and _repeated(data)
    if rows.options:
        check_connected(rows, data.first, data.second, data.rater)
    structure = Structure(len(rows.options), data.ties, position, raters, responses, link)
    found = fit_comparisons(data, structure)
    if responses:
        found = replace(found, responses=rows.compared_responses()[found.responses])
    return _estimates(rows, found, structure, True, len(data.first), [])


def _repeated(data: Comparisons) -> bool:
    """Whether raters judge an option several times, so that their deviations can be told."""
    pairs = np.concatenate([data.first, data.second]) + (
        (max(data.first.max(), data.second.max()) + 1) * np.tile(data.rater, 2)
    )
    return bool(len(np.unique(pairs)) < len(pairs) and len(np.unique(data.rater)) > 1)


def _estimates(
    rows: ChoiceRows,
    found: Found,
    structure: Structure,
    pairs: bool,
    n_choices: int,
    notes: list[Note],
) -> ChoiceEstimates:
    n_raters = len(np.unique(rows.rater[rows.kept]))
    if len(found.separated):
        notes.append(_separated(rows, found, structure))
    elif not found.converged:
        notes.append(Note(Code.NOT_CONVERGED, "the optimizer did not converge; simplify the model"))
    if structure.raters and n_raters < FEWEST_RATERS:
        notes.append(
            Note(
                Code.FEW_LEVELS,
                f"there {is_are(n_raters)} {counted(n_raters, 'rater')} only, so that how far "
                "raters deviate is hardly known; take raters=False",
            )
        )
    if structure.responses and not structure.raters:
        notes.append(INDEPENDENT)
    if not structure.terms and n_raters < FEW_RATERS:
        notes.append(
            Note(
                Code.FEW_LEVELS,
                f"standard errors are clustered by {counted(n_raters, 'rater')}, which is too few "
                "for them to be trusted; they tend to be too small",
            )
        )
    return ChoiceEstimates(rows, found, structure, pairs, n_choices, tuple(notes))


def _separated(rows: ChoiceRows, found: Found, structure: Structure) -> Note:
    """Which options always win or lose."""
    moved = found.separated[structure.n_before :]
    basis = contrasts(len(rows.options))
    by = np.abs(moved.reshape(-1, basis.shape[1]) @ basis.T).max(axis=0)
    names = [name for name, far in zip(rows.options, by, strict=True) if far > 0.5 * by.max()]
    return Note(
        Code.SEPARATION,
        f"no finite strengths: some options, among them {listing(names, 4)}, won or lost all their "
        "comparisons with the others, in a group if not in all; leave them out, or fit without "
        "'by'",
    )
