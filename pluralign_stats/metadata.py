"""How a table was made: what readers have to know of it besides its numbers."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field


@dataclass(frozen=True)
class Metadata:
    """How a table was made.

    Attributes
    ----------
    title
        What the table shows.
    data
        ``"simulated"``, ``"observed"``, or ``"unstated"`` where a model was fitted to a frame that
        came from no study.
    unit
        Unit of the estimates.
    conf_level, interval
        Level and kind of the intervals; both empty for tables without.
    notes
        What a reader has to know to read the table rightly.
    warnings
        What went wrong or should be doubted.
    data_note
        What is said of the data wherever the table or its figure is shown, such as
        ``"simulated study, miniature model"``; by default only that they are simulated.
    checked, passed
        Where the table is a check of a model: what was checked, and whether the model passed (None
        where the data allow no verdict).
    p_value
        Of a check by a test, its p.
    published
        How many raters other tables of the study count, by variable and level; see
        `backing.beside`.
    designs
        Where rows compare designs: the values of the factors that vary, by what tables call each
        design.
    sampling
        Of a Bayesian fit, how it was sampled, and for which time where one was not enough.
    """

    title: str
    _: KW_ONLY
    data: str = "unstated"
    unit: str = ""
    conf_level: float | None = None
    interval: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    data_note: str = ""
    checked: str = ""
    passed: bool | None = None
    p_value: float | None = None
    published: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    designs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sampling: str = ""

    @property
    def measure(self) -> str:
        """Unit of the estimates, and level and kind of their intervals."""
        parts = [f"unit: {self.unit}"] if self.unit else []
        if self.interval and self.conf_level:
            parts.append(f"{self.conf_level:.0%} {self.interval}")
        return "; ".join(parts)

    @property
    def about_data(self) -> str:
        """What is said of the data; empty where there is nothing to say."""
        return self.data_note or ("simulated study" if self.data == "simulated" else "")
