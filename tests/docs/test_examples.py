"""Every code example of the documentation, run as it stands."""

import runpy
from pathlib import Path

import click
import matplotlib.pyplot as plt
import nbformat
import pytest
from click.testing import CliRunner
from page_blocks import PAGES, ROOT, Block, blocks, inline_options

from pluralign_stats.cli import COMMANDS, cli

pytestmark = pytest.mark.extended

make_table = runpy.run_path(str(ROOT / "tests" / "outcomes" / "made_outcomes.py"))["make_table"]

#: Commands of the tutorials that take seconds; the others are parsed only.
CHEAP = {"simulate", "check", "audit", "pairs"}

#: Python examples that cannot run here, and why: the pages must say the same.
SKIPPED = {("docs/generation.md", "needs tuned models in the folder runs")}

#: Pages whose later examples stand on what a notebook leaves behind, once its study is there.
NOTEBOOKS = {"docs/howto/lab.md": "03_demographic_effects"}

#: The page whose commands are all carried out, and what its reader answers to questions.
START, ANSWERS = "docs/howto/start.md", "bad\ngood\n"

#: What a shell example may call besides Pluralign.
PROGRAMS = {"pluralign", "make", "snakemake", "source", "pip"}

ALL = [block for page in PAGES for block in blocks(page)]

WITH_PYTHON = [p for p in PAGES if any(b.page == p and b.language == "python" for b in ALL)]


def names(block: Block) -> str:
    return f"{block.page}:{block.line}"


def prepare(page: str, folder: Path) -> None:
    """Put into the folder what a page's examples take for granted."""
    if page == "README.md":
        run_python(blocks("docs/tutorial/first-report.md")[0], {})
        book = next(b for b in blocks(page) if b.language == "yaml")
        (folder / "study.yaml").write_text(book.text)
    text = (ROOT / page).read_text("utf-8")
    if "study/study.yaml" in text and "tutorial" not in page:
        invoke(["simulate", "--embedded", "--out", "study"])
    if "scores/outcomes.parquet" in text:
        designs = {"preserve": -1.2, "majority": -0.8, "mean": -0.9}
        table = make_table(designs, control=3.5, noise_sd=0.5, bases={"a": 0.0, "b": 0.1})
        (folder / "scores").mkdir()
        table.to_parquet(folder / "scores" / "outcomes.parquet", index=False)


def run_python(block: Block, namespace: dict) -> None:
    """Run a block so that a traceback names the page and its line."""
    source = "\n" * (block.line - 1) + block.text
    exec(compile(source, str(ROOT / block.page), "exec"), namespace)


def run_notebook(name: str, namespace: dict) -> None:
    """Run the code of a notebook, as its last cell leaves it."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)


def carry_out(arguments: list[str]) -> None:
    """Run a command; of a report one chapter."""
    short = ["--chapter", "01"] if arguments[0] == "report" else []
    invoke([*arguments, *short])


def invoke(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, arguments, input=ANSWERS)
    assert done.exit_code == 0, (arguments, done.output, done.exception)


@pytest.mark.extended
@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_examples_of_a_page_run_in_their_order(page, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(page, tmp_path)
    namespace: dict = {"__name__": "example"}
    for block in blocks(page):
        if block.language == "python" and not block.skipped:
            run_python(block, namespace)
        if block.file_name:
            Path(block.file_name).write_text(block.text)
        for words in block.commands:
            if words[0] != "pluralign":
                continue
            if page in NOTEBOOKS and words[1] == "lab":
                run_notebook(NOTEBOOKS[page], namespace)
            if page == START:
                carry_out(words[1:])
            if ("tutorial" in page or page in NOTEBOOKS) and words[1] in CHEAP:
                invoke(words[1:])
    if page == START:  # what is kept of a frame is a study
        invoke(["check", "kept/study.yaml"])
    plt.close("all")


def test_only_the_listed_examples_are_not_run() -> None:
    assert {(b.page, b.skipped) for b in ALL if b.skipped} == SKIPPED


def test_every_block_says_what_it_is() -> None:
    known = {"python", "sh", "yaml", "r", "latex", "{toctree}", ""}
    assert [names(b) for b in ALL if b.language not in known] == []


@pytest.mark.parametrize("block", [b for b in ALL if b.commands], ids=names)
def test_the_commands_of_an_example_can_be_given(block: Block) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for program, *arguments in block.commands:
        if program == "make":
            targets = [word for word in arguments if "=" not in word]
            assert all(f"\n{target}: " in makefile for target in targets), arguments
        elif program == "pluralign":
            command = cli.get_command(click.Context(cli), arguments[0])
            assert command is not None, arguments
            command.make_context(arguments[0], arguments[1:])
        else:
            assert program in PROGRAMS or program.startswith(".venv/bin/"), program


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_running_text_exist(page: str) -> None:
    for name, option in inline_options(page):
        assert name in COMMANDS, name
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        assert not option or option in known, f"pluralign {name} {option}"


def test_yaml_examples_of_whole_files_are_read() -> None:
    files = {b.file_name for b in ALL} - {""}
    assert {"study.yaml", "long.yaml"} <= files
