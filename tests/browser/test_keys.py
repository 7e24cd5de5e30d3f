"""Every key that the help lists does something on its page; those that are meant everywhere are on all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.browser.serving import Served

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
  return JSON.stringify([location.href, document.body.innerHTML, fields, scrolled, at, picture]);
}"""
NAMES = {"←": "ArrowLeft", "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown", "Space": " ", "Esc": "Escape"}
# What the help says -> None where the key does something wherever one is; else the keys that are pressed
# before it, on a page that was just opened. With a key after the words it is of that key alone.
Before = Sequence[str] | None
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


def afresh(*words: str, before: Sequence[str] = ()) -> dict[str, Before]:
    return dict.fromkeys(words, before)


# Page -> its address, what is there when it is drawn, its keys.
PAGES: dict[str, tuple[str, str, dict[str, Before]]] = {
    "run": (
        "?i=3",
        ".criterion .why",
        {
            **anywhere("the one before", "the next one", "the first", "the newest"),
            **anywhere("zoom to 100 % and back", "the original and back"),
            **afresh("the best", "compare", "rank"),
            **afresh("move the zoomed picture", before=("z", "Shift+ArrowRight", "Shift+ArrowDown")),
            **afresh("move the zoomed picture Shift + →", "move the zoomed picture Shift + ↓", before=("z",)),
            **JUDGING,
        },
    ),
    "compare": (
        "/compare?a=1&b=3",
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
        "/rank?i=3",
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

    def opened() -> None:
        page.goto(viewer.run_address + address)
        expect(page.locator(there).first).to_be_visible()

    opened()
    help_says = listed(page)
    assert set(help_says) == {words for words in known if "Shift" not in words} | set(EVERYWHERE)
    assert {key for keys in help_says.values() for key in keys} >= WANTED
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
                page.keyboard.press(earlier)
            if not changes(page, pressed(key)):
                idle.append((words, key))
    assert idle == []
