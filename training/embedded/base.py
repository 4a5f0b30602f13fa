"""The miniature base models, each in a folder of the cache as a hub model would be."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from platformdirs import user_cache_path

from pluralign_stats.errors import check_one_of
from pluralign_stats.storage.digest import digest_parts
from pluralign_stats.storage.folders import commit, is_complete, staging_folder
from pluralign_stats.storage.lock import held_alone
from training.embedded.pretrain import BaseConfig, Kind, muon_format, pretrain
from training.embedded.tokenizer import make_tokenizer
from training.embedded.world import SOURCE
from training.process import prepare_process

KINDS: tuple[Kind, ...] = get_args(Kind)


def base_model(
    kind: Kind = "embedded",
    cache: Path | None = None,
    seed: int = 1,
    config: BaseConfig | None = None,
) -> Path:
    """Folder of a miniature base model; it is pre-trained, once, if it is not there yet.

    Parameters
    ----------
    kind
        ``"embedded"`` answers at once; ``"embedded-thinking"`` thinks first.
    cache
        Where models are kept, `default_cache` unless stated. Their names tell world, size,
        training and seed apart.
    seed
        Equal seeds give equal models on one machine. Where its processor has no instructions for
        bf16, part of the training is in fp32 instead; the mark of the folder says which it was.
    config
        Size and training.

    Returns
    -------
    Path
        A folder as ``save_pretrained`` writes it, model and tokenizer, for ``from_pretrained``.

    Raises
    ------
    InputError
        If there is no such kind, or the cache cannot be written.
    """
    config = config or BaseConfig()
    folder = base_folder(kind, cache, seed, config)
    if is_complete(folder):
        return folder
    with held_alone(folder, wait=True):
        if not is_complete(folder):
            _make(folder, kind, seed, config)
    return folder


def base_folder(
    kind: Kind = "embedded",
    cache: Path | None = None,
    seed: int = 1,
    config: BaseConfig | None = None,
) -> Path:
    """Where `base_model` keeps a model, whether it is there or not.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    check_one_of("base model", kind, KINDS)
    key = _key(kind, seed, config or BaseConfig())
    return (cache or default_cache()) / f"{kind}-{key}"


def default_cache() -> Path:
    """Where base models are kept: PLURALIGN_CACHE, or the user's cache folder."""
    named = os.environ.get("PLURALIGN_CACHE")
    return Path(named) if named else user_cache_path("pluralign")


def _key(kind: Kind, seed: int, config: BaseConfig) -> str:
    """What tells models apart: texts, code that arranges them, size, training and seed."""
    here = Path(__file__).parent
    names = ("world.py", "corpus.py", "tokenizer.py", "pretrain.py", "muon.py")
    code = [here / name for name in names]
    told = json.dumps([kind, seed, asdict(config)], sort_keys=True).encode()
    return digest_parts([told, *(path.read_bytes() for path in (SOURCE, *code))])[:12]


def _make(folder: Path, kind: Kind, seed: int, config: BaseConfig) -> None:
    prepare_process()
    if folder.exists():
        shutil.rmtree(folder)
    working = staging_folder(folder)
    shutil.rmtree(working)
    working.mkdir()
    tokenizer = make_tokenizer(thinking=kind == "embedded-thinking")
    model = pretrain(tokenizer, kind, seed, config)
    model.save_pretrained(working)
    tokenizer.save_pretrained(working)
    record = {"kind": kind, "seed": seed, "muon": muon_format(), "config": asdict(config)}
    commit(working, folder, record)
