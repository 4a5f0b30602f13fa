"""Takes the pictures of JupyterLab that stand in `docs/howto/lab.md`, by walking that page's path.

The page's own blocks make the study, so that the pictures show what a reader gets. It needs
chromium and chromedriver.
"""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "howto" / "lab.md"
IMAGES = DOCS / "images"

WIDTH, HEIGHT = 1280, 800

#: Pixels by which the list of files is widened.
_MORE = 120

#: Colours that are left in a picture, which keep it small.
_COLOURS = 128

#: Seconds within which anything has to appear.
_PATIENCE = 120

_TOKEN = "screenshots"  # noqa: S105 - of a server that lives for these pictures only


def main() -> None:
    """Take all pictures anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder)
        with laboratory(folder) as address, chromium(folder) as browser:
            walk(Walk(browser), address)


def make_study(folder: Path) -> None:
    """Write the page's made-up file and its codebook."""
    code = page_blocks("python")[0]
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)  # noqa: S603
    (folder / "study.yaml").write_text(page_blocks("yaml")[0], "utf-8")


def page_blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    found = rf"^```{language}\n(.*?)^```$"
    return re.findall(found, PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


class Walk:
    """A browser, and what a user does in it."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser
        self.wait = WebDriverWait(
            browser, _PATIENCE, ignored_exceptions=[StaleElementReferenceException]
        )

    def seen(self, selector: str, text: str = "") -> WebElement:
        """Wait for an element that is shown and holds a text."""

        def look(browser: webdriver.Chrome) -> WebElement | Literal[False]:
            elements = browser.find_elements(By.CSS_SELECTOR, selector)
            return next((e for e in elements if e.is_displayed() and text in e.text), False)

        return self.wait.until(look, f"nothing shown for {selector} {text}")

    def open(self, name: str) -> None:
        """Open a file or folder of the list by a double click."""
        ActionChains(self.browser).double_click(self.seen(".jp-DirListing-item", name)).perform()

    def run_all(self) -> None:
        """Run the notebook in front and wait for its end."""
        self.idle()
        self.seen(".lm-MenuBar-item", "Run").click()
        self.seen(".lm-Menu-item[data-command='runmenu:run-all']").click()
        time.sleep(1)
        self.idle()

    def type(self, lines: str) -> None:
        """Type into the cell in front and run it."""
        # Without the focus in its editor, keys would be shortcuts.
        time.sleep(1)
        self.seen(".jp-Cell.jp-mod-active .cm-content").click()
        self.seen(".jp-Notebook.jp-mod-editMode")
        keys = ActionChains(self.browser).send_keys(lines)
        keys.key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
        time.sleep(1)
        self.idle()

    def widen(self, pixels: int) -> None:
        """Draw the edge of the list of files to the right."""
        edge = self.seen("#jp-main-split-panel > .lm-SplitPanel-handle")
        ActionChains(self.browser).drag_and_drop_by_offset(edge, pixels, 0).perform()
        time.sleep(1)

    def idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.seen("#jp-main-statusbar", "| Idle")

    def to_top(self, element: WebElement) -> None:
        """Scroll until an element stands at the top of what is shown."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'start'})", element)
        time.sleep(1)

    def resize(self, height: int) -> None:
        """Give the page a height, in pixels."""
        size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        time.sleep(1)

    def take(self, name: str) -> None:
        """Write what the browser shows as ``lab-NAME.png``."""
        picture = Image.open(io.BytesIO(self.browser.get_screenshot_as_png()))
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(IMAGES / f"lab-{name}.png", optimize=True)


def walk(user: Walk, address: str) -> None:
    """Go the page's path from the list of notebooks to the saved figure."""
    user.resize(HEIGHT)
    user.browser.get(f"{address}/lab?token={_TOKEN}")
    user.seen(".jp-DirListing-item", "17_explorer.ipynb")
    user.seen(".jp-LauncherCard")
    time.sleep(2)
    # As wide as the longest name, for this one picture.
    user.widen(_MORE)
    user.take("notebooks")
    user.widen(-_MORE)

    user.open("03_demographic_effects.ipynb")
    user.seen(".jp-Notebook .jp-CodeCell")
    user.run_all()
    user.to_top(user.seen(".jp-Notebook h2", "Differences in rating points"))
    user.take("effects")

    user.seen(".jp-Notebook-footer").click()
    user.type(page_blocks("python")[-1].strip())

    user.open("17_explorer.ipynb")
    user.seen(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    user.run_all()
    controls = user.seen(".pluralign-explorer")
    before = user.seen(".pluralign-explorer img").get_attribute("src")
    Select(user.seen("select[name='dimension']")).select_by_value("helpful")
    user.wait.until(
        lambda _: user.seen(".pluralign-explorer img").get_attribute("src") != before,
        "the picture did not change",
    )
    user.to_top(controls)
    user.take("explorer")

    user.seen("[data-command='filebrowser:refresh']").click()
    user.open("figures")
    user.open("gender.svg")
    user.seen(".jp-ImageViewer img")
    user.resize(HEIGHT // 2)
    user.take("figure")


@contextmanager
def laboratory(folder: Path) -> Iterator[str]:
    """Run `pluralign lab` on the study with the settings of nobody; gives its address."""
    home = folder / ".home"
    own = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_TOKEN": _TOKEN,
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pluralign_stats", "lab", "study.yaml", "--no-browser"]
    server = subprocess.Popen(  # noqa: S603
        [*command, "--port", str(port)],
        cwd=folder,
        env={**os.environ, **{name: str(value) for name, value in own.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/api/status?token={_TOKEN}")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _await(address: str) -> None:
    stop = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            if time.monotonic() > stop:
                raise
            time.sleep(0.3)


@contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder / '.profile'}")
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
