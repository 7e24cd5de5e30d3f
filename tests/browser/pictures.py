"""Draw docs/images/viewer: the viewer's pages over the gallery, as a browser shows them.

.venv/bin/python -m tests.browser.pictures
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from tests.browser.conftest import OPTIONS
from tests.browser.gallery import gallery, run_to_show
from tests.browser.serving import Served, browser_here, served
from tests.browser.waiting import until

from iterativectl.project import runs

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "viewer"
SIZE: ViewportSize = {"width": 1280, "height": 860}  # CSS pixels, and those of the pictures
COLOURS = 256
SEEN = """() => [...document.images].every(
    (one) => one.complete || one.getBoundingClientRect().top > innerHeight)"""


class Shot(NamedTuple):
    """A page, and what is done on it before the picture is taken."""

    name: str
    address: str
    colours: Literal["light", "dark"] = "light"
    before: Callable[[Page], Any] = lambda _: None


SHOTS = [
    Shot("run", "/p/example/r/{run}?i={best}"),
    Shot("compare", "/p/example/r/{run}/compare?a=input&b={best}"),
    Shot("rank", "/p/example/r/{run}/rank", "dark"),
    Shot(
        "masks",
        "/p/example/masks?name=castle",
        before=lambda page: page.get_by_label("Show on the picture").check(),
    ),
]


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        gallery(Path(folder))
        browser = playwright.chromium.launch(executable_path=browser_here(), args=OPTIONS)
        with served(Path(folder)) as viewer:
            for shot in SHOTS:
                path = PICTURES / f"{shot.name}.png"
                path.write_bytes(few_colours(taken(browser, viewer, shot)))
                print(path, path.stat().st_size // 1000, "kB")
        browser.close()


def taken(browser: Browser, viewer: Served, shot: Shot) -> bytes:
    """The page of the accepted run with most to see, at its best iteration."""
    run = run_to_show(viewer.project)
    address = shot.address.format(run=run.run_id, best=max(runs.committed(run)))
    context = browser.new_context(viewport=SIZE, color_scheme=shot.colours, reduced_motion="reduce")
    page = context.new_page()
    page.goto(viewer.entrance)
    page.goto(viewer.origin + address)
    expect(page.locator("main h1")).to_have_count(1)
    shot.before(page)
    until(page, SEEN)
    page.wait_for_timeout(500)  # a canvas says nothing when it is drawn
    picture = page.screenshot()
    context.close()
    return picture


def few_colours(png: bytes) -> bytes:
    """The same picture in 256 colours: a third of the bytes."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        whole = opened.convert("RGB")
    palette = whole.quantize(COLOURS, kmeans=5)  # without k-means, median cut dulls the few bright signs
    whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
