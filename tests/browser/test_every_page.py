"""Every page, in light, in dark and on a phone: usable by everybody (axe-core), nothing said on the console.

The pictures are written for people to look at: ITERATIVE_SCREENSHOTS names the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import listen
from tests.browser.gallery import gallery, run_to_show
from tests.browser.serving import Served, served

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SERIOUS = {"serious", "critical"}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
PAGES = {
    "projects": "/",
    "runs": "/p/example",
    "run": "/p/example/r/{run}?i=3",
    "compare": "/p/example/r/{run}/compare?a=input&b=3",
    "compare-difference": "/p/example/r/{run}/compare?a=2&b=3&mode=difference",
    "rank": "/p/example/r/{run}/rank",
    "rules": "/p/example/rules?run={run}&i=3",
    "masks": "/p/example/masks?name=sky",
    "not-there": "/p/nothing-of-that-name",
}
PICTURES_ARE_THERE = """() => Promise.race([
    Promise.all([...document.images].filter((one) => one.loading !== "lazy")
        .map((one) => one.decode().catch(() => null))),
    new Promise((done) => setTimeout(done, 5000)),
])"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("gallery")
    gallery(root)
    with served(root) as found:
        yield found


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wished = os.environ.get("ITERATIVE_SCREENSHOTS")
    folder = Path(wished) if wished else tmp_path_factory.mktemp("screens")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(browser: Browser, shown: Served, screens: Path, name: str, look: str) -> None:
    context = browser.new_context(**LOOKS[look], reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(shown.entrance)
        complaints = listen(page)
        page.goto(shown.origin + PAGES[name].format(run=run_to_show(shown.project).run_id))
        settle(page)
        page.screenshot(path=screens / f"{name}-{look}.png", full_page=look == "phone")
        assert overflow(page) <= 0, "the page is wider than the window"
        assert violations(page) == []
        expected = name == "not-there"  # the browser itself complains of a 404
        assert [said for said in complaints if not (expected and "404" in said)] == []
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until data and pictures are there; a page with a live stream is never idle."""
    page.wait_for_selector("main h1, main .trouble")
    expect(page.locator("main .loading:visible, main [aria-busy]:visible")).to_have_count(0)
    page.evaluate(PICTURES_ARE_THERE)


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def violations(page: Page) -> list[str]:
    """What axe-core finds serious: rule, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
