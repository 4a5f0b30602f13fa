"""Chapters that a report leaves out, since nothing that it is given answers their question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.outcomes.rating_findings import published_rating_findings
from reports.model import Notebook

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study

#: What a study has of itself, rather than by a file that is given as a parameter.
PUBLISHED, PREFERENCES = "published_findings", "preferences"

#: What a chapter may need, in words, and what gives it to a report.
SOURCES = {
    "outcomes_file": (
        "scores of tuned models",
        "-p outcomes_file=SCORES/outcomes.parquet adds them, which pluralign train, generate and "
        "judge make",
    ),
    "judge_scores_file": (
        "a judge's scores of the study's own responses",
        "-p judge_scores_file=SCORES/item_scores.parquet adds them, which pluralign judge STUDY "
        "makes",
    ),
    PUBLISHED: ("a dimension and groups that the paper reports on", ""),
    PREFERENCES: (
        "prompts with two responses or more",
        "where there are, the codebook names the prompt under 'columns'",
    ),
}


@dataclass(frozen=True)
class LeftOut:
    """Chapters that a report is without for one reason: their titles, what they need, and how."""

    titles: tuple[str, ...]
    needs: str
    how: str


def sort_out(
    notebooks: Sequence[Notebook], values: Mapping[str, Mapping[str, object]], study: "Study"
) -> tuple[list[Notebook], list[LeftOut]]:
    """The chapters that have something to answer from, and what is told of the others.

    Parameters
    ----------
    notebooks : sequence of Notebook
        The chapters of a report of which none was asked for by name.
    values : mapping of str to mapping
        By notebook the values that its parameters are given.

    Raises
    ------
    InputError
        If a notebook needs what there is not, or none is left.
    """
    for notebook in notebooks:
        _refuse_unknown(notebook)
    kept: list[Notebook] = []
    without: dict[tuple[str, ...], list[str]] = {}
    for notebook in notebooks:
        if _answered(notebook, values[notebook.name], study):
            kept.append(notebook)
        else:
            without.setdefault(notebook.needs, []).append(notebook.title)
    left_out = _told(without)
    if not kept:
        told = "; ".join(f"{listing(each.titles)}, for want of {each.needs}" for each in left_out)
        raise InputError(f"all of this report would be left out: {told}; give one as a parameter")
    return kept, left_out


def _answered(notebook: Notebook, values: Mapping[str, object], study: "Study") -> bool:
    def there(need: str) -> bool:
        if need == PUBLISHED:
            return bool(published_rating_findings(study))
        if need == PREFERENCES:
            return bool(study.items["prompt"].duplicated().any())
        return bool(values.get(need, notebook.parameters[need].default))

    return not notebook.needs or any(there(need) for need in notebook.needs)


def _told(without: Mapping[tuple[str, ...], Sequence[str]]) -> list[LeftOut]:
    """What is told of titles by what they need; how to get it, with the first that do."""
    told: list[LeftOut] = []
    for needs, titles in without.items():
        words, how = zip(*(SOURCES.get(n, (n, f"-p {n}=FILE adds it")) for n in needs), strict=True)
        known = {each.how for each in told}
        new = [each for each in how if each and each not in known]
        told.append(LeftOut(tuple(titles), " or ".join(words), "; ".join(new)))
    return told


def _refuse_unknown(notebook: Notebook) -> None:
    known = [*notebook.parameters, PUBLISHED, PREFERENCES]
    for need in notebook.needs:
        if need not in known:
            raise InputError(one_of(f"what notebook {notebook.name} needs", need, known))
