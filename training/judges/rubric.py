"""The rubric of a judge: what it is asked about an answer, in which words, and on which scale."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from unicodedata import normalize

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.storage.digest import digest_text, digest_values
from pluralign_stats.study.scale import Scale
from pluralign_stats.study.text import looked_up
from pluralign_stats.study.yaml_file import parse_yaml, read_text
from training.judgement import Answer
from training.plain_text import unmarked

if TYPE_CHECKING:
    from pluralign_stats.study.codebook import Codebook
    from pluralign_stats.study.questions import Dimension

_FALLBACK = "en"

Message = dict[str, str]


class Item(BaseModel):
    """One statement of the rubric.

    Attributes
    ----------
    statement, meaning
        What the judge agrees with or not, and what is meant by it, by language.
    labels
        Words of the ratings by language; the keys are the ratings that the scale allows or, on a
        scale of many, those that have words.
    many
        A scale of more ratings than are named one by one; None for others.
    """

    model_config = ConfigDict(frozen=True)

    statement: dict[str, str]
    meaning: dict[str, str] = {}
    labels: dict[str, dict[int | float, str]]
    many: Scale | None = None

    @property
    def levels(self) -> list[int | float]:
        """Ratings that are named one by one, in order."""
        return sorted(next(iter(self.labels.values())))

    @property
    def allowed(self) -> str:
        """Which scores there are, for messages."""
        if self.many:
            return f"the {self.many.allowed}"
        return f"{self.levels[0]:g} to {self.levels[-1]:g} in whole numbers"

    def holds(self, score: float) -> bool:
        """Whether a number is a score of this scale."""
        return bool(self.many.holds(np.array([score]))[0]) if self.many else score in self.levels

    def score_schema(self) -> dict[str, Any]:
        """JSON schema of a score."""
        if self.many is None:
            return {"type": "integer", "enum": [int(level) for level in self.levels]}
        kind = "number" if self.many.continuous else "integer"
        return {"type": kind, "minimum": self.many.low, "maximum": self.many.high}


class Rubric(BaseModel):
    """Everything that a judge is asked, in every language.

    Attributes
    ----------
    items
        By dimension.
    words
        The wording around the statements, by part and language.
    edition
        Version that the wording's author gave it.
    """

    model_config = ConfigDict(frozen=True)

    items: Annotated[dict[str, Item], Field(min_length=1)]
    words: dict[str, dict[str, Any]]
    edition: str

    @property
    def version(self) -> str:
        """Edition and a hash of the whole wording, so that no change goes unnoticed."""
        return f"{self.edition}-{digest_values(self.model_dump(exclude_none=True))[:8]}"

    def messages(self, answer: Answer) -> list[Message]:
        """What a judge is sent about one answer, in its language where there is wording."""
        language = answer.language
        tags = _in(self.words["headings"], language)
        shown_as = {tags["prompt"]: answer.prompt, tags["answer"]: answer.response}
        texts = {tag: unmarked(text) for tag, text in shown_as.items()}
        code = frame_code(*texts.values())
        shown = [f"<{tag}-{code}>\n{text}\n</{tag}-{code}>" for tag, text in texts.items()]
        return [
            {"role": "system", "content": self._system(language)},
            {"role": "user", "content": "\n\n".join(shown)},
        ]

    def _system(self, language: str) -> str:
        blocks = [_in(self.words["instruction"], language)]
        blocks += [self._statement(name, language) for name in self.items]
        return "\n\n".join([*blocks, self._form(language)])

    def _form(self, language: str) -> str:
        """What a reply is to look like."""
        keys = ", ".join(f'"{name}"' for name in self.items)
        return _in(self.words["reply"], language).format(keys=keys)

    def _statement(self, name: str, language: str) -> str:
        item = self.items[name]
        labels = _in(item.labels, language)
        meaning = _in(item.meaning, language) if item.meaning else ""
        heading = _in(self.words["scale"], language).format(name=name)
        named = [f"{k:g} = {labels[k]}" if labels[k] else f"{k:g}" for k in item.levels]
        if item.many:
            between = _in(self.words["many"], language)["any" if item.many.continuous else "whole"]
            named.insert(0, between.format(low=item.many.low, high=item.many.high))
        scale = "; ".join(named)
        return f"{_in(item.statement, language)} {meaning}".rstrip() + f"\n{heading} {scale}"

    def correction(self, reply: str, reason: str, language: str) -> list[Message]:
        """What is added when a reply could not be used and the judge is asked again."""
        again = _in(self.words["again"], language).format(reason=unmarked(reason))
        return [
            {"role": "assistant", "content": unmarked(reply[:500]) or "(empty)"},
            {"role": "user", "content": f"{again} {self._form(language)}"},
        ]

    def reply_schema(self) -> dict[str, Any]:
        """JSON schema of a reply: one number of its scale for each dimension."""
        return {
            "type": "object",
            "properties": {name: item.score_schema() for name, item in self.items.items()},
            "required": list(self.items),
            "additionalProperties": False,
        }


def frame_code(*texts: str, digits: int = 16) -> str:
    """A code for the tags around texts that none of them holds, so that none can close its tag.

    Equal texts get equal codes, so that an answer is asked about in the same words each time. Who
    writes a text cannot know its code: it is drawn from the whole of all of them.

    Parameters
    ----------
    *texts
        What is shown between tags.
    digits
        Length of the code, in hexadecimal digits.
    """
    spelt = ["".join(filter(str.isalnum, normalize("NFKC", text).casefold())) for text in texts]
    hashes = (digest_text(json.dumps([n, *texts])) for n in count())
    return next(h[:digits] for h in hashes if not any(h[:digits] in text for text in spelt))


def _in(by_language: dict[str, Any], language: str) -> Any:
    """The wording in a language, in English where there is none, else in any."""
    found = looked_up(by_language, language, _FALLBACK)
    return next(iter(by_language.values())) if found is None else found


@cache
def _shipped() -> dict[str, Any]:
    path = Path(__file__).with_name("rubric.yaml")
    return parse_yaml(read_text(path), path.name)


def default_rubric(dimensions: Sequence[str] = ()) -> Rubric:
    """The rubric that ships: the survey's five dimensions, each from 1 to 5.

    Parameters
    ----------
    dimensions
        Which to ask about; all five by default.

    Raises
    ------
    InputError
        If the rubric has no such dimension.
    """
    content = _shipped()
    known = content["dimensions"]
    for name in dimensions:
        if name not in known:
            raise InputError(
                f"{one_of('a dimension of the rubric', name, known)}; give the study's codebook "
                "with --study, whose own statements are then used"
            )
    labels: dict[str, dict[int | float, str]] = {
        language: dict(enumerate(words, start=1)) for language, words in content["labels"].items()
    }
    items = {name: Item(**known[name], labels=labels) for name in (dimensions or known)}
    return _rubric(items)


def study_rubric(codebook: "Codebook") -> Rubric:
    """The rubric of a study: its codebook's statements, scales and words.

    What the codebook leaves out is taken from the rubric that ships where that has a dimension of
    the same name and scale; a statement that neither has is made of the dimension's label.
    """
    return _rubric({name: _item(codebook, name) for name in codebook.dimensions})


def _item(codebook: "Codebook", name: str) -> Item:
    known = _shipped()["dimensions"].get(name, {})
    dimension = codebook.dimensions[name]
    made = {"en": f"The answer exhibits {codebook.label(name).lower()}."}
    return Item(
        statement=dict(dimension.statement) or known.get("statement") or made,
        meaning=known.get("meaning", {}),
        labels=_labels(dimension),
        many=None if dimension.scale.categorical else dimension.scale,
    )


def _labels(dimension: "Dimension") -> dict[str, dict[int | float, str]]:
    """Words of a dimension's ratings by language; empty where it has none."""
    spoken = {language for words in dimension.labels.values() for language in words}
    shipped = _shipped()["labels"]
    if not dimension.scale.categorical:
        return {
            language: {
                k: word[language] for k, word in dimension.labels.items() if language in word
            }
            for language in sorted(spoken) or [_FALLBACK]
        }
    if not spoken and len(dimension.levels) == len(shipped["en"]):
        return {k: dict(zip(dimension.levels, words, strict=True)) for k, words in shipped.items()}
    return {
        language: {k: dimension.labels.get(k, {}).get(language, "") for k in dimension.levels}
        for language in sorted(spoken) or [_FALLBACK]
    }


def _rubric(items: dict[str, Item]) -> Rubric:
    content = _shipped()
    words = {part: content[part] for part in ("instruction", "scale", "reply", "again", "headings")}
    # Only where they are used, so that the version of other rubrics stays.
    scales = [item.many for item in items.values() if item.many]
    words |= {"many": content["many"]} if scales else {}
    if any(scale.continuous for scale in scales):
        words["reply"] = content["reply_between"]
    return Rubric(items=items, words=words, edition=str(content["version"]))
