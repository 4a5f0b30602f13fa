"""What every judge takes and gives: answers of a model, and a score for each on each dimension."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluralign_stats.study.codebook import Codebook


@dataclass(frozen=True)
class Answer:
    """One answer to be judged.

    Attributes
    ----------
    prompt
        What was asked.
    response
        What the model said, without the part in which it thought.
    language
        Code of the language of both, such as ``en`` or ``de``.
    """

    prompt: str
    response: str
    language: str


#: What judges say of an answer without words.
EMPTY = "the answer is empty"


@dataclass(frozen=True)
class Judgement:
    """What a judge makes of one answer.

    Attributes
    ----------
    scores
        By dimension, on the scale of the study (1 to 5 unless its codebook says otherwise); None
        where the judge could give none.
    malformed
        Whether the answer is no text that can be judged, such as an empty one. A judge that fails
        on a sound answer leaves scores out and this False.
    note
        Why scores are missing, or what else should be known of them; the same words for the same
        reason, so that reasons can be counted.
    """

    scores: dict[str, float | None]
    malformed: bool = False
    note: str = ""


class Judge(ABC):
    """Gives scores to answers.

    Parameters
    ----------
    name
        As it stands in tables of scores.
    chunk
        How many answers it likes to get at once.
    **settings
        Plain values that decide its scores, compared when scoring is taken up again.
    """

    def __init__(self, name: str, chunk: int = 256, **settings: Any) -> None:
        self.name = name
        self.chunk = chunk
        self.settings = {"judge": name, **settings}

    @property
    def usage(self) -> dict[str, Any]:
        """Plain values told at the end, such as calls made."""
        return {}

    def tell(self, notice: Callable[[str], None]) -> None:  # noqa: B027 - most never wait
        """Call `notice` with a line whenever judging has to wait."""

    def judge(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Judge each answer, equal ones once; the judgements stand in the answers' order."""
        different = list(dict.fromkeys(answers))
        found = dict(zip(different, self._judge(different), strict=True))
        return [found[answer] for answer in answers]

    @abstractmethod
    def _judge(self, answers: list[Answer]) -> list[Judgement]:
        """Judge different answers."""


@dataclass(frozen=True)
class JudgeKind:
    """How a judge is made.

    Attributes
    ----------
    make
        From its options, the codebook of a study and a file of paid replies to the judge.
    options
        Data class of its options; None where it has none.
    paid
        Whether each reply may cost money, so that it is kept in a file before it counts.
    """

    make: "Callable[[Any, Codebook | None, Path], Judge]"
    options: type | None = None
    paid: bool = False
