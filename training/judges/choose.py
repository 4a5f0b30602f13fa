"""Makes a judge by its name and options."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import InputError, one_of
from training.judgement import Judge

if TYPE_CHECKING:
    from pluralign_stats.study.codebook import Codebook

#: Judges by name, each with what it is.
JUDGES = {
    "embedded": "reads the miniature world's answers exactly",
    "endpoint": "a language model behind an OpenAI-compatible endpoint",
    "classifier": "a Hugging Face sequence classifier on this machine",
}


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
    given = {k: v for k, v in options.items() if v is not None}
    if name == "embedded":
        _refuse_foreign(name, given, [])
        from training.judges.embedded import EmbeddedJudge

        return EmbeddedJudge()
    if name == "endpoint":
        return _endpoint(given, codebook, cache)
    if name == "classifier":
        from training.judges.classifier import ClassifierJudge, ClassifierOptions

        _refuse_foreign(name, given, [f.name for f in fields(ClassifierOptions)])
        judge = ClassifierJudge(ClassifierOptions(**given))
        _refuse_other_scales(judge.dimensions, codebook)
        return judge
    raise InputError(one_of("the judge", name, JUDGES))


def _endpoint(given: dict[str, Any], codebook: "Codebook | None", cache: Path) -> Judge:
    from training.judges.cache import ReplyCache
    from training.judges.endpoint import EndpointJudge
    from training.judges.options import EndpointOptions
    from training.judges.rubric import default_rubric, study_rubric

    _refuse_foreign("endpoint", given, [f.name for f in fields(EndpointOptions)])
    options = EndpointOptions(**given)
    rubric = study_rubric(codebook) if codebook else default_rubric()
    return EndpointJudge(options, rubric, ReplyCache(cache))


def _refuse_other_scales(dimensions: Sequence[str], codebook: "Codebook | None") -> None:
    """Refuse dimensions of a study on which 1 to 5 would be taken for something else."""
    from training.judges.classifier import HIGH, LOW

    rated = codebook.dimensions if codebook else {}
    for name in dimensions:
        if name in rated and (ends := tuple(rated[name].scale)) != (LOW, HIGH):
            raise InputError(
                f"the judge 'classifier' gives scores from {LOW:g} to {HIGH:g}, and '{name}' is "
                f"rated from {ends[0]:g} to {ends[1]:g}; score it by --judge endpoint, which asks "
                "for the study's own scale"
            )


def _refuse_foreign(name: str, given: dict[str, Any], known: list[str]) -> None:
    for option in given:
        if option not in known:
            flag = f"--{option.replace('_', '-')}"
            raise InputError(f"the judge '{name}' has no option {flag}; leave it out")
    if "model" in known and "model" not in given:
        raise InputError(f"the judge '{name}' needs --model, the name of the model that judges")
