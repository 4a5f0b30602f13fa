"""Training data: feedback with its texts, and its tokens as TRL's trainers take them."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_bytes
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import TEXTS, text_languages
from training.chat import answer_tokens, prompt_tokens
from training.conditions.options import TrainingOptions

#: Columns of a run folder's feedback, by kind.
PAIR_COLUMNS = (
    "prompt", "language", "chosen", "rejected", "p", "weight",
    "prompt_text", "chosen_text", "rejected_text",
)  # fmt: skip
UNPAIRED_COLUMNS = (
    "prompt", "language", "item", "desirable", "weight", "prompt_text", "response_text",
)  # fmt: skip

EMPTY = "an empty text"
ALIKE = "two responses with the same text"
TOO_LONG = "longer than the context of {} tokens"


def with_texts(study: Study, examples: pd.DataFrame) -> pd.DataFrame:
    """Training examples with the texts that they are about.

    Parameters
    ----------
    study
        Its items file must hold texts of prompts and responses.
    examples
        What `Feedback.examples` gives: pairs, or unpaired responses.

    Returns
    -------
    pandas.DataFrame
        With `PAIR_COLUMNS` or `UNPAIRED_COLUMNS`; a text that is missing is empty.

    Raises
    ------
    InputError
        If the study has no texts.
    """
    texts = study_texts(study)
    unpaired = "item" in examples
    frame = examples.astype({"language": "str"})
    for column in ["item"] if unpaired else ["chosen", "rejected"]:
        text = "response_text" if unpaired else f"{column}_text"
        keyed = texts.rename(columns={"item": column, "text": text})
        if "prompt_text" in frame:
            keyed = keyed.drop(columns="prompt_text")
        frame = frame.astype({column: "str"}).merge(
            keyed, how="left", on=[column, "language"], validate="many_to_one"
        )
    columns = UNPAIRED_COLUMNS if unpaired else PAIR_COLUMNS
    empty = {name: "" for name in columns if name.endswith("_text")}
    return frame[list(columns)].fillna(empty).reset_index(drop=True)


def study_texts(study: Study) -> pd.DataFrame:
    """Texts of a study, one row per item and language: item, language, prompt_text, text."""
    parts = []
    for language in text_languages(study.items):
        prompt, response = (head + language for head in TEXTS.values())
        if prompt not in study.items:
            continue
        parts.append(
            pd.DataFrame(
                {
                    "item": study.items["item"].astype(str),
                    "language": language,
                    "prompt_text": study.items[prompt].astype("str").fillna(""),
                    "text": study.items[response].astype("str").fillna(""),
                }
            )
        )
    if not parts:
        raise InputError(
            f"the study '{study.name}' has no texts of both prompts and responses in any language; "
            "models are trained on texts: name their columns under 'texts' in the codebook"
        )
    return pd.concat(parts, ignore_index=True)


def feedback_hash(feedback: pd.DataFrame) -> str:
    """SHA-256 of training examples with their texts: equal for equal examples in equal order."""
    columns = "\x1f".join(feedback.columns)
    rows = pd.util.hash_pandas_object(feedback, index=False).to_numpy()
    return digest_bytes(columns.encode() + rows.tobytes())


@dataclass(frozen=True)
class Rows:
    """Examples in tokens, and what was left out.

    Attributes
    ----------
    rows
        One mapping per example, with the columns that the trainers take and, for readers, the
        number of the example.
    excluded
        Number of examples by reason.
    """

    rows: list[dict[str, Any]]
    excluded: Counter[str] = field(default_factory=Counter)

    def table(self) -> pd.DataFrame:
        """Columns reason, n: what was left out for its text."""
        return pd.DataFrame(
            {"reason": list(self.excluded), "n": list(self.excluded.values())},
        )


def rows_of(feedback: pd.DataFrame, tokenizer: Any, max_length: int) -> Rows:
    """Examples in tokens.

    Pairs have prompt_ids, chosen_ids, rejected_ids, p and weight; unpaired responses prompt,
    prompt_ids, completion_ids, label and weight; both the number of the example, and n where the
    feedback has it, which is how often the example counts.

    An example is left out, and counted, if a text is empty, prompt and response are longer than
    `max_length` tokens, or the two responses are the same. Nothing is ever cut.
    """
    asked = cache(partial(prompt_tokens, tokenizer, thinking=False))
    answered = cache(partial(answer_tokens, tokenizer))
    unpaired = "desirable" in feedback
    columns = ["response_text"] if unpaired else ["chosen_text", "rejected_text"]
    make = _unpaired_row if unpaired else _pair_row
    kept = Rows([])
    for i, row in enumerate(feedback.to_dict("records")):
        prompt, texts = row["prompt_text"], [row[column] for column in columns]
        reason, ids = None, []
        if not all(text.strip() for text in (prompt, *texts)):
            reason = EMPTY
        else:
            ids = [asked(prompt), *map(answered, texts)]
            if any(len(ids[0]) + len(answer) > max_length for answer in ids[1:]):
                reason = TOO_LONG.format(max_length)
            elif len({text.strip() for text in texts}) < len(texts):
                reason = ALIKE
        if reason:
            kept.excluded[reason] += row.get("n", 1)
        else:
            counted = {"n": row["n"]} if "n" in row else {}
            kept.rows.append({**make(row, *ids), "example": i, **counted})
    return kept


def _pair_row(
    row: dict[str, Any], prompt: list[int], chosen: list[int], rejected: list[int]
) -> dict[str, Any]:
    ids = {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}
    return {**ids, "p": float(row["p"]), "weight": float(row["weight"])}


def _unpaired_row(row: dict[str, Any], prompt: list[int], answer: list[int]) -> dict[str, Any]:
    ids = {"prompt": str(row["prompt"]), "prompt_ids": prompt, "completion_ids": answer}
    return {**ids, "label": bool(row["desirable"]), "weight": float(row["weight"])}


def usable(feedback: pd.DataFrame, tokenizer: Any, max_length: int) -> Rows:
    """As `rows_of`, with equal examples put together and counted in n."""
    texts = [c for c in feedback.columns if c.endswith("_text") or c in ("desirable", "prompt")]
    counted = feedback.groupby(texts, sort=False, dropna=False).size().rename("n").reset_index()
    return rows_of(counted.assign(p=1.0, weight=1.0), tokenizer, max_length)


def rows_met(
    rows: list[dict[str, Any]], options: TrainingOptions, seed: int
) -> list[dict[str, Any]]:
    """The examples that a training meets: all, or those drawn where it ends before all are met."""
    if options.max_steps is None:
        return rows
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    met = options.max_steps * options.batch_size * options.accumulation * processes
    if met >= len(rows):
        return rows
    drawn = in_random_order(rows, seed)
    return [next(drawn) for _ in range(met)]


def in_random_order(rows: Sequence[Any], seed: int) -> Iterator[Any]:
    """Rows in an order drawn by seed, again and again in new orders, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield from (rows[i] for i in rng.permutation(len(rows)))
