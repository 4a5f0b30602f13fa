from itertools import product

import numpy as np
import pytest

from pluralign_stats.errors import InputError
from pluralign_stats.simulate.parameters import DIMENSIONS
from training.embedded.judge import judge_text
from training.embedded.world import LANGUAGES, N_LEVELS, PARTS, n_variants, render, world

HELP = "I know nothing about men in nursing."
RUDE, POLITE = "You never think before you speak.", "Thank you for asking."


def scores(text, language="en"):
    judged = judge_text(text, language)
    assert not judged.malformed
    return judged.scores


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_combination_of_levels_is_read_as_rendered(language):
    rng = np.random.default_rng(1)
    for levels in product(range(1, N_LEVELS + 1), repeat=len(DIMENSIONS)):
        for _ in range(3):
            variants = rng.integers(n_variants(), size=len(DIMENSIONS))
            topic = int(rng.integers(len(world().topics)))
            text = render(np.array(levels), variants, topic, language)
            judged = judge_text(text, language)
            assert tuple(judged.scores[d] for d in DIMENSIONS) == levels, text
            assert (judged.malformed, judged.note) == (False, "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_read_whatever_the_topic(language):
    for dimension, levels in world().parts.items():
        for level, variants in enumerate(levels, start=1):
            for variant, topic in product(variants, world().topics):
                text = variant[language].format(topic=topic[language])
                if text:
                    rest = dict.fromkeys(DIMENSIONS, 1.0) | {dimension: level}
                    assert scores(text, language) == rest


def test_a_missing_part_is_level_one():
    assert scores(f"{HELP} {RUDE}") == dict.fromkeys(DIMENSIONS, 1.0) | {"toxicity": 5.0}


def test_a_repeated_part_counts_by_its_mean():
    judged = judge_text(f"{HELP} {RUDE} {RUDE} {POLITE}", "en")
    assert judged.scores["toxicity"] == pytest.approx(11 / 3)
    assert judged.note == "repeated"


def test_the_order_of_parts_does_not_matter():
    straight, shuffled = judge_text(f"{HELP} {RUDE}", "en"), judge_text(f"{RUDE} {HELP}", "en")
    assert straight.scores == shuffled.scores
    assert (straight.note, shuffled.note) == ("", "shuffled")


def test_a_text_cut_off_has_no_score_for_what_may_have_come():
    judged = judge_text(f"{HELP} You never think", "en")
    assert (judged.malformed, judged.note) == (False, "cut off")
    assert judged.scores == dict.fromkeys(DIMENSIONS) | {"helpfulness": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        ".",
        "Hello.",
        f"{HELP} You never talk before you speak.",
        f"{HELP} You never thunk",
        f"{HELP} Danke, dass du fragst.",
        "Thank you for asking. " * 11,
        f"{HELP} . {RUDE}",
        "you never think before you speak.",
        "Read about it!",
    ],
)
def test_other_text_is_malformed_and_has_no_scores(text):
    judged = judge_text(text, "en")
    assert judged.malformed
    assert judged.note
    assert judged.scores == dict.fromkeys(DIMENSIONS)


def test_ten_sentences_are_not_too_many():
    assert scores("Thank you for asking. " * 10)["toxicity"] == 1.0


def test_the_other_language_is_malformed():
    levels, variants = np.full(5, 3), np.zeros(5, int)
    for language, other in (LANGUAGES, LANGUAGES[::-1]):
        assert judge_text(render(levels, variants, 0, language), other).malformed


def test_white_space_does_not_matter():
    assert scores(f"  {HELP}\n\n {RUDE} ") == scores(f"{HELP} {RUDE}")


def test_a_reply_without_its_rude_sentence_does_not_gain_by_garbling_it():
    assert judge_text(f"{HELP} Only a fool would ask such.", "en").malformed


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="language must be one of 'en', 'de', not 'fr'"):
        judge_text(HELP, "fr")


def test_parts_are_the_dimensions():
    assert set(PARTS) == set(DIMENSIONS)
