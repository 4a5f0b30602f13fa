"""An attack on a finished report: what all its tables, sentences and figures tell of few raters.

The study is made to be attacked: two demographics that partly determine each other, a level of
few, few who declined or were not asked, two who skipped a dimension, a filter that left out two.
"""

import json
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from odd_studies import Odd, write_odd

import pluralign_stats as pls
from pluralign_stats.cli import audit, check
from pluralign_stats.study.plan import SILENT
from tests.attack import (
    MIN_CELL,
    Attack,
    assert_apart,
    assert_open,
    known,
    learn_levels,
    level_rows,
    tells,
)
from tests.once import once
from tests.reports.little_work import draw_as
from tests.reports.test_odd_studies import judged, run

pytestmark = pytest.mark.extended

EACH = 4
CHAPTERS = ("01", "02", "03", "04", "05", "06", "08", "13")


def crossed(frames, book):
    """Parties are asked of one country, but for one rater; one of three languages is of few."""
    raters, ratings = frames["raters"], frames["ratings"]
    raters["country"] = ["US"] * 110 + ["DE"] * 57 + ["CH"] * 5
    raters["party"] = ["Dem"] * 60 + ["Rep"] * 46 + ["declined"] * 3 + [""] * 63
    raters["gender"] = ["Female", "Male"] * 86
    raters.loc[[5, 120, 121], "gender"] = "declined"
    raters.loc[[7, 130], "gender"] = "Other"
    levels = {
        "country": ["US", "DE", "CH"],
        "party": ["Dem", "Rep"],
        "gender": ["Female", "Male", "Other"],
    }
    book["demographics"] = {
        name: {"levels": own, "declined": ["declined"]} for name, own in levels.items()
    }
    number = ratings["rater"].str[1:].astype(int)
    ratings["tongue"] = np.where((number < 110) & ~number.isin([3, 4]), "en", "de")
    book["columns"]["language"] = "tongue"
    ratings["good"] = ratings["good"].astype("Int64").where(~number.isin([0, 115]))
    ratings["attention"] = np.where(number >= 170, "no", "yes")
    book["filters"] = {"attention": {"columns": "attention", "keep": "yes"}}


def run_chapters(folder):
    """Write the study, and run its chapters beside it."""
    odd = Odd(n_raters=172, demographics={}, per_rater=EACH, change=crossed)
    codebook = write_odd(folder / "s", odd)
    scores = judged(pls.read_study(codebook), codebook.parent)
    with pytest.MonkeyPatch.context() as patched:
        draw_as(patched, "svg")
        for number in CHAPTERS:
            run(number, codebook, judge_scores_file=scores)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Codebook of the study, whose chapters are run once for all workers."""
    return once(tmp_path_factory, "attacked", run_chapters) / "s" / "study.yaml"


@pytest.fixture(scope="module")
def study(report):
    return pls.read_study(report)


@pytest.fixture(scope="module")
def tables(report):
    """Each table with the sentence that goes with it, by name."""
    folder = report.parent / "out" / "tables"
    return {
        path.stem: (pd.read_csv(path), json.loads(path.with_suffix(".json").read_text("utf-8")))
        for path in sorted(folder.glob("*.csv"))
    }


#: Tables about the one model of chapter 04, whose rows add up to all of its raters.
MODELS = ("calibration", "residuals", "predicted_shares", "item_effects", "proportional_odds")
MODELS += ("influence_of_items",)

#: Tables that count some of a group's raters only, chosen by what they rated.
SELECTED = ("feedback_survival",)


def about(study, told: dict) -> str:
    """The dimension that a table is about, by its sentence."""
    names = (d for d in study.dimensions if told["sentence"].startswith(study.codebook.label(d)))
    return next(names, "")


def totals(table: pd.DataFrame) -> float:
    """Raters that all rows of a table are about; 0 where it does not tell."""
    if "n_units" in table:
        return max(table["n_units"].fillna(0).max(), (table["df_residual"] + table["df"]).max(), 0)
    if "effect" in table and table["n_ratings"].notna().all():
        return table["n_ratings"].sum() / EACH
    if table["term"].eq("Fitted rating").any() if "term" in table else False:
        bins = table[table["term"] == "Fitted rating"].drop_duplicates("group")
        return 0 if bins["n_raters"].isna().any() else bins["n_raters"].sum()
    return 0


def learned(study, tables) -> Attack:
    """All that the files of a report tell of all demographics together."""
    names = study.demographics
    found = known(study, names)
    cells = {name: list(study.answers[name].cat.categories) for name in names}
    for stem, (table, told) in tables.items():
        d = about(study, told) if stem in MODELS else ""
        model = stem in MODELS or "contrast" in table
        whole = "given" not in table and stem not in SELECTED
        if whole and "n_raters" in table and {"group", "contrast"} & set(table):
            for name in names:
                learn_levels(found, study, table, name, EACH, d, "|model" if model else "")
        if d and (n := totals(table)):
            modelled = set(tables["proportional_odds"][0]["term"])
            for name in (x for x in names if study.codebook.label(x) in modelled):
                levels = [c for c in cells[name] if c not in SILENT.values()]
                found.learn({f"{name}={c}|{d}|model": 1 for c in levels}, n)
    given = tables["unanswered"][0].set_index("term")["not_asked"].dropna()
    for label, where in given.items():
        (name,) = (n for n in names if study.codebook.label(n) == label)
        (other,) = (n for n in names if where.startswith(f"{study.codebook.label(n)} = "))
        for level in where.split(" = ")[1].split(", "):
            none = [c for c in cells[name] if c != SILENT["missing"]]
            pair = sorted([name, other], key=names.index)
            for c in none:
                parts = {name: c, other: level}
                found.learn({"&".join(f"{n}={parts[n]}" for n in pair): 1}, 0)
    crossing = tables["intersections"][0].dropna(subset="n_raters")
    for row in crossing.itertuples():
        first, x = row.given.split(": ")
        labels = {study.codebook.label(n): n for n in names}
        a, b = labels[first], labels[row.term]
        found.learn({f"{a}={x}&{b}={row.group}": 1}, row.n_raters)
    return found


def test_no_small_cell_can_be_computed_from_all_tables(study, tables):
    found = learned(study, tables)
    for name in study.demographics:
        assert_open(found, study, name)


def numbers(study, table: pd.DataFrame) -> list[tuple[str, float, str]]:
    """Whom each row counts, by number of raters or of ratings."""
    told = []
    who = pd.Series("", table.index)
    if {"given", "group"} <= set(table):
        return []
    for name in study.demographics:
        level = level_rows(study, table, name)
        who = who.where(level.isna(), f"{name}=" + level.astype(str))
    some = "term" in table and "group" in table
    who = who.mask((who == "") & some & ~table.get("group", who).isin(["All", "All raters"]), "?")
    for column, per in {"n_raters": 1, "n_units": 1, "n_ratings": EACH}.items():
        if column in table:
            known = table[column].notna() & (who != "?")
            told += [(who[k], table[column][k] / per, column) for k in table.index[known]]
    return told


def test_no_two_numbers_of_a_report_differ_by_few(study, tables):
    """101 raters here and 100 there would give one rater's ratings."""
    counts: dict[str, list[tuple[float, str]]] = {}
    whole = study.summary_counts()["raters"]
    for stem, (table, _) in tables.items():
        for who, n, column in numbers(study, table):
            counts.setdefault(who, []).append((n, f"{stem} {column}"))
    counts.setdefault("", []).append((whole, "the study"))
    for own in counts.values():
        assert_apart((n, where) for n, where in own if n > 0 and "figure1" not in where)


