"""What a person waits for in a browser: a run's first picture, and an event of a run that goes on.

    python benchmarks/viewer_page.py [--folder FOLDER]      (wants playwright and a chromium)

A run page of the large workspace of benchmarks/viewer.py is opened in a new browser profile (nothing kept),
and again (the page's files kept, its pictures asked about). Timed in the page itself, from the start of the
navigation to the first picture of the run that is decoded and in the document. Beside it, in the same
minutes: a page of one picture and nothing else from the same server, which is what the browser alone takes.
Then a run goes on (its checkpoint says so, and its lock is held): sampler steps are appended to events.jsonl,
and each is timed until it is in the document.

Goals: a picture within 500 ms, an event within 300 ms.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from viewer import TOKEN, Served, served, until_read, workspace

from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import lock, runs
from iterativectl.project.layout import ProjectPaths

GOAL_PICTURE_MS = 500.0
GOAL_EVENT_MS = 300.0
VISITS = 9
EVENTS = 25
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Notes the moment at which the first picture is there, and the moments at which texts appear.
WATCH = """
(() => {
  const seen = (window.__seen = { picture: null, steps: {} });
  const look = () => {
    if (seen.picture === null) {
      const found = [...document.querySelectorAll("img")].find((one) => one.complete && one.naturalWidth > 0);
      if (found) seen.picture = performance.now();
    }
    const said = document.querySelector(".live-words")?.textContent.match(/step (\\d+) of/);
    if (said) seen.steps[said[1]] ??= Date.now();
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  document.addEventListener("load", look, true);
})();
"""


def first_picture(
    browser: Browser, viewer: Served, addresses: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Milliseconds until the first picture: (nothing kept, the second visit) for each address."""
    fresh, again = [], []
    for address in addresses:
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{viewer.port}/api/about?token={TOKEN}")
        page.add_init_script(WATCH)
        fresh.append(_until_picture(page, viewer, address))
        page.goto("about:blank")
        again.append(_until_picture(page, viewer, address))
        context.close()
    return fresh, again


def _until_picture(page: Page, viewer: Served, address: str) -> float:
    page.goto(f"http://127.0.0.1:{viewer.port}{address}", wait_until="commit")
    end = time.perf_counter() + 30
    while time.perf_counter() < end:
        found = page.evaluate("window.__seen?.picture ?? null")
        if found is not None:
            return float(found)
        page.wait_for_timeout(20)
    raise RuntimeError(f"{address} showed no picture")


def events(browser: Browser, viewer: Served, project: ProjectPaths) -> list[float]:
    """Milliseconds from the line in the file until the page says it, for one sampler step after the other."""
    run = project.run(runs.run_ids(project)[-1])
    going_on = replace(checkpoint_file.read(project.checkpoint), status="running", reason="")
    checkpoint_file.write(project.checkpoint, going_on)
    sent = {}
    with lock.held(project.lock, started="2026-11-21T12:00:00+00:00"):
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"http://127.0.0.1:{viewer.port}/api/about?token={TOKEN}")
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{viewer.port}/p/big/r/{run.run_id}")
        page.wait_for_selector(".live-words", state="attached")
        page.wait_for_timeout(1500)
        for number in range(1, EVENTS + 1):
            step = {"iteration": 21, "type": "generation_progress", "value": number, "max": 99, "node": ""}
            line = {"format": "event/1", "at": "2026-11-21T12:00:00+00:00", "run_id": run.run_id, **step}
            with run.events.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            sent[str(number)] = time.time() * 1000
            page.wait_for_timeout(320 + 37 * (number % 7))
        page.wait_for_timeout(1000)
        seen = page.evaluate("window.__seen.steps")
        page.close()
    missing = sorted(set(sent) - set(seen))
    if missing:
        raise RuntimeError(f"steps that the page never said: {missing}")
    return [seen[step] - moment for step, moment in sent.items()]


def measure(project: ProjectPaths) -> bool:
    chosen = runs.run_ids(project)[-VISITS:]
    pages = [f"/p/big/r/{run_id}" for run_id in chosen]
    alone = [f"/pictures/p/big/r/{run_id}/i/1/full" for run_id in chosen]
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with sync_playwright() as playwright, served(str(project.root.parents[1])) as viewer:
        until_read(viewer)
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        fresh, again = first_picture(browser, viewer, pages)
        bare, _ = first_picture(browser, viewer, alone)
        shown = events(browser, viewer, project)
        browser.close()
    pictures = (("nothing kept", fresh), ("second visit", again), ("a picture alone", bare))
    for words, times in (
        *((f"first picture, {name}", times) for name, times in pictures),
        ("an event", shown),
    ):
        print(f"{words:32} median {statistics.median(times):5.0f} ms, at most {max(times):5.0f} ms")
    return statistics.median(fresh) <= GOAL_PICTURE_MS and statistics.median(shown) <= GOAL_EVENT_MS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="keep the workspace here, and use it again")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        good = measure(workspace((options.folder or Path(name)) / "many", 500, 20))
    print("all goals met" if good else "a goal was missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
