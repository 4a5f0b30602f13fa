"""Writes the pages of the command line from what each command says of itself."""

import click

from pluralign_stats.cli import COMMANDS, cli

#: Characters in a line of help.
_WIDTH = 88


def command_pages() -> dict[str, str]:
    """Write one page for each command and one that lists them."""
    pages = {f"reference/commands/{name}.md": _page(name) for name in COMMANDS}
    return pages | {"reference/commands.md": _overview()}


def help_of(name: str) -> str:
    """Give what ``pluralign NAME --help`` prints."""
    outer = cli.make_context("pluralign", [], resilient_parsing=True, terminal_width=_WIDTH)
    command = cli.get_command(outer, name)
    assert command is not None, name  # noqa: S101
    return command.get_help(click.Context(command, outer, info_name=name))


def _page(name: str) -> str:
    return f"# pluralign {name}\n\n{COMMANDS[name]}\n\n```text\n{help_of(name)}\n```\n"


def _overview() -> str:
    listed = "\n".join(f"commands/{name}" for name in COMMANDS)
    rows = "\n".join(
        f"| [`{name}`](commands/{name}.md) | {told} |" for name, told in COMMANDS.items()
    )
    return (
        "# Command line\n\n"
        "`pluralign COMMAND`, or `python -m pluralign_stats COMMAND`. A mistake in a file or an "
        "option ends a command with one line that says what to do, and with exit status 2.\n\n"
        f"| Command | What it does |\n|---|---|\n{rows}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
