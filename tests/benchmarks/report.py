"""What is printed: a line for each measurement at once, Markdown tables at the end."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field

HEADS = ("What", "Measured", "Beside it", "Ratio", "Optimum", "Limit set by the project")
CURVE_HEADS = ("Model", "Ratings", "Raters", "Seconds", "Per million", "GiB", "Slope", "Error")


@dataclass(frozen=True)
class Row:
    """One measurement; every field is a cell of the table."""

    what: str
    measured: str
    beside: str = ""
    ratio: str = ""
    optimum: str = ""
    limit: str = ""


@dataclass
class Report:
    """All that was measured, printed as it comes."""

    rows: list[Row] = field(default_factory=list)
    curve: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Print a measurement and keep it for the table."""
        self.rows.append(row)
        told = zip(HEADS[1:], astuple(row)[1:], strict=True)
        print(f"{row.what}: {'; '.join(f'{k.lower()} {v}' for k, v in told if v)}", flush=True)

    def add_point(self, cells: tuple[str, ...]) -> None:
        """Print a point of the scaling curve and keep it for the table."""
        self.curve.append(cells)
        told = zip(CURVE_HEADS[1:], cells[1:], strict=True)
        print(f"{cells[0]}: {', '.join(f'{k.lower()} {v}' for k, v in told if v)}", flush=True)

    def markdown(self) -> str:
        """The tables to be pasted into the documentation."""
        tables = [(HEADS, [astuple(row) for row in self.rows]), (CURVE_HEADS, self.curve)]
        return "\n\n".join(markdown(heads, rows) for heads, rows in tables if rows)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread(times: Sequence[float]) -> str:
    """Median and range of seconds."""
    digits = 2 if statistics.median(times) < 10 else 1
    if statistics.median(times) < 1:
        digits = 3
    middle, low, high = (
        f"{t:.{digits}f}" for t in (statistics.median(times), min(times), max(times))
    )
    runs = "1 run" if len(times) == 1 else f"{len(times)} runs"
    return f"{middle} s, {runs}" if len(times) == 1 else f"{middle} s [{low}, {high}], {runs}"


def limit(text: str, *, kept: bool) -> str:
    """A limit, marked where it is exceeded."""
    return text if kept else f"{text} (missed)"
