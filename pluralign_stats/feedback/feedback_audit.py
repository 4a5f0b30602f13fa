"""The audit of feedback: who dominates the data, and what each strategy does to a minority."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pluralign_stats.describe.reliability import agreement
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.feedback.audit_frame import audit_frame
from pluralign_stats.feedback.dominance import conditions, shares
from pluralign_stats.feedback.leave_out import flips
from pluralign_stats.feedback.outvoted import survival
from pluralign_stats.feedback.parts import parts_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.scales import Scale, dimension_conversion
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL
from pluralign_stats.strategies.registry import STRATEGIES
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell


@dataclass(frozen=True)
class FeedbackAudit:
    """Results of an audit, each a table with its sentence.

    Attributes
    ----------
    conditions
        How much feedback each recipe gives, from how many raters, and its contradictions.
    shares
        Share of raters, ratings and preferences by group.
    flips
        Labels that flip or go when a group is left out.
    survival
        What becomes of responses that most raters of a group find bad.
    agreement
        Krippendorff's alpha over all raters and within groups.

    Examples
    --------
    >>> audited.shares.table["group"].unique().tolist()
    ['Female', 'Male', 'Non-binary', 'declined to answer']
    """

    conditions: Result
    shares: Result
    flips: Result
    survival: Result
    agreement: Result

    def results(self) -> dict[str, Result]:
        """All results by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def audit(
    study: Study,
    recipes: Sequence[Recipe] | None = None,
    by: str | None = None,
    *,
    prompts: Collection[str] | None = None,
    min_voices: int = 2,
    n_bootstrap: int = 1000,
    seed: int = 1,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
) -> FeedbackAudit:
    """Ask who dominates the feedback that recipes make of a study's ratings.

    All counts are of the feedback before any cap or budget, and of this data set: they are not
    estimates, and have no intervals. Agreement has.

    Parameters
    ----------
    study
        The study.
    recipes
        The recipes to be compared; by default those of `audit_recipes`.
    by
        The demographic whose groups are compared; the codebook's first one unless stated.
    prompts
        As for `preference_pairs`.
    min_voices
        Fewest raters of a group whose majority counts as the group's verdict on a response.
    n_bootstrap, seed, conf_level
        Resamples of items for the intervals of agreement, their seed and level.
    min_cell
        Groups of fewer raters are never shown, nor any that would give them away.

    Returns
    -------
    FeedbackAudit
        Whose preferences the feedback rests on, who is outvoted, and how far raters agree.

    Raises
    ------
    InputError
        If a name is unknown or an argument out of range.

    References
    ----------
    Kish (1965), Survey Sampling, Wiley, section 11.7, for the effective number of raters.
    Krippendorff (2019), Content Analysis, 4th edition, Sage, chapter 12, for agreement.

    Examples
    --------
    >>> audited = pls.audit(study, [recipe], by="gender", n_bootstrap=100)
    >>> audited.shares.table["group"].tolist()
    ['Female', 'Male', 'Non-binary', 'declined to answer']
    """
    check_min_cell(min_cell)
    chosen = list(audit_recipes(study) if recipes is None else recipes)
    if not chosen:
        raise InputError("no recipe is given; name at least one")
    by = _demographic(study, by)
    if min_voices < 1:
        raise InputError(f"min_voices must be 1 or more, not {min_voices}")
    frame = audit_frame(study, chosen, by, min_cell, prompts)
    parts = [parts_of(selection) for selection in frame.selections]
    used = [d for d in study.dimensions if any(d in recipe.weights for recipe in chosen)]
    rated = study if len(used) == len(study.dimensions) else study.where(dimension=used)
    return FeedbackAudit(
        conditions(frame, parts),
        shares(frame, parts),
        flips(frame),
        survival(frame, min_voices),
        agreement(
            rated, by, n_bootstrap=n_bootstrap, seed=seed, min_cell=min_cell, conf_level=conf_level
        ),
    )


def _demographic(study: Study, by: str | None) -> str:
    if not study.demographics:
        raise InputError("this study records no demographics of its raters to audit by")
    if by is None or by == "":
        return study.demographics[0]
    check_one_of("'by'", by, study.demographics)
    return by


def audit_recipes(
    study: Study, dimension: str | None = None, scale: Scale | None = None
) -> list[Recipe]:
    """One recipe for each strategy, on one dimension and everyone's ratings.

    Parameters
    ----------
    study
        The study.
    dimension
        By default toxicity; in a study without it the first dimension on which a high rating is
        bad, or else the first.
    scale
        By default the 5-point scale, or the scale as rated where the codebook states no such form.

    Returns
    -------
    tuple of Recipe
        One for each strategy.

    Raises
    ------
    InputError
        If the study has no such dimension, or the scale is unknown.

    Examples
    --------
    >>> [each.strategy for each in pls.feedback.audit_recipes(study, "toxicity")]
    ['preserve', 'majority', 'mean', 'median', 'consensus', 'random']
    """
    name = dimension or _default_dimension(study)
    check_one_of("the dimension", name, study.dimensions)
    return [
        Recipe(weights={name: 1.0}, scale=scale or _full_scale(study, name), strategy=strategy)
        for strategy in STRATEGIES
    ]


def _default_dimension(study: Study) -> str:
    book = study.codebook.dimensions
    bad = [name for name in study.dimensions if book[name].valence == -1]
    known = [name for name in study.dimensions if book[name].valence is not None]
    return next((n for n in bad if n == "toxicity"), (bad or known or list(study.dimensions))[0])


def _full_scale(study: Study, name: str) -> Scale:
    dimension = study.codebook.dimensions[name]
    try:
        conversion = dimension_conversion(name, dimension, "5-point")
    except InputError:
        return "as-rated"
    return "as-rated" if conversion.equal_parts else "5-point"
