"""Training data: feedback with its texts, and its tokens as TRL's trainers take them."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_bytes
from pluralign_stats.study.languages import TEXTS, text_languages
from pluralign_stats.study.study import Study
from training.chat import answer_tokens, prompt_tokens
from training.conditions.options import TrainingOptions

if TYPE_CHECKING:
    from datasets import Dataset

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
    told = {"chosen": "chosen_text", "rejected": "rejected_text"}
    if "item" in examples:
        told = {"item": "response_text"}
    first = next(iter(told))
    frame = _add(examples, texts, first, {"prompt_text": "prompt_text", "text": told[first]})
    if "rejected" in told:
        frame = _add(frame, texts, "rejected", {"text": told["rejected"]})
    columns = UNPAIRED_COLUMNS if "item" in examples else PAIR_COLUMNS
    return frame[list(columns)].reset_index(drop=True)


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


def _add(
    frame: pd.DataFrame, texts: pd.DataFrame, column: str, names: dict[str, str]
) -> pd.DataFrame:
    keyed = texts.rename(columns={"item": column, **names})[[column, "language", *names.values()]]
    plain = frame.astype({column: "str", "language": "str"})
    merged = plain.merge(keyed, how="left", on=[column, "language"], validate="many_to_one")
    return merged.fillna(dict.fromkeys(names.values(), ""))


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


def pair_rows(feedback: pd.DataFrame, tokenizer: Any, max_length: int) -> Rows:
    """Pairs in tokens: prompt_ids, chosen_ids, rejected_ids, p, weight, example.

    An example is left out, and counted, if a text is empty, the two responses are the same, or
    prompt and response are longer than `max_length` tokens. Nothing is ever cut.
    """
    write = _Writer(tokenizer, max_length)
    kept = Rows([])
    for i, row in enumerate(feedback.itertuples(index=False)):
        ids, reason = write.exchange(row.prompt_text, row.chosen_text, row.rejected_text)
        if reason is None and row.chosen_text.strip() == row.rejected_text.strip():
            reason = ALIKE
        if reason is not None:
            kept.excluded[reason] += 1
            continue
        prompt, chosen, rejected = ids
        kept.rows.append(
            {
                "prompt_ids": prompt,
                "chosen_ids": chosen,
                "rejected_ids": rejected,
                "p": float(row.p),
                "weight": float(row.weight),
                "example": i,
            }
        )
    return kept


def unpaired_rows(feedback: pd.DataFrame, tokenizer: Any, max_length: int) -> Rows:
    """Unpaired responses in tokens: prompt, prompt_ids, completion_ids, label, weight, example.

    Left out, and counted, as in `pair_rows`.
    """
    write = _Writer(tokenizer, max_length)
    kept = Rows([])
    for i, row in enumerate(feedback.itertuples(index=False)):
        ids, reason = write.exchange(row.prompt_text, row.response_text)
        if reason is not None:
            kept.excluded[reason] += 1
            continue
        kept.rows.append(
            {
                "prompt": str(row.prompt),
                "prompt_ids": ids[0],
                "completion_ids": ids[1],
                "label": bool(row.desirable),
                "weight": float(row.weight),
                "example": i,
            }
        )
    return kept


def usable(feedback: pd.DataFrame, tokenizer: Any, max_length: int) -> Rows:
    """As `pair_rows` or `unpaired_rows`, with equal examples put together and counted in n."""
    texts = [c for c in feedback.columns if c.endswith("_text") or c in ("desirable", "prompt")]
    counted = feedback.groupby(texts, sort=False, dropna=False).size().rename("n").reset_index()
    counted = counted.assign(p=1.0, weight=1.0)
    make = unpaired_rows if "desirable" in feedback else pair_rows
    rows = make(counted, tokenizer, max_length)
    kept = {row["example"] for row in rows.rows}
    excluded: Counter[str] = Counter()
    for i, row in enumerate(counted.to_dict("records")):
        if i not in kept:
            alone = make(counted.iloc[[i]], tokenizer, max_length)
            excluded[next(iter(alone.excluded))] += row["n"]
    numbers = counted["n"].tolist()
    return Rows([{**row, "n": numbers[row["example"]]} for row in rows.rows], excluded)


class _Writer:
    """Writes texts in tokens, each text once."""

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._prompts: dict[str, list[int]] = {}
        self._answers: dict[str, list[int]] = {}

    def exchange(self, prompt: str, *responses: str) -> tuple[list[list[int]], str | None]:
        """Tokens of a prompt and of each response; a reason if they cannot be used."""
        if not all(text.strip() for text in (prompt, *responses)):
            return [], EMPTY
        if prompt not in self._prompts:
            self._prompts[prompt] = prompt_tokens(self._tokenizer, prompt, thinking=False)
        for text in responses:
            if text not in self._answers:
                self._answers[text] = answer_tokens(self._tokenizer, text)
        asked, answers = self._prompts[prompt], [self._answers[text] for text in responses]
        if any(len(asked) + len(answer) > self._max_length for answer in answers):
            return [], TOO_LONG.format(self._max_length)
        return [asked, *answers], None


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


def even_weights(rows: Sequence[dict[str, Any]]) -> None:
    """Scale the weights of examples in place so that their mean is 1."""
    mean = float(np.mean([row["weight"] for row in rows]))
    for row in rows:
        row["weight"] /= mean


def dataset(rows: Iterable[dict[str, Any]]) -> "Dataset":
    """Rows as TRL takes them."""
    from datasets import Dataset

    return Dataset.from_list(list(rows))


def in_random_order(rows: Sequence[Any], seed: int) -> Iterator[Any]:
    """Rows in an order drawn by seed, again and again in new orders, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield from (rows[i] for i in rng.permutation(len(rows)))
