"""The contract between training and analysis: what folders of generations and scores hold.

Names stand here once, for those who write and those who read. `pandera` is loaded on first use, so
that stages which need names alone do not wait for it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line

if TYPE_CHECKING:
    import pandera.pandas as pa

#: Version of the format of scores. Files of version 1 do not say so; their columns are the same.
VERSION = 2

#: Where the attributes of a table of scores, and the mark of its folder, say their version.
VERSION_KEY = "format"

#: Files of a folder of generations, one folder for each run.
GENERATIONS, RUN = "generations.parquet", "run.json"

#: Files of a folder of scores: those of one run, and those collected over all runs.
SCORES, HEALTH, OUTCOMES = "scores.parquet", "health.parquet", "outcomes.parquet"

#: The file of scores of a study's own items.
ITEM_SCORES = "item_scores.parquet"

#: Factors that an untuned model does not have; it has `designs.CONTROL` in their place.
TUNING = (
    "group", "scale", "strategy", "objective", "labels", "languages", "min_margin",
    "max_per_prompt", "budget", "optimizer", "settings",
)  # fmt: skip

#: Factors of a condition: those of tuning, and what was tuned.
FACTORS = (*TUNING, "base_model", "chat_template", "seed")

#: What stands for the chat template that comes with a base model.
OWN_TEMPLATE = "own"

#: What identifies an answer within its run, and among all generations.
ANSWER = ("prompt", "language", "sample")
GENERATION = ("run", *ANSWER)

#: What is told of one answer, or one item of a study, on one dimension.
SCORE = ("dimension", "score", "malformed", "judge", "note")

#: What identifies a text of a study's item, and the columns that scores of items need.
ITEM = ("item", "language")
ITEM_NEEDED = ("item", "dimension", "score", "judge")

#: Columns of the collected scores, in order; all but `note`, which is for people, are needed.
COLUMNS = ("run", *FACTORS, *ANSWER, *SCORE)

#: Columns of the generations' health, one row for each run and language.
HEALTH_COLUMNS = (
    "run", "language", "n", "mean_tokens", "distinct_1", "distinct_2", "distinct_share",
    "top_share", "base_logprob", "malformed_share", "unfinished_share", "collapsed",
)  # fmt: skip

_KEY = (*GENERATION, "dimension", "judge")

#: Name of the check that scores lie on their scales.
_SCALE = "scale"

#: The command that makes a folder of scores.
COMMAND = "pluralign judge GENERATIONS --judge JUDGE --out SCORES"

#: Gives the lowest and the highest score of a dimension.
Scale = Callable[[str], tuple[float, float]]


def outcome_schema(scale: Scale | None = None) -> "pa.DataFrameSchema":
    """Schema of the collected scores.

    Parameters
    ----------
    scale
        Bounds of scores; without it there are none.
    """
    import pandera.pandas as pa

    def on_scale(table: pd.DataFrame) -> pd.Series:
        ends = table["dimension"].map(scale)
        return table["score"].isna() | table["score"].between(ends.str[0], ends.str[1])

    words = {name: pa.Column(str, coerce=True) for name in COLUMNS}
    others = {
        "seed": pa.Column(int, coerce=True),
        "sample": pa.Column(int, coerce=True),
        "score": pa.Column(float, nullable=True, coerce=True),
        "malformed": pa.Column(checks=pa.Check.isin([True, False])),
        "note": pa.Column(required=False, nullable=True),
    }
    return pa.DataFrameSchema(
        words | others,
        checks=pa.Check(on_scale, name=_SCALE) if scale else None,
        unique=list(_KEY),
        report_duplicates="exclude_first",
    )


def check_scores(table: pd.DataFrame, file: Path, scale: Scale | None = None) -> pd.DataFrame:
    """Hold collected scores against the schema.

    Parameters
    ----------
    table
        The scores, as they are to be written or were read.
    file
        Their file, for messages.
    scale
        As for `outcome_schema`.

    Returns
    -------
    DataFrame
        The table with each column in its type.

    Raises
    ------
    InputError
        On the first kind of failure, with its first row and value, what is allowed, what to do.
    """
    import pandera.pandas as pa

    if table.empty:
        raise InputError(f"{file} holds no score; make it with: {COMMAND}")
    table = table.reset_index(drop=True)
    try:
        valid = outcome_schema(scale).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise InputError(f"{file}{_refusal(table, error.failure_cases, scale)}") from error
    return valid.astype({"malformed": bool})


def _refusal(table: pd.DataFrame, failures: pd.DataFrame, scale: Scale | None) -> str:
    """What is wrong with a table, as it follows the name of its file."""
    lacking = failures.loc[failures["check"] == "column_in_dataframe", "failure_case"]
    if len(lacking):
        return (
            f" lacks the columns {listing(lacking)}, as older versions do; make it with: {COMMAND}"
        )
    cells = failures[failures["schema_context"] == "Column"]
    first = (failures if cells.empty else cells).sort_values("index").iloc[0]
    row, column = table.loc[int(first["index"])], first["column"]
    at = f": row {int(first['index']) + 1}: "
    if len(cells):
        given, again = first["failure_case"], "score the generations again"
        if pd.isna(given):
            return f"{at}'{column}' must not be missing; {again}"
        allowed = "true or false" if column == "malformed" else "numbers"
        return f"{at}'{column}' must be {allowed}, not '{one_line(given)}'; {again}"
    if scale and first["check"] == _SCALE:
        low, high = scale(row["dimension"])
        return (
            f"{at}{float(row['score']):g} is no score of '{row['dimension']}', which goes from "
            f"{low} to {high}; score the generations on the study's scale"
        )
    where = ", ".join(f"{c} '{row[c]}'" for c in _KEY)
    return f"{at}the table has two scores of {where}; keep one"


def read_made(
    file: Path, read: Callable[[Path], pd.DataFrame], form: str, make: str
) -> pd.DataFrame:
    """Read a table of a `form`, or say in one line why not and how it is made."""
    if not file.is_file():
        whole = "" if file.is_absolute() else f" in {Path.cwd()} (give the whole path)"
        raise InputError(f"there is no file {file}{whole}; make {make}")
    try:
        return read(file)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{file} cannot be read ({reason}); it must be {form}") from error


def check_version(version: object, file: Path) -> None:
    """Refuse scores in a format that this release does not know.

    Parameters
    ----------
    version
        What the file says of it; None where it says nothing.
    file
        Its name, for the message.

    Raises
    ------
    InputError
        If it is neither of version 1, which says nothing, nor of one up to `VERSION`.
    """
    if version is None or (isinstance(version, int) and 1 < version <= VERSION):
        return
    raise InputError(
        f"{file} is in version '{one_line(version)}' of the format of scores, and this release "
        f"reads 1 to {VERSION}; update Pluralign, or make the file with: {COMMAND}"
    )
