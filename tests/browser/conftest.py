"""A real browser without a window."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium with a profile of its own, which keeps what pages write to its console."""
    pytest.importorskip("selenium")
    from tests.browser.laboratory import chromium, missing

    if missing():
        pytest.skip(f"needs {missing()}")
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
