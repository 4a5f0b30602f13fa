"""``pluralign check``."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from pluralign_stats.cli.options import (
    data_option,
    json_option,
    print_json,
    print_table,
    study_argument,
    told,
)
from pluralign_stats.errors import InputError
from pluralign_stats.settings import MIN_CELL

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study


@click.command("check")
@study_argument
@data_option
@json_option
def command(study: Path, data: Path | None, as_json: bool) -> None:
    """Read a study, check it, and say what is in it.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign
    (csc, trustamas, …). Where answers are not in the codebook, entries that would name
    all of them are drafted.
    """
    from pluralign_stats.choices.read import holds_choices_only
    from pluralign_stats.study.read import read_study

    if holds_choices_only(study):
        told_of = told_of_choices(study, data)
        if as_json:
            print_json(told_of)
        else:
            _echo_choices(told_of)
        return
    try:
        checked = read_study(study, data)
    except InputError as error:
        if not as_json:
            click.echo(error.draft, nl=False)
        raise
    chosen = {} if checked.codebook.choices is None else told_of_choices(study, data)
    show(checked, chosen, as_json=as_json)


def show(
    checked: "Study", chosen: Mapping[str, Any] = MappingProxyType({}), *, as_json: bool = False
) -> None:
    """Print what is in a study, and in its choices, that were read without an error."""
    from pluralign_stats.describe.participants import (
        composition,
        exclusions,
        missing_codes,
        nonresponse,
    )
    from pluralign_stats.describe.self_agreement import retest
    from pluralign_stats.study.remarks import gathered_answers, remarks, small_levels

    counts = [composition(checked), nonresponse(checked), exclusions(checked)]
    counts += [missing_codes(checked)]
    results = counts + ([retest(checked)] if len(checked.repeats) else [])
    noted, groups = remarks(checked), (*gathered_answers(checked), *small_levels(checked))
    if as_json:
        print_json(
            {
                "study": checked.name,
                "simulated": checked.simulated,
                "fingerprint": checked.fingerprint,
                **checked.released_counts(),
                "remarks": list(noted),
                "groups": list(groups),
                **({"choices": chosen} if chosen else {}),
                "tables": {r.meta.title: told(r)["table"] for r in results},
            }
        )
        return
    click.echo(f"{checked.title}{' (simulated)' if checked.simulated else ''}: no errors found.")
    for remark in (*noted, *groups):
        click.echo(f"Note: {remark}.")
    if chosen:
        _echo_choices(chosen)
    for result in results:
        print_table(result)
    if any(result.released(MIN_CELL).table.isna().any(axis=None) for result in counts):
        click.echo(
            f"\n–: withheld, as fewer than {MIN_CELL} raters stand behind it or could be told from "
            "the rest."
        )


def show_choices(study: Path) -> None:
    """Print what is in the choices of a codebook."""
    _echo_choices(told_of_choices(study))


def told_of_choices(study: Path, data: Path | None = None) -> dict[str, Any]:
    """Read the choices of a codebook, and say what is in them as plain values."""
    from pluralign_stats.choices.read import read_choices

    found = read_choices(study, data)
    sizes, outcome = found.sizes, found.pairs["outcome"]
    return {
        "choices_of": found.name,
        "simulated": found.data_kind == "simulated",
        "fingerprint": found.fingerprint,
        **found.released_counts(),
        "options_each": [int(sizes.min()), int(sizes.max())],
        "comparisons": len(outcome),
        "ties": int((outcome == "tie").sum()),
        "order_known": bool(found.options["position"].notna().all()),
        "left_out": found.exclusions.to_dict("records"),
    }


def _echo_choices(told_of: Mapping[str, Any]) -> None:
    """Print what is in choices."""
    counts = {k: told_of[k] for k in ("raters", "prompts", "options", "choices") if k in told_of}
    low, high = told_of["options_each"]
    each = f"{low}" if low == high else f"{low} to {high}"
    simulated = " (simulated)" if told_of["simulated"] else ""
    click.echo(f"{told_of['choices_of']}{simulated}: no errors found in the choices.")
    click.echo(f"  {', '.join(f'{name}: {n:,}' for name, n in counts.items())}")
    click.echo(
        f"  among {each} options; comparisons of two: {told_of['comparisons']:,}, of which ties: "
        f"{told_of['ties']:,}; order in which they were shown: "
        f"{'known' if told_of['order_known'] else 'not known'}"
    )
    for row in told_of["left_out"]:
        click.echo(f"  left out: {row['reason']}: {row['n']:,}")
