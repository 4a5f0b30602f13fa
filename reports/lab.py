"""A working copy of the notebooks, and JupyterLab opened on it."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console

from pluralign_stats.errors import InputError, MissingExtraError, listing
from pluralign_stats.storage.digest import digest_bytes
from pluralign_stats.storage.files import read_json
from reports.notebook import require_packages, shipped_notebooks

#: Remembers what was copied, so that files the user changed can be told from those that were not.
_RECORD = ".pluralign-lab.json"

#: Defaults of JupyterLab: it asks nobody for news or newer releases, nor the user whether it may,
#: and waits a day for a kernel that is slow to answer, not a minute.
_DEFAULTS = Path(__file__).parent / "jupyter"


def prepare_lab(target: Path, study_file: Path | None, data_folder: Path | None) -> Path:
    """Copy the notebooks into a folder to work in, set to read the given study.

    Notebooks that were changed there since they were copied are left as they are and named on
    standard error.

    Parameters
    ----------
    target : Path
        The folder; it is made if it does not exist.
    study_file, data_folder : Path or None
        Written into the cell tagged ``parameters``; None leaves the notebooks' own defaults.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    require_packages()
    target = target.resolve()
    settings = {
        name: str(path.resolve())
        for name, path in (("study_file", study_file), ("data_folder", data_folder))
        if path is not None
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
        kept = _copy_all(target, settings)
    except OSError as error:
        raise InputError(
            f"the notebooks cannot be copied to {target} ({error.strerror}); choose another folder"
        ) from error
    if kept:
        note = f"Left as you changed them in {target}: {listing(kept)}"
        Console(stderr=True, soft_wrap=True).print(note, markup=False, highlight=False)
    return target


def open_lab(target: Path, *, browser: bool, port: int | None) -> int:
    """Run JupyterLab on a folder, with its first notebook open, until the user stops it.

    Parameters
    ----------
    target : Path
        The folder it opens.
    browser : bool
        Whether to open a browser.
    port : int or None
        The port to listen on; None lets JupyterLab choose.

    Returns
    -------
    int
        JupyterLab's exit status.

    Raises
    ------
    MissingExtraError
        If JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise MissingExtraError("JupyterLab", "report")
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--ServerApp.root_dir={target}"]
    if notebooks := sorted(path.name for path in target.glob("*.ipynb")):
        command.append(f"--LabApp.default_url=/lab/tree/{quote(notebooks[0])}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container root is the user; JupyterLab would refuse to start.
        command.append("--allow-root")
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    paths = [os.environ.get("JUPYTER_CONFIG_PATH", ""), str(_DEFAULTS)]
    environment = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    with subprocess.Popen(command, env=environment) as lab:  # noqa: S603 - our own interpreter, no shell
        return _wait(lab)


def _wait(lab: "subprocess.Popen[bytes]") -> int:
    """Wait for JupyterLab; Ctrl-C reaches it as well, and it asks whether to stop."""
    while True:
        try:
            return lab.wait()
        except KeyboardInterrupt:
            continue


def _copy_all(target: Path, settings: dict[str, str]) -> list[str]:
    """Copy every notebook but those the user changed; return the names of these."""
    record = target / _RECORD
    copied = read_json(record)
    kept = []
    for source in shipped_notebooks():
        place = target / source.name
        content = _with_settings(source, settings)
        before = place.read_bytes() if place.exists() else None
        if (
            before is not None
            and before != content
            and digest_bytes(before) != copied.get(source.name)
        ):
            kept.append(source.name)
            continue
        place.write_bytes(content)
        copied[source.name] = digest_bytes(content)
    record.write_text(json.dumps(copied, indent=1), "utf-8")
    return kept


def _with_settings(source: Path, settings: dict[str, str]) -> bytes:
    import nbformat

    node: Any = nbformat.read(source, as_version=4)
    for cell in node.cells:
        if "parameters" in cell.metadata.get("tags", []):
            for name, value in settings.items():
                cell.source = _assign(cell.source, name, value)
    return (nbformat.writes(node) + "\n").encode()


def _assign(source: str, name: str, value: str) -> str:
    """Replace the value in the line that assigns `name`, keeping its comment."""
    line = re.compile(rf"^({name}\s*:\s*str\s*=\s*)(\"[^\"]*\"|'[^']*')", re.MULTILINE)
    quoted = json.dumps(value, ensure_ascii=False)
    return line.sub(lambda match: match[1] + quoted, source)
