"""Every key that the help lists does something on its page; those that are meant everywhere are on all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.browser.serving import Served
from tests.browser.test_lists import more_runs

PATIENCE = 5.0  # seconds, on a machine under load
LISTED = """() => [...document.querySelectorAll('dialog[open] .keys > div')].map((one) =>
  [[...one.querySelectorAll('kbd')].map((key) => key.textContent), one.querySelector('dd').textContent])"""
# What a person can see of a page: its address, its content, its fields, the focus, how far it is scrolled.
SEEN = """() => {
  const focus = document.activeElement;
  const all = (what) => [...document.querySelectorAll(what)];
  const fields = all('input, textarea, select').map((one) => [one.value, one.checked]);
  const scrolled = all('.run-view').map((one) => [one.scrollLeft, one.scrollTop]);
  const at = all('*').indexOf(focus);
  const picture = document.querySelector('.compare-stage')?.className;
  const inShort = (url) => [url.length, url.slice(-4000)];
  const drawn = all('.stage canvas').map((one) => inShort(one.toDataURL()));
  return JSON.stringify([location.href, document.body.innerHTML, fields, scrolled, at, picture, drawn]);
}"""
NAMES = {
    "←": "ArrowLeft",
    "→": "ArrowRight",
    "↑": "ArrowUp",
    "↓": "ArrowDown",
    "Space": " ",
    "Esc": "Escape",
    "Ctrl": "Control",
}
# What the help says -> None where the key does something wherever one is; else the keys that are pressed
# before it, or what else is done, on a page that was just opened. With a key after the words it is of that
# key alone.
Before = Sequence[str | Callable[[Page], None]] | None
JUDGING: dict[str, Before] = {
    "as many stars": None,
    "no stars": ("3",),
    "favourite": None,
    "reject": None,
    "write a note": (),
}
EVERYWHERE: dict[str, Before] = {"all keys": None, "close a dialog": ("?",)}
THREE_RANKED = ("r", "ArrowDown", "r", "ArrowDown", "r", "ArrowUp")


def anywhere(*words: str) -> dict[str, Before]:
    return dict.fromkeys(words, None)


def afresh(*words: str, before: Before = ()) -> dict[str, Before]:
    return dict.fromkeys(words, before)


def three_corners(page: Page) -> None:
    for x, y in ((0.3, 0.3), (0.6, 0.3), (0.5, 0.7)):
        size = page.locator(".stage").bounding_box()
        assert size is not None
        page.mouse.click(size["x"] + x * size["width"], size["y"] + y * size["height"])


def to_the_stage(page: Page) -> None:
    page.locator(".stage").focus()


# Page -> its address, what is there when it is drawn, its keys.
PAGES: dict[str, tuple[str, str, dict[str, Before]]] = {
    "projects": (
        "/",
        ".card img",
        afresh("a row down", "a row up", "the next project", "the project before", "search"),
    ),
    "runs": (
        "/p/example",
        ".run-row",
        {
            **afresh("the next run", "the run before", "search", "the next page"),
            **afresh("the page before", before=("]",)),
        },
    ),
    "rules": ("/p/example/rules", ".rule-name input", afresh("save the rules")),
    "masks": (
        "/p/example/masks",
        ".mask-status .hint",
        {
            **anywhere("eraser", "box", "polygon", "fill an area", "larger brush", "turn the mask round"),
            **anywhere("smaller brush (or the wheel with Shift)", "box, polygon and fill take away, or add"),
            **afresh("brush", before=("e",)),
            **afresh("close the polygon", "take the polygon's last corner back", before=("p", three_corners)),
            **afresh("leave the polygon or box", before=("p", three_corners)),
            **afresh("undo", before=("i",)),
            **afresh("save the mask", before=("p", three_corners, "Enter")),
            **afresh("redo", before=("i", "Control+z")),
            **anywhere("nearer"),
            **afresh("further away", "the whole picture", before=("+", "+")),
            **afresh("100 %: a pixel is a pixel"),
            **afresh("move the picture (or drag with the space bar held)", before=(to_the_stage, "+", "+")),
        },
    ),
    "run": (
        "/p/example/r/{run}?i=3",
        ".criterion .why",
        {
            **anywhere("the one before", "the next one", "the first", "the newest"),
            **anywhere("zoom to 100 %, to 200 %, and back", "the original and back"),
            **afresh("the best", "compare", "rank"),
            **afresh("move the zoomed picture", before=("z", "Shift+ArrowRight", "Shift+ArrowDown")),
            **afresh("move the zoomed picture Shift + →", "move the zoomed picture Shift + ↓", before=("z",)),
            **JUDGING,
        },
    ),
    "compare": (
        "/p/example/r/{run}/compare?a=1&b=3",
        ".compare-strip .is-b",
        {
            **anywhere("B: the picture before", "B: the next picture", "A: the picture before"),
            **anywhere("A: the next picture", "A: the original", "swap A and B", "hold: the original"),
            **anywhere("slider, side by side, flip, difference"),
            **anywhere("100 %, and back to all", "larger", "smaller"),
            **afresh("hold: A, in the mode Flip", before=("v", "v")),
            **{f"look further {way}": ("z", "+", "+", "+") for way in ("left", "right", "up", "down")},
            **JUDGING,
        },
    ),
    "rank": (
        "/p/example/r/{run}/rank?i=3",
        ".rank-card.chosen",
        {
            **anywhere("the picture before", "the next picture", "rank it, or take it out"),
            **afresh("move it up, or into the ranking"),
            **afresh("move it down", "to the bottom", "to the top", before=THREE_RANKED),
            **afresh("compare with the original", "compare with the original at 100 %"),
            **JUDGING,
        },
    ),
}
OF_A_RUN = ("run", "compare", "rank")
WANTED = {"1", "2", "3", "4", "5", "f", "x", "n", "c", "z", "?", "←", "→"}


def listed(page: Page) -> dict[str, list[str]]:
    """What the help says: words -> keys."""
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    found: list[Any] = page.evaluate(LISTED)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    return {words: keys for keys, words in found}


def pressed(named: str) -> str:
    return "+".join(NAMES.get(part, part) for part in named.split(" + "))


def changes(page: Page, key: str, patience: float = PATIENCE) -> bool:
    """Whether something is another one while the key is held."""
    before = page.evaluate(SEEN)
    end = time.monotonic() + patience
    page.keyboard.down(key) if "+" not in key[1:] else page.keyboard.press(key)
    while (same := page.evaluate(SEEN) == before) and time.monotonic() < end:
        page.wait_for_timeout(20)
    if "+" not in key[1:]:
        page.keyboard.up(key)
    return not same


@pytest.mark.parametrize("name", PAGES)
def test_each_key_of_the_help_does_something(page: Page, viewer: Served, name: str) -> None:
    address, there, known = PAGES[name]
    page.set_viewport_size({"width": 520, "height": 600})  # pictures are larger than it
    page.on("dialog", lambda dialog: dialog.accept())  # a page with something unsaved is left all the same
    if name == "runs":
        more_runs(viewer, 50)  # and so there is a second page

    def opened() -> None:
        page.goto(viewer.origin + address.format(run=viewer.run.run_id))
        expect(page.locator(there).first).to_be_visible()

    opened()
    help_says = listed(page)
    assert set(help_says) == {words for words in known if "Shift +" not in words} | set(EVERYWHERE)
    assert name not in OF_A_RUN or {key for keys in help_says.values() for key in keys} >= WANTED
    page.wait_for_load_state("networkidle")
    assert not changes(page, "q", patience=0.2), "a key without a meaning changes something"
    idle, path, known_before = [], urlsplit(page.url).path, {**known, **EVERYWHERE}
    for words, keys in help_says.items():
        for key in keys:
            before = known_before.get(f"{words} {key}", known_before[words])
            elsewhere = urlsplit(page.url).path != path or page.locator("dialog[open]").count()
            if before is not None or elsewhere:
                opened()
            for earlier in before or ():
                page.keyboard.press(earlier) if isinstance(earlier, str) else earlier(page)
            if not changes(page, pressed(key)):
                idle.append((words, key))
    assert idle == []
