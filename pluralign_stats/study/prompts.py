"""Prompts that ask the same under different names."""

from collections.abc import Sequence
from unicodedata import category

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pluralign_stats.study.text import TEXTS, bare, text_languages


def same_prompts(items: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Number the prompts so that those that share a text in any language have one number.

    Case, space, Unicode form and punctuation at either end make no other text. Prompts are also
    the same where a third one joins them, in whatever language.

    Parameters
    ----------
    items
        Of a study: prompt and, where there are any, texts of the prompts.
    names
        (n,) names of the prompts; others are passed over.

    Returns
    -------
    ndarray of int
        (n,) numbers from 0, in the order in which they first occur.
    """
    prompt = pd.Index(names).get_indexer(items["prompt"].astype(str))
    columns = [TEXTS["prompt"] + tag for tag in text_languages(items, "prompt")]
    own, text = [], []
    for column in columns:
        asked = items[column].map(asked_text, na_action="ignore")
        given = (prompt >= 0) & asked.notna().to_numpy() & (asked != "").to_numpy()
        own.append(prompt[given])
        text += asked[given].tolist()
    if not text:
        return np.arange(len(names))
    codes, found = pd.factorize(np.array(text, dtype=object))
    n, m = len(names), len(found)
    edges = coo_array((np.ones(len(codes)), (np.concatenate(own), n + codes)), (n + m, n + m))
    return pd.factorize(connected_components(edges, directed=False)[1][:n])[0]


def asked_text(text: str) -> str:
    """A prompt's text without what does not change the question."""
    plain = bare(text)
    ends = {mark for mark in plain if category(mark).startswith("P")} | {" "}
    return plain.strip("".join(ends)) or plain
