"""The exact judge of the miniature world: reads the five dimensions off a text.

A text is cut into sentences, and each is looked up among the parts of the world. Rules for texts
that no one wrote on purpose:

- *missing part*: the text does not show the dimension, which is level 1;
- *repeated part*: the mean of the levels read;
- *shuffled parts*: order does not matter;
- *cut off*: a text that ends inside a sentence of the world is read up to there; a dimension not
  read by then has no score, because its part may have come next;
- *anything else* (a sentence that is none of the world's, or of the other language, no sentence at
  all, more than `MOST_SENTENCES`): malformed, and no dimension has a score.

The last rule is strict on purpose. A text of which only some sentences can be read would
otherwise gain by garbling the rude one.
"""

import re
from collections.abc import Sequence
from functools import cache

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.simulate.parameters import DIMENSIONS
from pluralign_stats.study.text import lookup
from training.embedded.world import LANGUAGES, PARTS, world
from training.judgement import Judgement

#: A text of more sentences runs on: a response has five parts.
MOST_SENTENCES = 10

#: Everything up to a full stop; what is left after the last one is a sentence cut off.
_SENTENCE = re.compile(r"[^.]+\.|[^.]+$|\.")


def judge_text(response: str, language: str) -> Judgement:
    """Read the five dimensions off a response.

    Returns
    -------
    Judgement
        Scores from 1 to 5, whole numbers unless a part is repeated; None where there is no score.

    Raises
    ------
    InputError
        If the world does not speak `language`.
    """
    spoken = lookup(language, LANGUAGES)
    if spoken is None:
        raise InputError(one_of("language", language, LANGUAGES))
    known = _lexicon(spoken)
    found = (" ".join(each.split()) for each in _SENTENCE.findall(response))
    sentences = [sentence for sentence in found if sentence]
    if not sentences:
        return _malformed("no text")
    last = sentences[-1]
    cut_off = not last.endswith(".") and any(each.startswith(last) for each in known)
    whole = sentences[:-1] if cut_off else sentences
    if len(whole) > MOST_SENTENCES:
        return _malformed(f"more than {MOST_SENTENCES} sentences")
    if any(sentence not in known for sentence in whole):
        return _malformed("not of the world")
    return _read([known[sentence] for sentence in whole], cut_off)


def _read(parts: Sequence[tuple[str, int]], cut_off: bool) -> Judgement:
    """Scores of the parts read, and what was odd about them."""
    levels: dict[str, list[int]] = {dimension: [] for dimension in DIMENSIONS}
    for dimension, level in parts:
        levels[dimension].append(level)
    scores = {
        dimension: sum(read) / len(read) if read else (None if cut_off else 1.0)
        for dimension, read in levels.items()
    }
    order = [PARTS.index(dimension) for dimension, _ in parts]
    notes = ["cut off"] if cut_off else []
    notes += ["repeated"] if len(set(order)) < len(order) else []
    notes += ["shuffled"] if order != sorted(order) else []
    return Judgement(scores, note=", ".join(notes))


def _malformed(note: str) -> Judgement:
    return Judgement(dict.fromkeys(DIMENSIONS), malformed=True, note=note)


@cache
def _lexicon(language: str) -> dict[str, tuple[str, int]]:
    """Every sentence with its dimension and level, once for each topic where it names one."""
    return {
        variant[language].format(topic=topic[language]): (dimension, level)
        for dimension, levels in world().parts.items()
        for level, variants in enumerate(levels, start=1)
        for variant in variants
        if variant[language]
        for topic in world().topics
    }
