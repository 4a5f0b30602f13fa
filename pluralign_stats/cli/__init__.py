"""The command ``pluralign``: each subcommand is a thin shell around one public function."""

import os
import signal
import sys
from importlib import import_module

import click

from pluralign_stats.errors import PluralignError, one_of

#: Subcommands by name: the module that holds the command, loaded when it is used, and its help.
COMMANDS = {
    "init": "Draft a codebook from data files.",
    "simulate": "Write a simulated study to a folder.",
    "check": "Read a study, check it, and say what is in it.",
    "fit": "Fit a mixed model of ratings: table, JSON, figure.",
    "pairs": "Turn ratings into feedback: preference pairs or single labels.",
    "audit": "Say whose ratings the feedback rests on, and whose are outvoted.",
    "power": "Plan a study: how many raters, items and ratings find a difference.",
    "train": "Tune models on the feedback of groups, condition by condition.",
    "generate": "Let tuned models, and the untuned ones beside them, answer prompts.",
    "judge": "Score answers on the dimensions of the study.",
    "report": "Run the notebooks on a study and write a browsable report.",
    "reproduce": "Carry out the whole study, from ratings to one report.",
    "lab": "Open JupyterLab on a working copy of the notebooks.",
}


#: Commands that go on where they were interrupted, given their folder.
RESUMABLE = ("power", "train", "generate", "judge", "reproduce")


class LazyGroup(click.Group):
    """Loads a subcommand's module only when that subcommand is used, so that help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands in the order in which a study uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"pluralign_stats.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest subcommand where one is misspelt."""
        if args and args[0] not in COMMANDS:
            raise click.UsageError(one_of("the command", args[0], COMMANDS), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 96,
        "show_default": True,
    },
    epilog="Every command explains itself: pluralign COMMAND --help.",
)
@click.version_option(package_name="pluralign", prog_name="pluralign")
def cli() -> None:
    """Who rates language models how, and what each way of using their ratings does to a model.

    A study is one YAML file, its codebook, which names the data files and says what their columns
    mean. Draft one from your files, or start with a simulated study:

    \b
      pluralign init ratings.csv
      pluralign simulate --out my-study
      pluralign report my-study/study.yaml --out my-report

    Mistakes in files or options end the command with one line on standard error that says what to
    do, and with exit status 2; then nothing has been written.
    """


def main() -> None:
    """Run the command line; turn every error into one line and exit status 2."""
    # A request to end is met as Ctrl-C is, so that unfinished folders are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run()
    except KeyboardInterrupt:
        # Also where it strikes while another error is being told.
        kept = any(argument.startswith("--out") for argument in sys.argv)
        resumed = kept and sys.argv[1] in RESUMABLE
        left = "run the same command again to go on" if resumed else "nothing was written"
        click.echo(f"pluralign: interrupted; {left}", err=True)
        sys.exit(130)
    finally:
        # Where an interruption struck in a string that Python was running, as named tuples are
        # made, `python -m` dies of it in the end however it was met, unless another string runs.
        exec("")  # noqa: S102


def _run() -> None:
    try:
        sys.exit(cli.main(prog_name="pluralign", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(f"{error.format_message()} (see: pluralign --help)")
    except PluralignError as error:
        _fail(str(error))
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if _was_interrupted(error):
            raise KeyboardInterrupt from None
        if os.environ.get("PLURALIGN_DEBUG"):
            raise
        _fail(
            f"unexpected {type(error).__name__}: {error}; this is a fault of Pluralign: "
            "set PLURALIGN_DEBUG=1 to see where, and report it"
        )


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an error struck while an interruption was being met, as a second Ctrl-C does."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


def _fail(message: str) -> None:
    line = " ".join(message.split())
    click.echo(f"pluralign: {line}", err=True)
    sys.exit(2)
