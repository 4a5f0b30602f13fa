"""Generate all answers of one run into its folder, going on from where a killed stage stopped."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pluralign_stats.errors import InputError
from pluralign_stats.outcomes.schema import GENERATIONS, RUN
from pluralign_stats.storage.files import read_json, write_json
from pluralign_stats.storage.folders import commit, is_complete, staging_folder
from pluralign_stats.storage.store import Store
from pluralign_stats.storage.tables import write_table
from pluralign_stats.versions import imported_versions
from training.conditions.names import INPUTS
from training.engines.engine import Engine, GenerationOptions, Request
from training.generation.plan import Ask, plan, row, table
from training.generation.prompts import Prompt, fingerprint
from training.generation.runs import Run, describe

#: What is generated, before all of it is there.
ANSWERS = "answers"

#: Options that change how fast answers come, not which.
_FREE = ("batch",)


def inputs_of(run: Run, prompts: Sequence[Prompt], options: GenerationOptions) -> dict[str, Any]:
    """What decides the answers of a run: equal inputs, equal answers."""
    chosen = {k: v for k, v in asdict(options).items() if k not in _FREE}
    return {"run": run.identity, "prompts": fingerprint(prompts), "options": chosen}


def is_done(out: Path, inputs: dict[str, Any]) -> bool:
    """Whether the run's answers are there, made from the same inputs.

    Raises
    ------
    InputError
        If they were made from others, or the folder was changed.
    """
    if not out.exists():
        return False
    former = read_json(out / INPUTS)
    if not is_complete(out):
        raise InputError(
            f"{out} is not complete, or was changed since it was written; delete it and run the "
            "command again"
        )
    if former != inputs:
        raise InputError(
            f"{out} holds answers made otherwise ({_difference(former, inputs)}); choose another "
            "folder, or delete this one"
        )
    return True


def _difference(former: dict[str, Any], now: dict[str, Any]) -> str:
    old, new = former.get("options", {}), now["options"]
    changed = [f"{k} was {old.get(k)}, is now {v}" for k, v in new.items() if old.get(k) != v]
    told = {"run": "the run has changed", "prompts": "other prompts"}
    changed += [words for key, words in told.items() if former.get(key) != now[key]]
    return "; ".join(changed)


def generate_run(
    run: Run,
    prompts: Sequence[Prompt],
    out: Path,
    engine: Engine,
    options: GenerationOptions,
) -> Iterator[int]:
    """Write the folder of one run's generations; nothing is generated twice.

    Parameters
    ----------
    out
        Folder to be; until it is complete the work is in ``<out>.partial``.

    Yields
    ------
    int
        Number of answers after every batch, those found from before included.

    Raises
    ------
    InputError
        If the adapter is not what was trained, or a prompt leaves no room for an answer.
    PluralignError
        If nothing can be written.
    """
    inputs = inputs_of(run, prompts, options)
    staging = staging_folder(out)
    if read_json(staging / INPUTS) != inputs:
        shutil.rmtree(staging)
        staging_folder(out)
        write_json(staging / INPUTS, inputs)
    asks = plan(run.id, prompts, options.samples, options.seed)
    if not (staging / GENERATIONS).is_file():
        store = Store(staging / ANSWERS / "answers.jsonl", "answer")
        yield from _fill(run, asks, store, engine, options)
        write_table(staging / GENERATIONS, table(store.entries.values()))
    shutil.rmtree(staging / ANSWERS, ignore_errors=True)
    write_json(staging / RUN, {**describe(run), "generation": asdict(options)})
    record = {"stage": "generate", "inputs": inputs, "base": engine.fingerprint}
    commit(staging, out, {**record, "versions": imported_versions(sys.modules)})


def _fill(
    run: Run, asks: Sequence[Ask], store: Store, engine: Engine, options: GenerationOptions
) -> Iterator[int]:
    """Generate the answers that are not kept yet, batch by batch."""
    left = [ask for ask in asks if ask.key not in store.entries]
    yield len(asks) - len(left)
    if left:
        engine.use(run.folder)
        engine.check([ask.prompt.text for ask in asks])
    for first in range(0, len(left), options.batch):
        batch = left[first : first + options.batch]
        replies = engine.generate([Request(a.prompt.text, a.seed) for a in batch])
        store.add({a.key: row(run.id, a, reply) for a, reply in zip(batch, replies, strict=True)})
        yield len(batch)
