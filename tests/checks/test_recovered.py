import pytest

from pluralign_stats import InputError
from pluralign_stats.checks import recovery


def test_planted_and_estimated_stand_side_by_side(small_study, small_effects):
    result = recovery(small_study, small_effects.percents)
    truth = small_study.truth.effects
    percents = small_effects.percents.table.set_index(["dimension", "contrast", "reading"])
    assert len(result.table)
    for row in result.table.itertuples():
        level, _, reference = row.contrast.partition(" vs ")
        planted = truth[
            (truth["dimension"].map(small_study.codebook.label) == row.dimension)
            & (truth["level"] == level)
            & (truth["reference"] == reference)
        ].iloc[0]
        assert planted["planted"]
        assert row.planted == pytest.approx(planted[f"percent_{row.reading}"])
        assert row.estimate == percents.loc[(row.dimension, row.contrast, row.reading), "estimate"]
        inside = row.conf_low <= row.planted <= row.conf_high
        assert row.covered == inside
    assert result.meta.data == "simulated"
    hits = result.table["covered"].sum()
    assert result.sentence.startswith(f"{hits} of {len(result.table)} intervals")


def test_every_reported_effect_has_both_readings(small_study, small_effects):
    table = recovery(small_study, small_effects.percents).table
    males = table[table["contrast"] == "Male vs Female"].set_index("reading")["planted"]
    assert males["odds"] == pytest.approx(-18)
    assert -18 < males["mean"] < 0


def test_a_real_study_has_no_truth(toy, small_effects):
    with pytest.raises(InputError, match="no planted truth"):
        recovery(toy.read(), small_effects.percents)
