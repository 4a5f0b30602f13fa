"""``pluralign lab``."""

from pathlib import Path

import click

from pluralign_stats.cli.options import PATH, data_option


@click.command("lab")
@click.argument("study", type=PATH, required=False)
@data_option
@click.option(
    "--folder",
    type=PATH,
    default=Path("pluralign-lab"),
    help="Where the working copy of the notebooks lies.",
)
@click.option("--port", type=int, help="Port of the JupyterLab server.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser.")
def command(
    study: Path | None, data: Path | None, folder: Path, port: int | None, no_browser: bool
) -> None:
    """Open JupyterLab on a working copy of the notebooks.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign; without it a
    simulated study is written beside the notebooks. Notebooks that you have changed are never
    overwritten.
    """
    from pluralign_stats.simulate.study import CODEBOOK, write_simulated_study
    from pluralign_stats.study.read import find_codebook, read_study
    from reports import open_lab, prepare_lab

    if study is None:
        simulated = folder / "simulated-study"
        codebook = simulated / CODEBOOK
        if not codebook.exists():
            write_simulated_study(simulated)
    else:
        codebook = find_codebook(study)
    read_study(codebook, data)
    target = prepare_lab(folder, codebook, data)
    raise SystemExit(open_lab(target, browser=not no_browser, port=port))
