"""Columns whose effects a codebook asks for: each becomes a covariate, if it is none yet."""

from dataclasses import dataclass

from pluralign_stats.errors import InputError, one_of
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.covariate import Covariate
from pluralign_stats.study.draft import Given, draft_covariates
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.tables import Tables


@dataclass(frozen=True)
class Asked:
    """A codebook with an entry for each covariate whose effects it asks for.

    Attributes
    ----------
    codebook
        Its `effects` are names of its covariates, or the language.
    notes
        As what columns without an entry were taken, one sentence each.
    """

    codebook: Codebook
    notes: tuple[str, ...] = ()


def asked_effects(codebook: Codebook, tables: Tables) -> Asked:
    """Find the covariates whose effects a codebook asks for, and draft entries that it lacks.

    Raises
    ------
    InputError
        If a name is that of no covariate and of no column, or of a column that is something else.
    """
    entries = dict.fromkeys(_entry_of(codebook, name) or name for name in codebook.effects)
    known = {*codebook.covariates, *([LANGUAGE] if codebook.columns.language else [])}
    new = [name for name in entries if name not in known]
    for column in new:
        _check_column(codebook, tables, column)
    if not new:
        return Asked(codebook.model_copy(update={"effects": tuple(entries)}))
    used = {*codebook.dimensions, *codebook.factors}
    drafted, inferred = draft_covariates(tables, new, Given(), used)
    named = dict(zip(new, drafted, strict=True))
    made = {name: Covariate.model_validate(content) for name, content in drafted.items()}
    update = {
        "covariates": codebook.covariates | made,
        "effects": tuple(named.get(name, name) for name in entries),
    }
    notes = tuple(
        f"'{each.column}' is named under 'effects' and has no entry under 'covariates': taken as "
        f"{each.taken_as} ({each.why})"
        for each in inferred
    )
    return Asked(codebook.model_copy(update=update), notes)


def _entry_of(codebook: Codebook, name: str) -> str:
    """What is called so, or has this column: a covariate, or the language; empty if neither."""
    if name in codebook.covariates or (name == LANGUAGE and codebook.columns.language):
        return name
    if name == codebook.columns.language:
        return LANGUAGE
    return next((n for n, c in codebook.covariates.items() if c.column == name), "")


def _check_column(codebook: Codebook, tables: Tables, column: str) -> None:
    """Refuse what is no column of ratings or items, or one that is something else."""
    here = [table for table in (tables.ratings, tables.items) if table is not None]
    columns = dict.fromkeys(name for table in here for name in table.frame)
    taken = _roles(codebook).get(column)
    if taken:
        raise InputError(f"effects: the column '{column}' is {taken}; name covariates only")
    if column in columns:
        return
    if tables.raters is not None and column in tables.raters.frame:
        raise InputError(
            f"effects: '{column}' is a column of {tables.raters.name}; what raters differ in is "
            "stated under 'demographics', whose effects are estimated in any case"
        )
    free = [name for name in columns if name not in _roles(codebook)]
    known = dict.fromkeys([*codebook.covariates, *free])
    raise InputError(f"effects: {one_of('a covariate', column, known)}")


def _roles(codebook: Codebook) -> dict[str, str]:
    """Columns that cannot be covariates, and what they are instead."""
    columns = codebook.columns
    roles = {columns.rater: "the rater", columns.prompt: "the prompt"}
    roles |= {columns.item[0]: "the item"} if len(columns.item) == 1 else {}
    roles |= {columns.dimension: "the dimension", columns.rating: "the rating"}
    roles |= {columns.weight: "the weight"}
    for name, dimension in codebook.dimensions.items():
        roles[dimension.column or name] = f"what '{name}' is rated in"
    for name, factor in codebook.demographics.items():
        roles[factor.column or name] = f"the demographic '{name}'"
    texts = (codebook.texts.prompt, codebook.texts.response)
    roles |= {column: "a text" for by in texts for column in by.values()}
    return {column: what for column, what in roles.items() if column is not None}
