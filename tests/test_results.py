"""Results are made in one place, which tells where they come from."""

from dataclasses import dataclass

import pandas as pd

from pluralign_stats.results import Result


@dataclass(frozen=True)
class Fitted:
    """What a fit, an experiment or a result may tell."""

    data_kind: str = "simulated"
    warnings: tuple[str, ...] = ("did not converge",)
    interval: str = "Wald intervals"
    data_note: str = "miniature model"


class Bare:
    """What every source tells."""

    data_kind = "observed"


def test_a_result_says_what_its_source_tells() -> None:
    meta = Result.of(Fitted(), pd.DataFrame(), "None.", "Title", conf_level=0.9).meta
    assert meta.title == "Title"
    assert (meta.data, meta.data_note) == ("simulated", "miniature model")
    assert meta.warnings == ("did not converge",)
    assert (meta.conf_level, meta.interval) == (0.9, "Wald intervals")


def test_what_is_given_goes_before_what_the_source_tells() -> None:
    made = Result.of(
        Fitted(),
        pd.DataFrame(),
        "",
        "",
        conf_level=0.9,
        interval="credible",
        warnings=(),
        data_note="x",
    )
    assert (made.meta.interval, made.warnings, made.data_note) == ("credible", (), "x")


def test_a_table_without_intervals_names_no_kind_of_them() -> None:
    meta = Result.of(Fitted(), pd.DataFrame(), "", "").meta
    assert (meta.conf_level, meta.interval) == (None, "")


def test_a_source_need_not_tell_more_than_its_kind_of_data() -> None:
    meta = Result.of(Bare(), pd.DataFrame(), "", "", conf_level=0.9).meta
    assert (meta.data, meta.warnings, meta.interval, meta.data_note) == ("observed", (), "", "")


def test_a_result_is_a_source() -> None:
    first = Result.of(Fitted(), pd.DataFrame(), "", "")
    second = Result.of(first, pd.DataFrame(), "", "")
    assert (second.data_kind, second.data_note, second.warnings) == (
        "simulated",
        "miniature model",
        ("did not converge",),
    )


def test_notes_stand_once_and_empty_ones_do_not() -> None:
    meta = Result.of(
        Bare(), pd.DataFrame(), "", "", notes=("a", None, "b", "", "a"), warnings=["w", "w"]
    ).meta
    assert (meta.notes, meta.warnings) == (("a", "b"), ("w",))
