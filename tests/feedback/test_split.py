from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
import yaml

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.feedback.split import split_prompts
from pluralign_stats.study.remarks import remarks


@pytest.fixture(scope="module")
def languages(study_of):
    """Forty prompts in English, twenty in German, ten in both, in whatever order."""

    def make(seed):
        asked = [(f"e{k}", "en") for k in range(40)] + [(f"d{k}", "de") for k in range(20)]
        asked += [(f"b{k}", language) for k in range(10) for language in ("en", "de")]
        rows = [
            (f"p{n}{language}", f"{prompt}x", prompt, language, 1 + (n + k) % 5)
            for k, (prompt, language) in enumerate(asked)
            for n in range(2)
        ]
        frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "language", "rating"])
        names = {c: c for c in ("rater", "item", "prompt", "language")}
        return study_of(frame.sample(frac=1, random_state=seed), columns=names)

    return make


def test_every_prompt_is_on_one_side_and_languages_keep_their_share(languages):
    split = split_prompts(languages(1), 0.2, 3)
    assert not set(split.train) & set(split.held_out)
    assert len(split.train) + len(split.held_out) == 70
    kinds = [sum(name[0] == kind for name in split.held_out) for kind in "edb"]
    assert kinds == [8, 4, 2]


def test_a_split_is_the_seeds_and_not_the_orders(languages):
    assert split_prompts(languages(1), 0.2, 3) == split_prompts(languages(2), 0.2, 3)
    assert split_prompts(languages(1), 0.2, 3) != split_prompts(languages(1), 0.2, 4)
    study = languages(1)
    often = np.mean(["e7" in split_prompts(study, 0.25, seed).held_out for seed in range(200)])
    assert often == pytest.approx(0.25, abs=0.13)


@pytest.mark.parametrize(("share", "n"), [(0.01, 1), (0.99, 69), (0.5, 35), (0.333, 23)])
def test_both_sides_have_a_prompt(languages, share, n):
    assert len(split_prompts(languages(1), share).held_out) == n


def test_what_cannot_be_split_is_refused(languages, study_of):
    for share in (0, 1, 1.5, -0.1):
        with pytest.raises(InputError, match=f"held_out must lie between 0 and 1.* not {share:g}"):
            split_prompts(languages(1), share)
    with pytest.raises(InputError, match="the seed of the split must be 0 or more, not -1"):
        split_prompts(languages(1), 0.2, -1)
    frame = pd.DataFrame({"rater": ["a", "b"], "item": "x", "rating": [1, 2]})
    with pytest.raises(InputError, match="the study has 1 prompt"):
        split_prompts(study_of(frame))


TWICE = [
    ("exactly", "Who cooks?", "Who cooks?"),
    ("but for space", "Who cooks?", " Who\u00a0 cooks? "),
    ("but for case", "Who cooks?", "WHO COOKS?"),
    ("but for the Unicode form", "Wer kocht für Köln?", normalize("NFD", "Wer kocht für Köln?")),
    ("but for full-width letters", "Who cooks?", "Ｗｈｏ cooks?"),
    ("but for marks at the ends", "Who cooks?", "\u201cWho cooks\u201d"),
]


@pytest.fixture
def asked(tmp_path):
    """Make a study in files whose prompts have the texts given, by name and language."""

    def make(texts):
        rows = [(f"p{n}", f"{prompt}x", 1 + n % 5) for prompt in texts for n in range(2)]
        ratings = pd.DataFrame(rows, columns=["rater", "item", "x"])
        items = pd.DataFrame(texts).T.rename_axis("prompt").reset_index()
        items["item"] = items["prompt"] + "x"
        tags = [tag for tag in items if tag not in ("prompt", "item")]
        ratings.to_csv(tmp_path / "ratings.csv", index=False)
        items.to_csv(tmp_path / "items.csv", index=False)
        book = {
            "name": "asked",
            "files": {"ratings": "ratings.csv", "items": "items.csv"},
            "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
            "dimensions": {"x": {}},
            "texts": {"prompt": {tag: tag for tag in tags}},
        }
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(book), "utf-8")
        return pls.read_study(tmp_path / "study.yaml")

    return make


@pytest.mark.parametrize(("first", "second"), [t[1:] for t in TWICE], ids=[t[0] for t in TWICE])
@pytest.mark.parametrize("tags", [("en", "en"), ("en", "de")], ids=["one language", "two"])
def test_one_text_under_two_names_is_on_one_side(asked, first, second, tags):
    texts = {f"q{k}": {"en": f"Question number {k}", "de": f"Frage {k}"} for k in range(10)}
    texts["q2"][tags[0]], texts["q7"][tags[1]] = first, second
    study = asked(texts)
    for seed in range(20):
        split = split_prompts(study, 0.3, seed)
        sides = [name in split.held_out for name in ("q2", "q7")]
        assert sides[0] == sides[1]
        assert split.joined == 2
        assert len(split.train) + len(split.held_out) == 10
    assert split.summary.startswith("2 of 10 prompts have a text that another one has too")
    assert any(text.startswith("2 prompts have a text") for text in remarks(study))


def test_a_third_prompt_joins_two(asked):
    texts = {f"q{k}": {"en": f"Question {k}", "de": f"Frage {k}"} for k in range(6)}
    texts["q0"]["en"] = texts["q1"]["en"]
    texts["q1"]["de"] = texts["q2"]["de"]
    study = asked(texts)
    for seed in range(20):
        split = split_prompts(study, 0.3, seed)
        assert len({name in split.held_out for name in ("q0", "q1", "q2")}) == 1
        assert split.joined == 3


def test_half_of_the_prompts_asked_twice_do_not_leak(asked):
    texts = {f"q{k}": {"en": f"Question {k // 2}"} for k in range(20)}
    for seed in range(10):
        split = split_prompts(asked(texts), 0.25, seed)
        sides = [{int(name[1:]) // 2 for name in side} for side in (split.train, split.held_out)]
        assert not sides[0] & sides[1]
        assert len(split.held_out) == 4
        assert split.joined == 20


def test_prompts_without_a_text_are_not_the_same(asked):
    texts = {f"q{k}": {"en": ""} for k in range(5)} | {"r": {"en": "x"}}
    split = split_prompts(asked(texts))
    assert (split.joined, split.summary) == (0, "")


def test_different_texts_are_not_joined(asked):
    texts = ["3+1?", "3-1?", "31?", "C?", "C++?", "A b", "Ab", "…", "?!"]
    split = split_prompts(asked({f"q{k}": {"en": text} for k, text in enumerate(texts)}))
    assert split.joined == 0


def test_a_study_of_one_text_cannot_be_split(asked):
    with pytest.raises(InputError, match="all 4 prompts of the study have the same text"):
        split_prompts(asked({f"q{k}": {"en": "Who cooks?"} for k in range(4)}))
