"""The explorer as a user has it: `pluralign lab` in a real browser, used by keyboard."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pluralign_stats as pls

pytest.importorskip("selenium")
pytest.importorskip("axe_core_python")
pytest.importorskip("jupyterlab")
pytest.importorskip("anywidget")

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.axe import found_by_axe
from tests.browser.laboratory import TOKEN, Visitor, laboratory

NOTEBOOKS = sorted(p.name for p in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
EXPLORER = next(name for name in NOTEBOOKS if name.endswith("_explorer.ipynb"))

pytestmark = pytest.mark.extended


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab and a folder for what it tells."""

    address: str
    folder: Path


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """It depends on there being a browser."""
    folder = tmp_path_factory.mktemp("lab")
    design: dict[str, Any] = {"n_raters": 60, "n_prompts": 8, "responses_per_prompt": 2}
    codebook = pls.write_simulated_study(folder / "study", 7, **design)
    with laboratory(folder / "home", codebook, "--folder", folder / "work") as address:
        yield Lab(address, folder)


#: The server cannot list a kernel that has just been started (jupyter_server 2 answers 500 where it
#: was never active yet); the page asks again.
STARTING = re.compile(r"/api/kernels\?\d+ - .*status of 500")


def _focused(browser: Any) -> str:
    return str(browser.execute_script("return document.activeElement.name || ''"))


def test_the_explorer_is_used_by_keyboard(lab: Lab, browser: Any) -> None:
    user = Visitor(browser)
    shown, wait = user.seen, user.wait
    browser.get(f"{lab.address}/?token={TOKEN}")
    shown(".jp-Notebook .jp-CodeCell")
    assert shown(".jp-mod-current .lm-TabBar-tabLabel").text == NOTEBOOKS[0]
    listed = browser.find_elements(By.CSS_SELECTOR, ".jp-DirListing-item[data-file-type=notebook]")
    assert [item.text.split("\n")[0] for item in listed] == NOTEBOOKS

    ActionChains(browser).double_click(listed[NOTEBOOKS.index(EXPLORER)]).perform()
    shown(".jp-mod-current[title*='explorer']")
    shown(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    user.idle()
    user.choose("Run", "Run All Cells")

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
            user.choose("Settings", "Theme", "JupyterLab Dark")
        shown(f"body[data-jp-theme-name='JupyterLab {theme}']")
        browser.save_screenshot(str(lab.folder / f"explorer-{theme.lower()}.png"))
        assert found_by_axe(browser, within=".pluralign-explorer") == []

    assert not browser.find_elements(By.CSS_SELECTOR, ".Toastify__toast, .jp-Dialog")
    severe = [
        entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"
    ]
    assert [message for message in severe if not STARTING.search(message)] == []