def secrets(study) -> dict[int, str]:
    """Numbers that would tell how few raters a cell has, or left a dimension or a model out."""
    given = study.ratings.dropna(subset="rating")
    found: dict[int, str] = {}
    shown: set[int] = set()
    for name, d in product(study.demographics, [*study.dimensions, ""]):
        rows = given[given["dimension"] == d] if d else given
        here = study.answers[name][rows["rater"].astype(str).unique()].value_counts()
        plan = study.plan(name)
        shown |= {int(n * k) for n in plan.raters[~plan.hidden] for k in (1, EACH)}
        for cell, n in here.items():
            hidden = plan.hidden[cell] or 0 < plan.raters[cell] - n < MIN_CELL
            found |= {int(k): f"{name}={cell} {d}" for k in (n, n * EACH) if hidden and n}
        if d and 0 < len(study.raters) - here.sum() < MIN_CELL:
            found |= {int(here.sum() * k): f"all {d}" for k in (1, EACH)}
        answered = rows.dropna(subset=name)["rater"].nunique()
        if 0 < len(study.raters) - answered < MIN_CELL:
            found |= {answered * k: f"with {name} {d}" for k in (1, EACH)}
    return {n: why for n, why in found.items() if n >= MIN_CELL * EACH and n not in shown}


def test_no_withheld_number_stands_anywhere(report, study):
    """In no cell, sentence, note or warning, in no figure's text, and not on the command line."""
    hidden = secrets(study)
    assert {109, 168, 57, 167} <= set(hidden)
    asked = {check.command: [], audit.command: ["--by", "country", "--n-bootstrap", "100"]}
    printed = {
        f"{command.name} {more}": CliRunner().invoke(command, [str(report), *words, *more])
        for command, words in asked.items()
        for more in ([], ["--json"])
    }
    assert all(ran.exit_code == 0 for ran in printed.values())
    out = report.parent / "out"
    texts = {name: ran.output for name, ran in printed.items()}
    texts |= {p.name: p.read_text("utf-8") for p in (out / "tables").glob("*.json")}
    for path in (out / "tables").glob("*.csv"):
        texts[path.name] = path.read_text("utf-8").replace(",", " , ")
    for path in (out / "figures").glob("*.svg"):
        words = re.findall(r"<text[^>]*>([^<]*)", path.read_text("utf-8"))
        texts[path.name] = "\n".join(words)
    digest = re.compile(r"\b[0-9a-f]{64}\b")  # its digits count nothing
    for name, text in texts.items():
        for told in re.findall(r"(?<![\d.,−-])\d[\d,]*(?![\d]*[.,]?\d)(?!%)", digest.sub("", text)):
            n = int(told.replace(",", "") or 0)
            assert n not in hidden, (name, told, hidden[n])


def test_no_number_is_a_fraction_of_a_withheld_one(study, tables):
    """Of a share or a mean in full the number of ratings could be read."""
    hidden = [n for n in secrets(study) if n > 2 * MIN_CELL * EACH]
    for stem, (table, _) in tables.items():
        if stem.startswith("feedback") or "group" not in table:
            continue
        own = table[table["n_raters"].isna()] if "n_raters" in table else table
        plain = [c for c in ("share", "observed", "estimate") if c in own]
        for column in plain:
            x = own[column].dropna().to_numpy(dtype=float)
            for n in hidden:
                assert not tells(x, np.full(len(x), float(n))).any(), (stem, column, n)
