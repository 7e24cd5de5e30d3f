"""What fingers do on a phone: pinch and move pictures, drag a ranking, scroll the page."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.fingers import Fingers, line
from tests.browser.serving import Served
from tests.browser.waiting import until

ORDER = "[...document.querySelectorAll('.ranked .rank-card')].map((one) => one.dataset.n)"
WORLDS = "[...document.querySelectorAll('.compare-stage .world')].map((one) => one.style.transform)"
SCALE = "document.querySelector('.compare-stage').scale"


UNDER = """([x, y]) => {
  const panes = [...document.querySelectorAll('.compare-stage .pane')];
  const boxes = panes.map((one) => one.getBoundingClientRect());
  const at = boxes.findIndex((box) => x >= box.left && x < box.right && y >= box.top && y < box.bottom);
  const box = panes[at].querySelector('.world img').getBoundingClientRect();
  return [(x - box.left) / box.width, (y - box.top) / box.height];
}"""


def under(page: Page, x: float, y: float) -> list[float]:
    """Which place of the picture is under this one of the window: shares of its width and height."""
    found: list[float] = page.evaluate(UNDER, [x, y])
    return found


@pytest.mark.parametrize(("mode", "at"), [("slider", 0.25), ("slider", 0.48), ("side", 0.4)])
def test_two_fingers_zoom_about_the_middle_between_them(
    phone: Page, viewer: Served, mode: str, at: float
) -> None:
    """Also where one of them is on the line of the slider, which one finger moves."""
    phone.goto(f"{viewer.run_address}/compare?a=1&b=2&mode={mode}")
    images = phone.locator(".compare-stage .layer:not(.peeked) img")
    expect(images).to_have_count(2 if mode == "slider" else 3)  # beside each other: the original, too
    pane = phone.locator(".compare-stage .pane").last.bounding_box()
    assert pane is not None
    x, y = pane["x"] + pane["width"] * at, pane["y"] + pane["height"] * 0.55
    scale, before = phone.evaluate(SCALE), under(phone, x, y)
    hand = Fingers(phone)
    hand.down((x - 15, y - 15), (x + 15, y + 15))
    hand.move(line((x - 15, y - 15), (x - 45, y - 45)), line((x + 15, y + 15), (x + 45, y + 45)))
    until(phone, f"{SCALE} > {2.9 * scale}")
    assert phone.evaluate(SCALE) == pytest.approx(3 * scale, rel=0.02)
    assert under(phone, x, y) == pytest.approx(before, abs=0.02)
    assert len(set(phone.evaluate(WORLDS))) == 1, "the panes are not in step"
    ends = (x - 45, y - 45), (x + 45, y + 45)
    hand.move(*(line(end, (end[0] - 20, end[1] + 10)) for end in ends))  # and both together move it
    hand.up()
    assert under(phone, x - 20, y + 10) == pytest.approx(before, abs=0.02)
    if mode == "slider":
        expect(phone.get_by_role("slider", name="Line")).to_have_attribute("aria-valuenow", "50")
    assert phone.evaluate("[visualViewport.scale, scrollY]") == [1, 0]


def test_one_finger_moves_the_line_and_a_zoomed_picture_and_scrolls_the_page(
    phone: Page, viewer: Served
) -> None:
    phone.goto(f"{viewer.run_address}/compare?a=1&b=2")
    expect(phone.locator(".compare-stage .layer:not(.peeked) img")).to_have_count(2)
    stage, slider = phone.locator(".compare-stage"), phone.get_by_role("slider", name="Line")
    box = stage.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand = Fingers(phone)
    hand.down(middle)
    hand.move(line(middle, (box["x"] + box["width"] * 0.2, middle[1])))
    expect(slider).to_have_attribute("aria-valuenow", "20")
    hand.up()
    away = box["x"] + box["width"] * 0.7, middle[1]
    hand.down(away)
    hand.move(line(away, (away[0], away[1] - 120)))
    hand.up()
    until(phone, "scrollY > 60")
    expect(slider).to_have_attribute("aria-valuenow", "20")  # scrolling did not move it
    phone.goto(f"{viewer.run_address}/compare?a=1&b=2&zoom=2")
    expect(phone.locator(".compare-stage .layer:not(.peeked) img")).to_have_count(2)
    expect(stage).to_have_class(re.compile("movable"))
    before = under(phone, *away)
    hand.down(away)
    hand.move(line(away, (away[0] - 40, away[1])))
    hand.up()
    assert under(phone, away[0] - 40, away[1]) == pytest.approx(before, abs=0.02)
    assert phone.evaluate("scrollY") == 0


def test_a_finger_drags_the_ranking_and_scrolls_beside_it(phone: Page, viewer: Served) -> None:
    phone.goto(f"{viewer.run_address}/rank")
    cards = phone.locator(".tray .rank-card")
    expect(cards).to_have_count(5)
    hand = Fingers(phone)
    for number, wanted in ((2, ["2"]), (4, ["4", "2"])):
        grip = phone.locator(f".rank-card[data-n='{number}'] .grip").bounding_box()
        there = phone.locator(".ranked").bounding_box()
        assert grip is not None and there is not None
        start = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
        hand.down(start)
        expect(phone.locator(f".rank-card[data-n='{number}']").first).to_have_class(re.compile("held"))
        hand.move(line(start, (start[0] + 20, there["y"] + 6), 8))
        for moved in range(200):  # a finger is never still
            hand.move([(start[0] + 20 + moved % 3, there["y"] + 6)])
            if phone.evaluate(ORDER) == wanted:
                break
        hand.up()
        expect(phone.locator(".ranked .rank-card .place")).to_have_text(
            [str(at + 1) for at in range(len(wanted))]
        )
        assert phone.evaluate(ORDER) == wanted
    expect(phone.locator(".save-state")).to_have_text("Saved")
    assert json.loads(viewer.run.ranking.read_bytes())["ranking"] == ["4", "2"]
    words = phone.locator(".rank-card[data-n='3'] .words").bounding_box()
    assert words is not None
    start = words["x"] + words["width"] / 2, words["y"] + words["height"] / 2
    hand.down(start)
    hand.move(line(start, (start[0], start[1] - 150)))
    hand.up()
    until(phone, "scrollY > 80")
    assert phone.evaluate(ORDER) == ["4", "2"]


NARROWEST = (
    "Math.min(...[...document.querySelectorAll('main .only-icon')].map((one) => one.offsetWidth || 99))"
)


@pytest.mark.parametrize(
    ("page_name", "words"), [("", "tap"), ("/compare", "two fingers"), ("/rank", "hold, drag")]
)
def test_buttons_are_as_wide_as_a_finger_and_help_tells_of_fingers_first(
    phone: Page, viewer: Served, page_name: str, words: str
) -> None:
    phone.goto(f"{viewer.run_address}{page_name}")
    expect(phone.locator("main .only-icon:visible").first).to_be_visible()
    assert phone.evaluate(NARROWEST) >= 40
    phone.get_by_role("button", name="Help: all keys").tap()
    first = phone.get_by_role("dialog", name="Fingers and keys").locator("section").first
    expect(first).to_contain_text("Fingers")
    expect(first.locator("dt").first).to_have_text(words)
