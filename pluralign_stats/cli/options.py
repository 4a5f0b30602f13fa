"""Arguments and options that several subcommands share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

#: The type of options that are paths.
PATH = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

study_argument: Decorator = click.argument("study", type=PATH)

data_option: Decorator = click.option(
    "--data",
    type=PATH,
    metavar="FOLDER",
    help="Folder of the data files, if it is not the codebook's own.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print machine-readable results instead of text."
)

parameter_option: Decorator = click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the notebooks, such as -p n_bootstrap=200; may be repeated.",
)

out_option: Decorator = click.option(
    "--out", required=True, type=PATH, metavar="FOLDER", help="Where to write."
)


def split_parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    """Turn ``("a=1", "b=2")`` into a mapping.

    Raises
    ------
    click.UsageError
        If a pair has no ``=`` or a name stands twice.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not '{pair}'")
        if name in values:
            raise click.UsageError(f"the parameter '{name}' is given twice")
        values[name] = value
    return values


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
