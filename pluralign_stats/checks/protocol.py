"""What every check of a model returns."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pluralign_stats.figures.charts import CHECKS, Chart
from pluralign_stats.results import Result

if TYPE_CHECKING:
    from pluralign_stats.figures.plot import Plot


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """One check of a fitted model; shows itself in Jupyter.

    Attributes
    ----------
    name
        What was checked.
    passed
        Whether the model passed; None where the data allow no verdict.
    result
        The numbers, the verdict in a sentence, and how they were made.
    details
        Further tables that the figure shows.
    p_value
        Share of data sets from the model that depart as far; None where there are none.

    Examples
    --------
    >>> checked = pls.checks.calibration_check(fit, n_simulations=39)
    >>> checked.name, checked.passed
    ('calibration', True)
    """

    name: str
    passed: bool | None
    result: Result
    details: tuple[Result, ...] = ()
    p_value: float | None = None

    def __post_init__(self) -> None:
        """Let the result say of itself that it is a check, wherever it is shown."""
        passed = None if self.passed is None else bool(self.passed)
        meta = replace(self.result.meta, checked=self.name, passed=passed, p_value=self.p_value)
        figure = partial(_drawn, CHECKS[self.name], self.details)
        object.__setattr__(self, "result", replace(self.result, meta=meta, figure=figure))

    def labelled(self, labels: Mapping[str, str]) -> "Check":
        """The same with what readers call variables in place of their names."""
        details = tuple(one.labelled(labels) for one in self.details)
        return replace(self, result=self.result.labelled(labels), details=details)

    def figure(self, context: str = "two-column") -> "Plot":
        """Draw the check; see `Result.plot`."""
        return self.result.plot(context)

    plot = figure

    def __repr__(self) -> str:
        return f"{self.name}: {self.verdict}\n{self.result!r}"

    @property
    def verdict(self) -> str:
        """``"passed"``, ``"not passed"`` or ``"no verdict"``."""
        return "no verdict" if self.passed is None else "passed" if self.passed else "not passed"

    def _repr_html_(self) -> str:
        return f"<p class='verdict'>{self.name}: {self.verdict}</p>{self.result._repr_html_()}"


def _drawn(chart: Chart, details: tuple[Result, ...], result: Result, **options: Any) -> "Plot":
    """The figure of a check, whose details stand beside its result."""
    return chart(result, *details, **options)
