"""JupyterLab and a browser as nobody has set them up yet, for tests, pictures and benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

#: Seconds within which anything has to appear, on a busy machine.
PATIENCE = 900

#: Of servers that live for a test only.
TOKEN = "nobody"

#: What Chromium needs to run without a window, as root, in little shared memory.
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


@contextmanager
def laboratory(home: Path, *words: str | Path, cwd: Path | None = None) -> Iterator[str]:
    """Run `pluralign lab` with settings of nobody; gives the server's address.

    Parameters
    ----------
    home
        A new folder for settings and the log.
    words
        What follows `pluralign lab`, beside the port and that no browser is opened.
    cwd
        Where it runs.
    """
    home.mkdir(parents=True)
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pluralign_stats", "lab", *words, "--no-browser"]
    log = home / "lab.log"
    with log.open("wb") as told:
        server = subprocess.Popen(
            [str(word) for word in [*command, "--port", port]],
            cwd=cwd,
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/api/status?token={TOKEN}", server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _await(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers; fail with what it said where it has ended."""
    stop = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE):
                return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > stop:
                raise RuntimeError(log.read_text("utf-8")) from error
            time.sleep(0.1)


def missing() -> str:
    """Which programs a browser needs and are not here; empty if all are."""
    return " and ".join(p for p in ("chromium", "chromedriver") if shutil.which(p) is None)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser without a window, which keeps what pages write to its console."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (*OPTIONS, "--window-size=1400,1000", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = _started(options)
    browser.set_page_load_timeout(PATIENCE)
    browser.set_script_timeout(PATIENCE)
    try:
        yield browser
    finally:
        browser.quit()


def _started(options: webdriver.ChromeOptions) -> webdriver.Chrome:
    """A browser; its driver gives it half a minute, which a busy machine may not have."""
    stop = time.monotonic() + PATIENCE
    while True:
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        try:
            return webdriver.Chrome(options=options, service=service)
        except WebDriverException:
            if time.monotonic() > stop:
                raise


class Visitor:
    """What a user of JupyterLab sees and does.

    Parameters
    ----------
    browser
        The browser.
    """

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser
        # Pages replace their elements while they are looked at.
        self.wait = WebDriverWait(
            browser, PATIENCE, 0.02, ignored_exceptions=[StaleElementReferenceException]
        )

    def seen(self, selector: str, text: str = "") -> WebElement:
        """Wait for an element that is shown and holds a text."""

        def look(browser: Any) -> WebElement | Literal[False]:
            elements = browser.find_elements(By.CSS_SELECTOR, selector)
            return next((e for e in elements if e.is_displayed() and text in e.text), False)

        return self.wait.until(look, f"nothing shown for {selector} {text}")

    def choose(self, *labels: str) -> None:
        """Choose from the menu, through submenus."""
        for label in labels:

            def look(browser: Any, label: str = label) -> WebElement | Literal[False]:
                items = browser.find_elements(
                    By.CSS_SELECTOR, ".lm-MenuBar-item, .lm-Menu-itemLabel"
                )
                return next((i for i in items if i.text == label and i.is_displayed()), False)

            self.wait.until(look, f"no '{label}' in the menu").click()

    def idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.seen("#jp-main-statusbar", "| Idle")
