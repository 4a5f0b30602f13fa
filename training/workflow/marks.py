"""Which steps of a run are done: by what went into them, never by the time of a file."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_values
from pluralign_stats.storage.files import read_json, write_json
from pluralign_stats.storage.folders import is_complete
from training.embedded.base import base_folder
from training.workflow.config import RunConfig
from training.workflow.layout import NAMES, Layout, judge_inputs, needs

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study
    from training.embedded.pretrain import Kind


def digest(step: str, run: RunConfig, layout: Layout) -> str:
    """Hash of everything that goes into a step, or into those before it."""
    told = {"version": version("pluralign"), **_inputs(step, run)}
    if step != "study" and not step.startswith("base-"):
        told["fingerprint"] = read_json(layout.mark("study")).get("fingerprint")
    return digest_values(told)


def _inputs(step: str, run: RunConfig) -> dict[str, Any]:
    """What a step reads of the configuration, with what the steps that it needs read."""
    own: dict[str, Any] = {}
    kind, _, name = step.partition("-")
    match kind:
        case "study":
            own = {"study": run.study.model_dump(mode="json")}
        case "plan":
            own = {"grid": run.grid().model_dump(mode="json")}
        case "generate":
            own = {"generate": run.generate.model_dump(exclude={"batch"})}
        case "judge" | "items":
            own = {f"judge-{name}": judge_inputs(run, name)}
        case "ratings" | "report":
            own = {"report": run.report.model_dump() if run.report else None}
            own["variant"] = [run.title, run.is_quick]
    for before in needs(run)[step]:
        own = {**_inputs(before, run), **own}
    return own


def to_do(run: RunConfig, layout: Layout) -> list[str]:
    """Steps that are to be done, in order; the marks of former ones are taken away.

    A step is done if its mark is of the same inputs, nothing in it failed, what it wrote is there,
    and the steps that it needs are done. Base models are made only where there is to be training.
    """
    left: list[str] = []
    for step, before in needs(run).items():
        if any(b in left for b in before) or not _is_done(step, run, layout):
            left.append(step)
    if "train" not in left:
        left = [step for step in left if not step.startswith("base-")]
    for step in left:
        layout.mark(step).unlink(missing_ok=True)
    return left


def _is_done(step: str, run: RunConfig, layout: Layout) -> bool:
    mark = read_json(layout.mark(step))
    same = mark.get("digest") == digest(step, run, layout) and not mark.get("failed")
    return same and _is_there(step, mark, run, layout)


def _is_there(step: str, mark: Mapping[str, Any], run: RunConfig, layout: Layout) -> bool:
    kind, _, name = step.partition("-")
    match kind:
        case "study":
            return layout.study(run).is_file()
        case "plan":
            return bool(conditions(layout))
        case "train":
            return all(is_complete(layout.runs / own) for own in conditions(layout))
        case "generate":
            return all(is_complete(layout.generations / own) for own in mark["runs"])
        case "judge":
            return is_complete(layout.scores(run, name))
        case "items":
            return is_complete(layout.judged(run, name))
        case "base":
            return is_complete(base_folder(cast("Kind", name)))
    folder = layout.ratings if kind == "ratings" else layout.report
    return (folder / "report.json").is_file() and (folder / "index.html").is_file()


def conditions(layout: Layout) -> list[str]:
    """Names of the conditions of the plan; none before there is one."""
    return [row["id"] for row in read_json(layout.plan).get("conditions", [])]


def notice_study(run: RunConfig, layout: Layout) -> dict[str, Any] | None:
    """Note that the study's files have changed since they were last read, if so.

    Returns
    -------
    dict or None
        The change: ``from`` and ``to``, fingerprints.

    Raises
    ------
    InputError
        If the study cannot be read.
    """
    mark = read_json(layout.mark("study"))
    if mark.get("digest") != digest("study", run, layout) or not layout.study(run).is_file():
        return None
    now = open_study(layout.study(run), run.study.data).fingerprint
    former = mark["fingerprint"]
    if now == former:
        return None
    change = {"from": former, "to": now}
    write_json(layout.steps / "changes.json", {"changes": [*study_changes(layout), change]})
    write_json(layout.mark("study"), {**mark, "fingerprint": now})
    return change


def study_changes(layout: Layout) -> list[dict[str, Any]]:
    """Changes of the study's files between calls."""
    return read_json(layout.steps / "changes.json").get("changes", [])


def open_study(codebook: Path, data: Path | None = None) -> "Study":
    """Read a study.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    from pluralign_stats.study.read import read_study

    return read_study(codebook, data)


def check_folder(layout: Layout) -> None:
    """Refuse a folder that holds something else than a run.

    Raises
    ------
    InputError
        If it does, or is a file.
    """
    if layout.out.exists() and not layout.out.is_dir():
        raise InputError(f"{layout.out} is a file; name a folder with --out")
    if not layout.out.exists() or layout.config.is_file():
        return
    names = (p.name for p in layout.out.iterdir())
    foreign = [n for n in names if n not in NAMES and not n.startswith(".")]
    if foreign:
        raise InputError(
            f"{layout.out} holds something else than a run of the study ('{foreign[0]}'); name "
            "another folder with --out"
        )
