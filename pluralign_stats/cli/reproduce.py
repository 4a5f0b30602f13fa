"""``pluralign reproduce``."""

import shlex
from pathlib import Path

import click

from pluralign_stats.cli.options import (
    json_option,
    out_option,
    parameter_option,
    print_json,
    split_parameters,
)
from pluralign_stats.errors import InputError


@click.command("reproduce")
@out_option
@click.option("--seed", default=1, show_default=True, help="Seed of the simulated study.")
@parameter_option
@json_option
def command(out: Path, seed: int, parameters: tuple[str, ...], as_json: bool) -> None:
    """Simulate the published study and report on it.

    The study's own data are not public, so the ratings are simulated after its design, with the
    differences that it reports planted. FOLDER gets two folders: the simulated study and the
    report. A study that is there already is used again if it is the same.
    """
    from pluralign_stats.study.read import read_study
    from reports import build_report, check_parameters

    values = split_parameters(parameters)
    check_parameters(values)
    codebook = _simulated(out / "study", seed)
    given = [word for pair in parameters for word in ("-p", pair)]
    words = ["pluralign", "reproduce", "--seed", str(seed), "--out", out.name, *given]
    index = build_report(
        read_study(codebook),
        codebook,
        out / "report",
        parameters=values,
        progress=not as_json,
        extra_provenance={"command": shlex.join(words)},
    )
    if as_json:
        print_json({"study": str(codebook), "report": str(index)})
    else:
        click.echo(f"Study: {codebook.resolve()}\nReport: {index}")


def _simulated(folder: Path, seed: int) -> Path:
    """Codebook of the simulated study in `folder`, written unless it is there already."""
    from pluralign_stats.simulate.study import CODEBOOK, simulate_study, write_simulated_study
    from pluralign_stats.study.read import read_study

    if not folder.exists():
        return write_simulated_study(folder, seed)
    codebook = folder / CODEBOOK
    if read_study(codebook).fingerprint != simulate_study(seed).fingerprint:
        raise InputError(
            f"{folder} holds another study than the one simulated with seed {seed}; "
            "name another folder with --out, or move the study away"
        )
    return codebook
