"""An attack on finished reports: what all their tables and sentences tell of how many raters.

Everything in the folder of tables that counts raters becomes a constraint on whole numbers, of each
level of a demographic in the study, among who rated a dimension, and in the model of a dimension.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from odd_studies import Odd, write_odd

import pluralign_stats as pls
from pluralign_stats.describe.disclosure import SILENT, answers
from tests.describe.test_attack import MIN_CELL, Attack, open_sizes
from tests.reports.test_odd_studies import run

SIZES = {"Female": 101, "Male": 60, "declined": 1}


def sized(**sizes: int) -> Callable:
    """Give so many raters each gender, or no answer."""

    def change(frames, book):
        frames["raters"]["gender"] = np.repeat(list(sizes), list(sizes.values()))
        frames["raters"]["gender"] = frames["raters"]["gender"].replace("missing", "")
        levels = [level for level in sizes if level not in ("declined", "missing")]
        book["demographics"]["gender"] = {"levels": levels, "declined": ["declined"]}

    return change


def _first_skips_one(frames, book):
    sized(Female=101, Male=60)(frames, book)
    ratings = frames["ratings"]
    ratings["good"] = ratings["good"].astype("Int64").where(ratings["rater"] != "p0")


MADE = {
    "one who declined": Odd(n_raters=162, change=sized(**SIZES)),
    "a level of two": Odd(n_raters=132, change=sized(Female=80, Male=50, Other=2)),
    "one who skipped a dimension": Odd(n_raters=161, change=_first_skips_one),
}


def learned(tables: Path, study: pls.Study, name: str, each: int) -> Attack:
    """All that the files of a report tell of one demographic."""
    found, label = Attack(), study.codebook.label(name)
    cells = list(answers(study, name).cat.categories)
    levels = [c for c in cells if c not in SILENT.values()]
    found.learn(dict.fromkeys(cells, 1), len(study.raters))
    by_dimension = {study.codebook.label(d): d for d in study.dimensions}
    for d in study.dimensions:
        for c in cells:
            found.learn({c: 1, f"{c}|{d}": -1}, 0, np.inf)
        for c in levels:
            found.learn({f"{c}|{d}": 1, f"{c}|{d}|model": -1}, 0, np.inf)
    sizes = answers(study, name).value_counts()
    for c in sizes.index[(sizes > 0) & (sizes < MIN_CELL)]:
        found.learn({c: 1}, 1, MIN_CELL - 1)
    for path in sorted(tables.glob("*.csv")):
        table = pd.read_csv(path)
        text = json.loads(path.with_suffix(".json").read_text("utf-8"))
        about = next((d for k, d in by_dimension.items() if text["sentence"].startswith(k)), None)
        total = _totals(table, path.stem, each)
        if path.stem in MODELS and about and total:
            found.learn({f"{c}|{about}|model": 1 for c in levels}, total)
        told = re.findall(r"(?:^| )(\d[\d,]*) raters", text["sentence"])
        told = [] if path.stem == "feedback" else told
        for number in told:
            assert int(number.replace(",", "")) in (0, len(study.raters), MIN_CELL), text
        if "n_raters" not in table or not {"group", "contrast"} & set(table):
            continue
        level = (
            table["contrast"].str.partition(" vs ")[0]
            if "contrast" in table and path.stem not in MODELS
            else table["group"]
        )
        own = (table["term"] == label) if "term" in table else level.isin(cells)
        kind = "|model" if path.stem in MODELS or "contrast" in table else ""
        dims = table["dimension"].map(by_dimension) if "dimension" in table else None
        share = table["raters_share"] if "raters_share" in table else table["n_raters"] * np.nan
        for k in table.index[own & level.isin(cells) & table["n_raters"].notna()]:
            d = about if dims is None else dims[k]
            key = f"{level[k]}|{d}{kind}" if d else level[k]
            if path.stem in SELECTED:
                continue
            found.learn({key: 1}, table["n_raters"][k])
            assert np.isnan(share[k]) or 0 < share[k] < 1
    return found


#: Tables about one model, whose rows add up to all of its raters or ratings.
MODELS = ("calibration", "residuals", "predicted_shares", "item_effects", "proportional_odds")
MODELS += ("influence_of_items",)

#: Tables that count some of a group's raters only, chosen by what they rated.
SELECTED = ("feedback_survival",)


def _totals(table: pd.DataFrame, stem: str, each: int) -> float:
    """Raters of the model that a table is about; 0 where it does not tell."""
    if stem == "proportional_odds":
        count = table["n_units"].max()
        return count if count > 0 else np.nan_to_num((table["df_residual"] + table["df"]).max())
    if stem == "item_effects":
        return 0 if table["n_ratings"].isna().any() else table["n_ratings"].sum() / each
    if stem not in ("calibration", "residuals") or table.empty:
        return 0
    bins = table[table["term"] == "Fitted rating"].drop_duplicates("group")
    return 0 if bins["n_raters"].isna().any() else bins["n_ratings"].sum() / each


@pytest.mark.slow
@pytest.mark.parametrize("odd", MADE.values(), ids=MADE.keys())
def test_no_report_tells_the_size_of_a_small_cell(odd, tmp_path, capsys):
    codebook = write_odd(tmp_path / "s", odd)
    for number in ("01", "04", "08"):
        run(number, codebook, capsys)
    study = pls.read_study(codebook)
    for name in study.demographics:
        found = learned(codebook.parent / "out" / "tables", study, name, odd.per_rater)
        sizes = answers(study, name).value_counts()
        for cell in sizes.index[(sizes > 0) & (sizes < MIN_CELL)]:
            assert open_sizes(found, {cell: 1}) >= (MIN_CELL - 1) // 2, (name, cell)
        given = study.ratings.dropna(subset="rating")
        for d in study.dimensions:
            there = given.loc[given["dimension"] == d, "rater"].unique().astype(str)
            n = answers(study, name).reindex(there).value_counts()
            for cell, left in (sizes - n.reindex(sizes.index, fill_value=0)).items():
                if 0 < left < MIN_CELL:
                    low, high = found.range({cell: 1, f"{cell}|{d}": -1})
                    assert low < high, (name, cell, d, low)
