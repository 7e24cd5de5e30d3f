"""A real browser. Where none is to be had the tests are skipped and say so; .ci/run fails then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.browser.living import Living, living
from tests.browser.serving import REQUIRED, Served, browser_here, served
from tests.web.trees import example_workspace

from iterativectl.project import runs
from iterativectl.project.layout import WorkspacePaths

OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]


@pytest.fixture(scope="package")  # the loop that playwright keeps in this thread ends with it
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = browser_here()
        own = playwright.chromium.executable_path
        if found is None and not Path(own).exists():
            why = "no chromium on this machine (Debian: apt-get install chromium)"
            pytest.fail(why) if os.environ.get(REQUIRED) == "required" else pytest.skip(why)
        running = playwright.chromium.launch(executable_path=found or own, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def browser_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose project example has one accepted run. Not to be changed."""
    return example_workspace(tmp_path_factory.mktemp("browsed"))


@pytest.fixture
def space(browser_example: Path, tmp_path: Path) -> Path:
    """A copy of it, for changing."""
    return Path(shutil.copytree(browser_example, tmp_path / "space"))


@pytest.fixture
def going(space: Path, tmp_path: Path) -> Iterator[Living]:
    """The example's run, going on after two iterations, whether there is a viewer or not.

    Ask for it before the viewer, which may have seen the pictures that this takes away for a while.
    """
    project = WorkspacePaths(space).project("example")
    with living(project, project.run(runs.run_ids(project)[-1]), 2, tmp_path / "kept") as found:
        yield found


@pytest.fixture
def viewer(space: Path) -> Iterator[Served]:
    """The viewer of that copy."""
    with served(space) as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 860})
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, context: BrowserContext, viewer: Served) -> Iterator[Page]:
    """A page that was let in. At the end nothing may have been said on its console.

    With a run that goes on it looks at nothing yet: what the project once reached is still remembered, and
    those pictures are not there.
    """
    made = context.new_page()
    complaints = listen(made)
    if "going" in request.fixturenames:
        assert context.request.get(viewer.entrance).ok
    else:
        made.goto(viewer.entrance)
    yield made
    assert complaints == []


@pytest.fixture
def phone(browser: Browser, viewer: Served) -> Iterator[Page]:
    """The same on a small screen that is touched."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    context.set_default_timeout(10_000)
    made = context.new_page()
    complaints = listen(made)
    made.goto(viewer.entrance)
    yield made
    assert complaints == []
    context.close()


def listen(page: Page) -> list[str]:
    """What the page complains of from now on: console errors (refusals by the CSP among them), exceptions.

    Not a conflict (409): the browser itself names it there, and the page shows it to the person.
    """
    heard: list[str] = []

    def take(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and "status of 409" not in said.text:
            heard.append(f"{said.text} {said.location['url']}")

    page.on("console", take)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
