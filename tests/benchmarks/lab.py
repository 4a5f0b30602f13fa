"""JupyterLab as a user has it: from the command to the first figure, and how fast the explorer is.

The study is the simulated one at full size. The browser runs before the clock does.
"""

import itertools
import statistics
import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

import pluralign_stats as pls
from tests.benchmarks.report import Report, Row, limit, spread
from tests.browser.laboratory import TOKEN, Visitor, chromium, laboratory, missing

#: Seconds that the project has set itself as limits.
FIRST_FIGURE, ANSWER = 15, 0.3

#: Demographics whose models are fitted with the first one's.
FITTED = ("gender", "age", "country", "ethnicity", "politics")

#: What is shown of each in turn.
VIEWS = ("points", "shares", "observed")

#: Asks as a hand would, and waits until the new picture is on the screen.
ASK = """
const [name, value, done] = arguments;
const shown = document.querySelector('.pluralign-explorer [aria-busy]');
const start = performance.now();
const drawn = new MutationObserver(() => {
  const image = shown.querySelector('img');
  if (image === null) return;
  drawn.disconnect();
  image.decode().then(() => requestAnimationFrame(() => done(performance.now() - start)));
});
drawn.observe(shown, { childList: true });
const select = document.querySelector(`.pluralign-explorer select[name='${name}']`);
select.value = value;
select.dispatchEvent(new Event('change'));
"""


def lab(report: Report, *, quick: bool) -> None:
    """Time the first figure of the first notebook, then each choice of one dimension's models."""
    if missing():
        print(f"lab: needs {missing()}")
        return
    runs = [_one_user(quick=quick) for _ in range(1 if quick else 3)]
    first = [seconds for seconds, _ in runs]
    answers = {view: [t for _, told in runs for t in told[view]] for view in VIEWS}
    kept = statistics.median(first) <= FIRST_FIGURE
    report.add(
        Row(
            "`pluralign lab` to the first figure of the first notebook",
            spread(first),
            limit=limit(f"{FIRST_FIGURE} s", kept=kept),
        )
    )
    for view, times in answers.items():
        kept = max(times) <= ANSWER
        report.add(
            Row(
                f"Explorer, choice to picture, {view}, models fitted",
                spread(times),
                limit=limit(f"{ANSWER} s, each", kept=kept),
            )
        )


def _one_user(*, quick: bool) -> tuple[float, dict[str, list[float]]]:
    """Seconds to the first figure, and of each answer by view."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codebook = pls.write_simulated_study(
            folder / "study", 1, **({"n_raters": 600} if quick else {})
        )
        with chromium(folder / "profile") as browser:
            user = Visitor(browser)
            start = time.perf_counter()
            words = (codebook, "--folder", folder / "work")
            with laboratory(folder / "home", *words) as address:
                browser.get(f"{address}/?token={TOKEN}")
                user.seen(".jp-Notebook .jp-CodeCell")
                user.idle()
                user.choose("Run", "Run All Cells")
                user.seen(".jp-Notebook .jp-OutputArea-output img")
                seconds = time.perf_counter() - start
                user.idle()
                return seconds, _explored(user)


def _explored(user: Visitor) -> dict[str, list[float]]:
    """Ask for every view of every demographic, on models that are fitted."""
    browser = user.browser
    item = user.seen(".jp-DirListing-item", "_explorer.ipynb")
    ActionChains(browser).double_click(item).perform()
    user.seen(".jp-mod-current[title*='explorer']")
    user.seen(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
    user.idle()
    user.choose("Run", "Run All Cells")
    user.seen(".pluralign-explorer img")
    # A reader looks at the first picture for a while.
    time.sleep(5)
    told: dict[str, list[float]] = {view: [] for view in VIEWS}
    for name, view in itertools.product(FITTED, VIEWS):
        if (name, view) == (FITTED[0], VIEWS[0]):  # is the picture shown first, kept since
            continue
        for control, value in (("show", "mean"), ("demographic", name)):
            if _value(user, control) != value:
                browser.execute_async_script(ASK, control, value)
        told[view].append(browser.execute_async_script(ASK, "show", view) / 1000)
    return told


def _value(user: Visitor, control: str) -> str:
    selector = f".pluralign-explorer select[name='{control}']"
    return str(user.browser.find_element(By.CSS_SELECTOR, selector).get_attribute("value"))
