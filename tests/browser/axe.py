"""Checks of a page's accessibility by axe-core, in the browser that shows it."""

from typing import Any

from axe_core_python.selenium import Axe  # type: ignore[import-untyped]

#: Standards that a page has to keep, and what axe calls good practice.
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

_AXE = Axe()


def found_by_axe(driver: Any, *rules: str, within: str | None = None) -> list[str]:
    """What axe finds wrong with the page shown, or a part of it, one line each.

    A contrast that axe cannot measure counts as wrong: it may hide one that is too low.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
        A browser with the page.
    *rules : str
        Names of the rules to check; by default all of the standards.
    within : str, optional
        CSS selector of the part.
    """
    only = {"type": "rule", "values": [*rules]} if rules else {"type": "tag", "values": STANDARDS}
    results = _AXE.run(driver, within, {"runOnly": only, "resultTypes": ["violations"]})
    unsure = [rule for rule in results["incomplete"] if rule["id"] == "color-contrast"]
    return [
        f"{rule['id']} ({rule['help']}): {node['html'][:200]}: {_reason(node)}"
        for rule in [*results["violations"], *unsure]
        for node in rule["nodes"]
    ]


def _reason(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks)
