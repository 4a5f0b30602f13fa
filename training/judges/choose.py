"""Makes a judge by its name and options."""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pluralign_stats.errors import InputError, check_one_of
from training.judgement import Judge, JudgeKind

if TYPE_CHECKING:
    from pluralign_stats.study.codebook import Codebook

#: Judges by name; each has a module of its name, whose `KIND` says how it is made.
JUDGES = ("embedded", "endpoint", "classifier")

if TYPE_CHECKING:
    JudgeName = str
else:
    JudgeName = Literal[JUDGES]


def judge_kind(name: str) -> JudgeKind:
    """Give how a judge is made.

    Raises
    ------
    InputError
        If there is no such judge.
    """
    check_one_of("the judge", name, JUDGES)
    kind: JudgeKind = import_module(f"training.judges.{name}").KIND
    return kind


def make_judge(
    name: str,
    options: Mapping[str, Any],
    *,
    codebook: "Codebook | None" = None,
    cache: Path = Path("judge-cache.jsonl"),
) -> Judge:
    """Make a judge.

    Parameters
    ----------
    name
        One of `JUDGES`.
    options
        Options of the judge, as `EndpointOptions` or `ClassifierOptions` name them; None counts as
        not given. The embedded judge takes none.
    codebook
        Of the study whose statements, scales and words an endpoint is asked in.
    cache
        File of an endpoint's paid replies.

    Raises
    ------
    InputError
        If there is no such judge, an option belongs to another judge, one is missing, or the
        classifier's scores of 1 to 5 do not fit the study's scale.
    MissingExtraError
        If its packages are not installed.
    """
    kind = judge_kind(name)
    given = {k: v for k, v in options.items() if v is not None}
    known = [f.name for f in fields(kind.options)] if kind.options else []
    for option in given:
        if option not in known:
            flag = f"--{option.replace('_', '-')}"
            raise InputError(f"the judge '{name}' has no option {flag}; leave it out")
    if "model" in known and "model" not in given:
        raise InputError(f"the judge '{name}' needs --model, the name of the model that judges")
    return kind.make(kind.options(**given) if kind.options else None, codebook, cache)
