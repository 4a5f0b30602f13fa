"""Files beside the code: lock, conda environment, notebooks, commands that the README names."""

import ast
import json
import re
import runpy
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_conda_environment_is_that_of_pyproject() -> None:
    script = runpy.run_path(str(ROOT / ".ci" / "conda_environment.py"))
    assert (ROOT / "environment.yml").read_text("utf-8") == script["environment"](PROJECT)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-setup.lock"])
def test_the_lock_pins_hashes_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    pins = re.findall(r"^([a-z0-9_.-]+(?:\[[\w,-]+\])?)==\S+.*\\$", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index" not in text.replace("index_", "")


def test_the_lock_holds_every_dependency() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    extras = PROJECT["project"]["optional-dependencies"]
    # Those for a GPU pin what the others leave free; no lock can hold them all.
    locked = [r for name, extra in extras.items() if name not in ("qlora", "vllm") for r in extra]
    wanted = [*PROJECT["project"]["dependencies"], *locked]
    names = [
        re.match(r"[\w.-]+", requirement)[0].lower().replace(".", "-") for requirement in wanted
    ]
    missing = [n for n in names if not re.search(rf"^{re.escape(n)}(\[|==)", text, re.MULTILINE)]
    assert missing == []


def test_one_version_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    releases = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert releases[0] == version


def test_the_makefile_explains_every_target() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    explained = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    assert sorted(targets) == sorted(explained)


def test_the_readme_names_targets_and_commands_that_exist() -> None:
    from pluralign_stats.cli import COMMANDS

    text = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^\s*make ([\w-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"^\s*pluralign (\w+)", text, re.MULTILINE):
        assert command in COMMANDS


def test_files_of_tests_have_names_of_their_own() -> None:
    """Pytest imports them by their names alone, and stops where two are alike."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert names.total() > 200
    assert [name for name, n in names.items() if n > 1] == []


def test_links_between_documents_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (ROOT / link).exists(), f"{document.name}: {link}"


def test_the_readme_codebook_example_is_valid() -> None:
    from pluralign_stats.study.codebook_file import codebook_from
    from pluralign_stats.study.yaml_file import parse_yaml

    text = (ROOT / "README.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    assert codebook_from(parse_yaml(example, "README"), "README", example).dimensions


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_clean_and_holds_no_code_of_its_own(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in code)
    assert sum("parameters" in c["metadata"].get("tags", []) for c in code) == 1
    for cell in code:
        tree = ast.parse("".join(cell["source"]))
        banned = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
        assert not [node for node in ast.walk(tree) if isinstance(node, banned)]


def test_the_codebook_reference_names_every_key() -> None:
    from pluralign_stats.choices import codebook as of_choices
    from pluralign_stats.study import codebook, files, questions
    from pluralign_stats.study.wide_columns import Wide

    text = (ROOT / "docs" / "codebook.md").read_text("utf-8")
    top = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    assert top == set(codebook.Codebook.model_fields)
    assert set(of_choices.ChoiceBook.model_fields) <= top
    described = set(re.findall(r"`(\w+)`", text))
    for part in (files.Files, files.File, files.Map, files.Stack, files.Join, Wide):
        assert set(part.model_fields) <= described
    for part in (codebook.Columns, questions.Dimension):
        assert set(part.model_fields) <= described
    for part in (questions.Factor, questions.Multiple, codebook.Filter, of_choices.ChoiceColumns):
        written = {field.alias or name for name, field in part.model_fields.items()}
        assert written <= described
    assert set(codebook.RaterRules.model_fields) <= described
