"""The explorer as a user has it: `pluralign lab` in a real browser, used by keyboard."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pluralign_stats as pls

pytest.importorskip("selenium")
pytest.importorskip("axe_core_python")
pytest.importorskip("jupyterlab")
pytest.importorskip("anywidget")

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.axe import found_by_axe

NOTEBOOKS = sorted(p.name for p in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
EXPLORER = next(name for name in NOTEBOOKS if name.endswith("_explorer.ipynb"))
TOKEN = "browser"

#: Seconds within which anything has to appear, on a busy machine.
PATIENCE = 120

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab and a folder for what it tells."""

    address: str
    folder: Path


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers; fail with what it said where it has ended."""
    stop = time.monotonic() + PATIENCE
    while time.monotonic() < stop:
        assert process.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"no answer from {address}: {log.read_text('utf-8')}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    design: dict[str, Any] = {"n_raters": 60, "n_prompts": 8, "responses_per_prompt": 2}
    codebook = pls.write_simulated_study(folder / "study", 7, **design)
    home = folder / "home"
    home.mkdir()
    own = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_TOKEN": TOKEN,
    }
    port = _free_port()
    log = folder / "lab.log"
    command = [sys.executable, "-m", "pluralign_stats", "lab", str(codebook), "--no-browser"]
    command += ["--folder", str(folder / "work"), "--port", str(port)]
    with log.open("wb") as told:
        process = subprocess.Popen(
            command,
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            cwd=Path(__file__).parents[2],
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _answers(address, process, log)
            yield Lab(address, folder)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


Found = Callable[[str], Any]


def _wait(browser: Any) -> "WebDriverWait[Any]":
    """Wait on a page whose elements are replaced while it is looked at."""
    return WebDriverWait(browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])


@pytest.fixture
def shown(browser: Any) -> Found:
    """Wait until an element of this CSS selector is there and can be seen."""

    def wait(selector: str) -> Any:
        def look(driver: Any) -> Any:
            elements = driver.find_elements(By.CSS_SELECTOR, selector)
            return next((one for one in elements if one.is_displayed()), None)

        return _wait(browser).until(look, f"nothing shown for {selector}")

    return wait


def _focused(browser: Any) -> str:
    return str(browser.execute_script("return document.activeElement.name || ''"))


def _choose(browser: Any, *labels: str) -> None:
    """Choose from a menu of the page, through submenus."""
    for label in labels:

        def look(driver: Any, label: str = label) -> Any:
            items = driver.find_elements(By.CSS_SELECTOR, ".lm-MenuBar-item, .lm-Menu-itemLabel")
            return next((i for i in items if i.text == label and i.is_displayed()), None)

        _wait(browser).until(look, f"no '{label}' in the menu").click()


def test_the_explorer_is_used_by_keyboard(lab: Lab, browser: Any, shown: Found) -> None:
    browser.get(f"{lab.address}/?token={TOKEN}")
    shown(".jp-Notebook .jp-CodeCell")
    assert shown(".jp-mod-current .lm-TabBar-tabLabel").text == NOTEBOOKS[0]
    listed = browser.find_elements(By.CSS_SELECTOR, ".jp-DirListing-item[data-file-type=notebook]")
    assert [item.text.split("\n")[0] for item in listed] == NOTEBOOKS

    ActionChains(browser).double_click(listed[NOTEBOOKS.index(EXPLORER)]).perform()
    shown(".jp-mod-current[title*='explorer']")
    wait = _wait(browser)
    shown(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    wait.until(
        lambda driver: "| Idle" in driver.find_element(By.ID, "jp-main-statusbar").text,
        "the kernel did not start",
    )
    _choose(browser, "Run", "Run All Cells")

    dimension = shown(".pluralign-explorer select[name='dimension']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", dimension)
    picture = ".pluralign-explorer img"
    before = shown(picture).get_attribute("src")
    asked = dimension.get_attribute("value")

    # From the control before it by tab, and on by the arrow key: no mouse.
    browser.execute_script("arguments[0].focus()", dimension)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert _focused(browser) == "demographic"
    browser.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    assert _focused(browser) == "dimension"
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    wait.until(
        lambda driver: driver.find_element(By.CSS_SELECTOR, picture).get_attribute("src") != before,
        "the picture did not change",
    )
    assert _focused(browser) == "dimension"
    assert dimension.get_attribute("value") != asked
    status = browser.find_element(By.CSS_SELECTOR, ".pluralign-explorer [role='status']").text
    assert status
    assert status in browser.find_element(By.CSS_SELECTOR, picture).get_attribute("alt")
    label = dimension.find_element(By.XPATH, "./..").text
    assert label.startswith("Dimension")
    code = browser.find_element(By.CSS_SELECTOR, ".pluralign-explorer pre").text
    assert dimension.get_attribute("value") in code

    # Contrast cannot be measured of what is not seen.
    browser.set_window_size(1400, 2000)
    browser.find_element(By.CSS_SELECTOR, ".pluralign-explorer summary").click()
    for theme in ("Light", "Dark"):
        if theme == "Dark":
            _choose(browser, "Settings", "Theme", "JupyterLab Dark")
        shown(f"body[data-jp-theme-name='JupyterLab {theme}']")
        browser.save_screenshot(str(lab.folder / f"explorer-{theme.lower()}.png"))
        assert found_by_axe(browser, within=".pluralign-explorer") == []

    assert not browser.find_elements(By.CSS_SELECTOR, ".Toastify__toast, .jp-Dialog")
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []
