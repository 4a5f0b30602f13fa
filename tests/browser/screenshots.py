"""Takes the pictures of JupyterLab that stand in `docs/howto/lab.md`, by walking that page's path.

The page's own blocks make the study, so that the pictures show what a reader gets. It needs
chromium and chromedriver.
"""

import io
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.browser.laboratory import TOKEN, Visitor, chromium, laboratory

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "howto" / "lab.md"
IMAGES = DOCS / "images"

WIDTH, HEIGHT = 1280, 800

#: Pixels by which the list of files is widened.
_MORE = 120

#: Colours that are left in a picture, which keep it small.
_COLOURS = 128


def main() -> None:
    """Take all pictures anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder)
        lab = laboratory(folder / ".home", "study.yaml", cwd=folder)
        with lab as address, chromium(folder / ".profile") as browser:
            walk(Walk(browser), address)


def make_study(folder: Path) -> None:
    """Write the page's made-up file and its codebook."""
    code = page_blocks("python")[0]
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    (folder / "study.yaml").write_text(page_blocks("yaml")[0], "utf-8")


def page_blocks(language: str, page: Path = PAGE) -> list[str]:
    """The blocks of a page, of one language; those in lists are drawn to the left."""
    found = rf"^ *```{language}\n(.*?)^ *```$"
    blocks = re.findall(found, page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in blocks]


class Walk(Visitor):
    """What the page's reader does."""

    def open(self, name: str) -> None:
        """Open a file or folder of the list by a double click."""
        ActionChains(self.browser).double_click(self.seen(".jp-DirListing-item", name)).perform()

    def run_all(self) -> None:
        """Run the notebook in front and wait for its end."""
        self.idle()
        self.choose("Run", "Run All Cells")
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

    def to_top(self, element: WebElement) -> None:
        """Scroll until an element stands at the top of what is shown."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'start'})", element)
        time.sleep(1)

    def resize(self, height: int) -> None:
        """Give the page a height, in pixels."""
        size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        time.sleep(1)

    def take(self, name: str, head: str = "lab") -> None:
        """Write what the browser shows as ``HEAD-NAME.png``."""
        picture = Image.open(io.BytesIO(self.browser.get_screenshot_as_png()))
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{head}-{name}.png", optimize=True)


def walk(user: Walk, address: str) -> None:
    """Go the page's path from the list of notebooks to the saved figure."""
    user.resize(HEIGHT)
    user.browser.get(f"{address}/lab?token={TOKEN}")
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


if __name__ == "__main__":
    main()
