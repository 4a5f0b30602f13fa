"""Score the responses that a study's raters saw, so that a judge can be held against the raters."""

from pathlib import Path

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.outcomes.schema import ITEM, ITEM_SCORES
from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.folders import MARK, is_complete, read_mark
from pluralign_stats.storage.lock import held_alone
from pluralign_stats.storage.tables import write_frame
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import TEXTS, text_languages
from training.judgement import Judge
from training.judges.stage import Scored, check_out, mark_folder, refuse_other_judge
from training.judges.table import answers_of, judge_all, score_table, tally


def score_items(study: Study, out: Path, judge: Judge, *, progress: bool = False) -> Scored:
    """Judge every response of a study in every language that it has.

    Parameters
    ----------
    study
        A study with the texts of its responses.
    out
        Gets ``item_scores.parquet``: one row per item, language and dimension, with score,
        malformed, judge and note.
    judge
        The judge.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        If the study has no texts, or `out` holds other scores.
    PluralignError
        If the judge stops, or nothing can be written.
    """
    texts = item_texts(study)
    source = {"study": study.name, "fingerprint": study.fingerprint}
    check_out(out, "study", "scores of a study")
    with held_alone(out):
        kept = is_complete(out) and _belongs(out, source, judge.settings, study)
        if not kept:
            (out / MARK).unlink(missing_ok=True)
            answers = answers_of(texts["prompt"], texts["response"], texts["language"])
            with WorkProgress("Judging", "answers", {study.name: len(answers)}, progress) as bar:
                judgements = judge_all(judge, answers, study.name, bar)
            scores = score_table(texts[[*ITEM]], judgements, judge.name)
            write_frame(out / ITEM_SCORES, scores)
            record = {"judge": judge.settings, **source, "tally": tally(judgements)}
            mark_folder(out, [ITEM_SCORES], record)
        total = read_mark(out)["tally"]
    names = (study.name,)
    made, there = ((), names) if kept else (names, ())
    return Scored(out / ITEM_SCORES, made, there, (), total, judge.usage)


def _belongs(out: Path, source: dict[str, str], settings: dict[str, object], study: Study) -> bool:
    """Whether the scores in a complete folder are those asked for; an older study's are not."""
    mark = read_mark(out)
    if mark["study"] != study.name:
        raise InputError(
            f"{out} holds scores of the study '{mark['study']}', not of '{study.name}'; choose "
            "another folder with --out"
        )
    refuse_other_judge(out, mark.get("judge"), settings)
    return mark["fingerprint"] == source["fingerprint"]


def item_texts(study: Study) -> pd.DataFrame:
    """Texts of a study: one row per item and language that has a response.

    Returns
    -------
    DataFrame
        Columns item, language, prompt (empty where the study has no text of it), response.

    Raises
    ------
    InputError
        If the codebook names no texts of responses, or all are empty.
    """
    items = study.items
    languages = text_languages(items)
    if not languages:
        raise InputError(
            f"the study '{study.name}' has no texts of responses to judge; name their columns in "
            "the codebook under 'texts: response:'"
        )
    blocks = [
        pd.DataFrame(
            {
                "item": items["item"].astype(str),
                "language": language,
                "prompt": items.get(TEXTS["prompt"] + language, pd.Series("", items.index)),
                "response": items[TEXTS["response"] + language],
            }
        )
        for language in languages
    ]
    texts = pd.concat(blocks, ignore_index=True).fillna({"prompt": "", "response": ""})
    texts = texts[texts["response"].str.strip() != ""].reset_index(drop=True)
    if texts.empty:
        raise InputError(f"every response of the study '{study.name}' is empty; nothing to judge")
    return texts
