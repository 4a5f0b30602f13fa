"""Ratings as arrays: one row for each rater and response, in an order that files cannot change."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from pluralign_stats.study.study import Study
from pluralign_stats.study.text import TEXTS, lookup, text_languages

_KNOWN: "WeakKeyDictionary[Study, Responses]" = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Responses:
    """What n pairs of rater and item say on d dimensions.

    Codes count the sorted names, and rows are sorted by item, then rater, so that the order of
    rows in the files of a study changes nothing.

    Attributes
    ----------
    items, prompts, raters, languages
        Sorted names. Languages are those of the texts that were read: ratings in ``de-AT`` are of
        the text in ``de``, if there is one. A study that does not record languages has one: the
        first in which its texts are written, or ``""`` without texts.
    item, rater, language
        (n,) codes of each row; language -1 where it is not recorded.
    prompt_of
        (items,) code of each item's prompt.
    ratings
        (n, d) ratings as given; missing ones NaN.
    dimensions
        Names of the d dimensions.
    without_text
        (items, languages + 1) whether prompt or response has no text in that language, and in
        `text_language`; all false in a study without texts.
    unwritten
        (languages,) whether there are texts, but none in that language.
    text_language
        Name of the first language of the texts, which stands for all where languages are pooled;
        ``""`` without texts.
    """

    items: np.ndarray
    prompts: np.ndarray
    raters: np.ndarray
    languages: np.ndarray
    item: np.ndarray
    rater: np.ndarray
    language: np.ndarray
    prompt_of: np.ndarray
    ratings: np.ndarray
    dimensions: tuple[str, ...]
    without_text: np.ndarray
    unwritten: np.ndarray
    text_language: str

    @property
    def n_cells(self) -> int:
        """Number of combinations of item and language."""
        return len(self.items) * len(self.languages)

    @property
    def asked(self) -> np.ndarray:
        """(cells,) code of the prompt of each cell in its language."""
        item, language = np.divmod(np.arange(self.n_cells), len(self.languages))
        return self.prompt_of[item] * len(self.languages) + language


def responses_of(study: Study) -> Responses:
    """The ratings of a study as arrays; made once for each study."""
    found = _KNOWN.get(study)
    if found is None:
        found = _KNOWN[study] = _make(study)
    return found


def _make(study: Study) -> Responses:
    ratings = study.ratings
    items, item = _codes(ratings["item"])
    raters, rater = _codes(ratings["rater"])
    known = study.items.set_index("item")["prompt"].astype(str)
    prompts, prompt_of = np.unique(known.loc[items].to_numpy(str), return_inverse=True)
    texts = text_languages(study.items)
    languages, language = _languages(ratings, texts)
    key = item.astype(np.int64) * len(raters) + rater
    keys, first, row = np.unique(key, return_index=True, return_inverse=True)
    wide = np.full((len(keys), len(study.dimensions)), np.nan)
    order = list(ratings["dimension"].cat.categories)
    position = np.array([study.dimensions.index(name) for name in order])
    wide[row, position[ratings["dimension"].cat.codes]] = ratings["rating"]
    return Responses(
        items,
        prompts,
        raters,
        languages,
        (keys // len(raters)).astype(np.intp),
        (keys % len(raters)).astype(np.intp),
        language[first],
        prompt_of,
        wide,
        study.dimensions,
        _without_text(study.items, items, languages, texts),
        np.array([bool(texts) and name not in texts for name in languages], dtype=bool),
        texts[0] if texts else "",
    )


def _codes(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Sorted names of a categorical column, and the code of each row; -1 where missing."""
    names = column.cat.categories.astype(str).to_numpy(str)
    order = np.argsort(names)
    rank = np.empty(len(names) + 1, np.intp)
    rank[order], rank[-1] = np.arange(len(names)), -1
    return names[order], rank[column.cat.codes]


def _languages(ratings: pd.DataFrame, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted languages of the texts that were read, and the code of each row; -1 where missing."""
    if "language" not in ratings:
        return np.array(texts[:1] or [""]), np.zeros(len(ratings), np.intp)
    tags, code = _codes(ratings["language"])
    read = np.array([lookup(tag, texts) or tag for tag in tags], dtype=str)
    names, place = np.unique(read, return_inverse=True)
    return names, np.append(place, -1)[code]


def _without_text(
    frame: pd.DataFrame, items: np.ndarray, languages: np.ndarray, texts: list[str]
) -> np.ndarray:
    empty = np.zeros((len(items), len(languages) + 1), bool)
    if not texts:
        return empty
    frame = frame.set_index(frame["item"].astype(str)).loc[items]
    for code, language in enumerate((*languages, texts[0])):
        for part in ("response", "prompt"):
            column = TEXTS[part] + language
            if column in frame:
                empty[:, code] |= (frame[column].fillna("").str.strip() == "").to_numpy()
            else:
                empty[:, code] |= part == "response"
    return empty
