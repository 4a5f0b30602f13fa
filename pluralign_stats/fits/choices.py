"""Models of choices: Bradley-Terry of comparisons, Plackett-Luce of choices among several."""

from collections.abc import Sequence
from dataclasses import dataclass

from pluralign_stats.arguments import checked
from pluralign_stats.choices.choices import Choices
from pluralign_stats.effects.strength_differences import strength_differences, strength_test
from pluralign_stats.effects.strengths import choice_summary, response_strengths, strengths
from pluralign_stats.effects.win_probabilities import win_probabilities
from pluralign_stats.fits.fit import made_of
from pluralign_stats.models.choice_estimates import ChoiceEstimates, estimate_choices


@dataclass(frozen=True, eq=False, repr=False)
class ChoiceFit(ChoiceEstimates):
    """A fitted model of choices; what was estimated is described by `ChoiceEstimates`.

    Examples
    --------
    >>> fit = pls.fit_choices(choices, "gender")
    >>> fit.strengths(by="gender").table.shape
    (8, 8)
    >>> fit.differences("gender").table["contrast"].unique().tolist()
    ['Male vs Female']
    """

    summary = checked(choice_summary)
    strengths = checked(strengths)
    differences = checked(strength_differences)
    test = checked(strength_test)
    response_strengths = checked(response_strengths)
    win_probabilities = checked(win_probabilities)

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def fit_choices(
    choices: Choices,
    by: str | Sequence[str] | None = None,
    *,
    among: str | None = None,
    raters: bool | None = None,
    responses: bool = False,
    position: bool | None = None,
    link: str = "logit",
) -> ChoiceFit:
    r"""Fit strengths of options to choices, by groups of raters.

    Between two options the outcome is an ordered category (second, tie, first) whose cumulative
    log odds move with the difference of their strengths: the model of Bradley and Terry, with ties
    as its middle category. Among more, and of rankings, it is the conditional logit of each choice
    among what is left: the model of Plackett and Luce.

    The first option wins with probability ``logistic(s1 - s2 + shown_first - t)``, with t the
    half-width of ties.

    Parameters
    ----------
    choices
        The choices.
    by
        Demographics by whose levels strengths may differ, each added to the others.
    among
        What has strengths: ``"system"`` (what made the options; the default where it is known) or
        ``"option"``.
    raters
        Whether each rater has normal deviations from the strengths of their group, one for each
        option; between two only. By default where raters judge an option several times. Without
        them standard errors are clustered by rater.
    responses
        Whether each response to a prompt has a random strength beside that of its option or system.
        Of more than 300 options there are no others.
    position
        Whether being shown first may count; by default where the order is known.
    link
        ``"logit"``, or ``"probit"`` for the model of Thurstone.

    Returns
    -------
    ChoiceFit
        With ``strengths()``, ``differences(by)``, ``win_probabilities()``, ``test(by)``,
        ``response_strengths()`` and ``summary()``.

    Raises
    ------
    InputError
        If options were never compared with one another, or an argument cannot be used.

    References
    ----------
    Bradley & Terry (1952), Biometrika 39, 324-345.
    Agresti (1992), Applied Statistics 41, 287-297.
    Plackett (1975), Applied Statistics 24, 193-202.

    Examples
    --------
    >>> fit = pls.fit_choices(choices)
    >>> fit.win_probabilities().sentence.split(" in ")[0]
    'Most one-sided: raters prefer system D to system A'
    """
    found = estimate_choices(
        choices, by, among=among, raters=raters, responses=responses, position=position, link=link
    )
    return made_of(ChoiceFit, found)
