"""``pluralign check``."""

from pathlib import Path

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
    from pluralign_stats.describe.participants import (
        composition,
        exclusions,
        missing_codes,
        nonresponse,
    )
    from pluralign_stats.describe.self_agreement import retest
    from pluralign_stats.study.read import read_study
    from pluralign_stats.study.remarks import gathered_answers, remarks, small_levels

    try:
        checked = read_study(study, data)
    except InputError as error:
        if not as_json:
            click.echo(error.draft, nl=False)
        raise
    results = [composition(checked), nonresponse(checked), exclusions(checked)]
    results += [missing_codes(checked)]
    results += [retest(checked)] if len(checked.repeats) else []
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
                "tables": {r.meta.title: told(r)["table"] for r in results},
            }
        )
        return
    click.echo(f"{checked.title}{' (simulated)' if checked.simulated else ''}: no errors found.")
    for remark in (*noted, *groups):
        click.echo(f"Note: {remark}.")
    for result in results:
        print_table(result)
