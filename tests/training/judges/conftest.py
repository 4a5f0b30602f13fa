"""Servers to judge with: one that does as it is told, and a real one with a tiny random model."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_endpoint import Server
from tiny_judging_models import make_tiny_model


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def served_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and model of `transformers serve` with a tiny model of random weights."""
    folder = make_tiny_model(tmp_path_factory.mktemp("served") / "tiny")
    port = free_port()
    command = Path(sys.executable).with_name("transformers")
    log = (folder.parent / "serve.log").open("w")
    process = subprocess.Popen(
        [command, "serve", folder, "--port", str(port), "--device", "cpu"],
        stdout=log,
        stderr=log,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    try:
        _wait_for(f"http://localhost:{port}/health", process)
        yield f"http://localhost:{port}/v1", str(folder)
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait_for(address: str, process: subprocess.Popen) -> None:
    while True:
        assert process.poll() is None, "transformers serve ended"
        try:
            urllib.request.urlopen(address, timeout=600)
        except OSError:
            time.sleep(0.2)
        else:
            return
