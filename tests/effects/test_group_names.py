"""Groups of two variables keep names of their own, whatever their levels hold."""

from unicodedata import normalize

import numpy as np
import pandas as pd

import pluralign_stats as pls
from pluralign_stats.feedback import Recipe
from pluralign_stats.study.select import with_reference


def test_groups_whose_levels_hold_the_mark_are_told_apart():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": ["x, y", "x"] * 40, "b": (["z"] * 2 + ["y, z"] * 2) * 20})
    frame["rating"] = rng.normal(size=80)
    fit = pls.fit_linear("rating ~ a * b", frame)
    table = fit.predictions(by=["a", "b"]).table
    assert table["group"].nunique() == len(table) == 4
    assert (table["n_ratings"] == 20).all()


def test_a_variable_that_is_named_twice_makes_its_groups_once():
    frame = pd.DataFrame({"a": ["x", "y"] * 20, "rating": np.arange(40.0) % 7, "rater": range(40)})
    fit = pls.fit_linear("rating ~ a", frame)
    people = pd.DataFrame({"a": ["x", "y"], "n": [3, 1]})
    for made in (
        lambda by: fit.predictions(by=by),
        lambda by: pls.poststratify(fit, people, by=by),
    ):
        pd.testing.assert_frame_equal(made(["a", "a"]).table, made("a").table)


def test_recipes_of_different_groups_have_different_names():
    groups = [{"g": ["a|b"]}, {"g": ["a", "b"]}, {"g": ["a&h=b"]}, {"g": ["a"], "h": ["b"]}]
    names = {Recipe(weights={"x": 1}, group=group).group_name for group in groups}
    assert len(names) == 4
    assert Recipe(weights={"x": 1}, group={"g": ["a", "b"], "h": ["c"]}).group_name == "g=a|b&h=c"


def test_levels_are_found_in_either_unicode_form(study_of):
    frame = pd.DataFrame(
        {"rater": [f"p{i}" for i in range(8)], "item": "a", "city": ["Köln", "Bonn"] * 4}
    )
    frame["rating"] = [1, 2, 3, 4] * 2
    study = study_of(frame, demographics={"city": {}})
    name = normalize("NFD", "Köln")
    assert len(study.where(city=name).ratings) == len(study.where(city=[name]).ratings) == 4
    assert with_reference(study, "city", name).ratings["city"].cat.categories[0] == "Köln"
    assert Recipe(weights={"x": 1}, group={"city": [name]}).group_name == "city=Köln"
