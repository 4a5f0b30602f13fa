"""Notes and warnings: sentences for readers, each with the code by which programs know it."""

from collections.abc import Iterable
from enum import StrEnum


class Code(StrEnum):
    """What a note says, whatever its words."""

    # What a model has to say about itself.
    LOOK_ALIKE = "look alike"
    NUMBERS_AS_TEXT = "numbers as text"
    RATERS_ANEW = "raters anew"
    COLLINEAR = "collinear"
    ONE_LEVEL = "one level"
    FEW_LEVELS = "few levels"
    AS_MANY_LEVELS = "as many levels as rows"
    SAME_GROUPS = "same groups"
    NO_VARIATION_WITHIN = "no variation within"
    SINGULAR = "singular"
    UNUSED_CATEGORIES = "unused categories"
    ALPHABETICAL = "alphabetical"
    DESCENDING = "descending"
    UNPLACED = "unplaced"
    COINCIDING_THRESHOLDS = "coinciding thresholds"
    NOT_OFFERED = "not offered"
    SEPARATION = "separation"
    TIED_RANKS = "tied ranks"
    NO_RATERS = "raters left out"
    BOUNDLESS_SCALE = "boundless scale"
    UNDETERMINED = "undetermined"
    NOT_CONVERGED = "not converged"
    SAMPLING = "sampling"

    # What a table has to say about itself.
    ADJUSTMENT = "adjustment"
    POSTERIOR_COLUMNS = "posterior columns"
    COUNTED_IN = "counted in"
    COUNT_WITHHELD = "count withheld"
    ONE_RUN = "one run"


class Note(str):
    """A sentence that is text to all who read it, and a code to all who ask.

    Attributes
    ----------
    code
        What it says.
    about
        What it says that of, such as a grouping factor; empty where that needs no name.
    """

    code: Code
    about: str

    def __new__(cls, code: Code, text: str, about: str = "") -> "Note":
        """Join a text and its code."""
        note = super().__new__(cls, text)
        note.code, note.about = code, about
        return note

    def __getnewargs__(self) -> tuple[Code, str, str]:  # type: ignore[override]
        """What a copy is made of."""
        return self.code, str(self), self.about


def reworded[N: (str, Note)](note: N, text: str) -> N:
    """The same note in other words, known by the same code if it has one."""
    return Note(note.code, text, note.about) if isinstance(note, Note) else text


def is_about(note: str, *codes: Code) -> bool:
    """Whether a note has one of the codes."""
    return isinstance(note, Note) and note.code in codes


def tells(notes: Iterable[str], code: Code) -> bool:
    """Whether one of several notes has the code."""
    return any(is_about(note, code) for note in notes)
