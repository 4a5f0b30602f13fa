import re

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from pluralign_stats.simulate.parameters import DIMENSIONS, ITEM_CORR
from training.embedded.corpus import draw_exchanges, draw_moods
from training.embedded.world import (
    CUTS,
    LANGUAGES,
    N_LEVELS,
    PARTS,
    draw_qualities,
    levels_of,
    n_variants,
    prompts,
    render,
    world,
)


def sentences(language):
    return [
        variant[language]
        for levels in world().parts.values()
        for level in levels
        for variant in level
        if variant[language]
    ]


def test_there_are_prompts_to_hold_out_and_each_is_its_own():
    assert len(prompts()) >= 60
    for language in LANGUAGES:
        texts = {prompt.text(language) for prompt in prompts()}
        assert len(texts) == len(prompts())
        assert not any(re.search("[{}]", text) for text in texts)
    assert {prompt.gender_focused for prompt in prompts()} == {True, False}


def test_every_part_has_all_levels_and_equally_many_variants_in_both_languages():
    assert set(PARTS) == set(DIMENSIONS) == set(world().parts)
    for levels in world().parts.values():
        assert len(levels) == N_LEVELS
        for variants in levels:
            assert len(variants) == n_variants()
            assert all(set(variant) == set(LANGUAGES) for variant in variants)
            assert all(bool(variant["en"]) == bool(variant["de"]) for variant in variants)


def test_only_level_one_may_leave_a_part_out():
    for levels in world().parts.values():
        assert all(variant["en"] for variants in levels[1:] for variant in variants)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_can_be_told_apart(language):
    found = sentences(language)
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[A-ZÄÖÜ][^.!?]*\.", sentence) for sentence in found)
    assert not set(found) & set(sentences("de" if language == "en" else "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_names_the_topic_once_or_not_in_both_languages(language):
    for levels in world().parts.values():
        for variant in (variant for variants in levels for variant in variants):
            gaps = {one: variant[one].count("{topic}") for one in LANGUAGES}
            assert gaps["en"] == gaps["de"] <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_vocabulary_is_closed_and_small(language):
    told = world()
    texts = [*sentences(language), *(topic[language] for topic in told.topics)]
    texts += [framing[language] for framing in told.framings]
    words = {word for text in texts for word in re.findall(r"\w+", text.replace("{topic}", ""))}
    assert len(words) < 500


def test_rendering_by_hand():
    levels, variants = np.array([1, 5, 3, 4, 2]), np.array([0, 0, 2, 0, 1])
    assert DIMENSIONS[0] == "stereotypical_bias"
    assert render(levels, variants, 0, "en") == (
        "This can be hard. Somewhere you can read about men in nursing. "
        "Only a fool would ask such nonsense. I would like to hear your view."
    )
    assert render(levels, variants, 0, "de") == (
        "Das kann schwierig sein. Irgendwo kannst du etwas über Männer in der Pflege lesen. "
        "Nur ein Dummkopf fragt solchen Unsinn. Ich würde gern deine Sicht hören."
    )


def test_levels_are_equally_likely_and_correlated_as_planted():
    levels = levels_of(draw_qualities(40_000, np.random.default_rng(1)))
    shares = np.stack([(levels == level).mean(axis=0) for level in range(1, 6)])
    assert np.abs(shares - 0.2).max() < 4 * np.sqrt(0.16 / 40_000)
    one, other = 0, 1
    both = np.mean((levels[:, one] == 5) & (levels[:, other] == 5))
    upper = multivariate_normal([0, 0], ITEM_CORR[np.ix_([one, other], [one, other])])
    expected = upper.cdf([-CUTS[-1], -CUTS[-1]])
    assert abs(both - expected) < 4 * np.sqrt(expected / 40_000)


def test_moods_lean_towards_what_will_be_liked_and_do_not_decide_it():
    rng = np.random.default_rng(2)
    qualities = draw_qualities(20_000, rng)
    moods = draw_moods(qualities, rng)
    assert np.abs(np.bincount(moods) / 20_000 - 1 / 3).max() < 0.015
    toxicity = levels_of(qualities)[:, DIMENSIONS.index("toxicity")]
    kind, annoyed = (toxicity[moods == mood] for mood in (2, 0))
    assert 0.3 < annoyed.mean() - kind.mean() < 1.5
    assert (kind == 5).mean() > 0.05


def test_exchanges_follow_the_seed_and_name_the_topic_of_the_prompt():
    one, same, other = (list(draw_exchanges(50, np.random.default_rng(s))) for s in (1, 1, 2))
    assert one == same != other
    for exchange in one:
        topic = next(t for t in world().topics if t[exchange.language] in exchange.prompt)
        assert topic[exchange.language] in exchange.response
        assert topic[exchange.language] in exchange.thinking
