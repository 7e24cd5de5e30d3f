"""The compare page: one view for all pictures, kept while one moves on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.living import Living, living
from tests.browser.serving import Served
from tests.browser.waiting import until

LIVE_WITHIN = 5_000  # milliseconds, on a machine under load
PLACE = "[...document.querySelectorAll('.compare-stage .world')].map((one) => one.style.transform)"
BLACK = """() => {
  const canvas = document.querySelector('.compare-stage canvas');
  if (!canvas) return null;
  const copy = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  [copy.canvas.width, copy.canvas.height] = [canvas.width, canvas.height];
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  return data.length > 4 && data.every((value, at) => value === (at % 4 === 3 ? 255 : 0));
}"""
SCALE = "document.querySelector('.compare-stage').scale"


@pytest.fixture
def compare(page: Page, viewer: Served) -> Iterator[Page]:
    page.goto(f"{viewer.run_address}/compare?a=input&b=2")
    expect(page.get_by_role("slider", name="Line")).to_be_visible()
    expect(page.locator(".compare-stage .layer:not(.peeked) img")).to_have_count(2)
    yield page


def shown(page: Page, name: str) -> None:
    expect(page.locator(".compare-stage .pane-name").last).to_contain_text(name)


def test_zoom_and_place_stay_when_moving_on(compare: Page) -> None:
    compare.keyboard.press("z")
    expect(compare.get_by_role("button", name="Zoom is 100 %")).to_be_visible()
    for key in ("+", "+", "+", "+", "Shift+ArrowRight", "Shift+ArrowDown"):
        compare.keyboard.press(key)
    before = compare.evaluate(PLACE)
    assert len(set(before)) == 1 and compare.evaluate(SCALE) > 2
    expect(compare.locator(".compare-stage")).to_have_class(re.compile("sharp"))
    compare.keyboard.press("ArrowRight")
    shown(compare, "Iteration 3")
    expect(compare.locator(".compare-stage img[alt^='Iteration 3']")).to_be_visible()
    compare.keyboard.press("]")
    expect(compare.locator(".compare-stage .pane-name").first).to_contain_text("Iteration 1")
    assert compare.evaluate(PLACE) == before
    expect(compare).to_have_url(re.compile(r"a=1&b=3&.*zoom=2\.\d+&x=0\.\d+&y=0\.\d+"))
    compare.reload()
    shown(compare, "Iteration 3")
    assert compare.evaluate(PLACE) == before


def test_wheel_zooms_at_the_pointer_and_a_drag_moves(compare: Page) -> None:
    box = compare.locator(".compare-stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5
    under = f"""() => {{
      const box = document.querySelector('.compare-stage .world img').getBoundingClientRect();
      return [({x} - box.left) / box.width, ({y} - box.top) / box.height];
    }}"""
    compare.mouse.move(x, y)
    before = compare.evaluate(under)
    for _ in range(4):
        compare.mouse.wheel(0, -200)
    until(compare, f"{SCALE} > 2.5")
    assert compare.evaluate(under) == pytest.approx(before, abs=0.003)
    compare.mouse.down()
    compare.mouse.move(x + 60, y + 20, steps=3)
    compare.mouse.up()
    width = compare.evaluate(
        "document.querySelector('.compare-stage .world img').getBoundingClientRect().width"
    )
    assert compare.evaluate(under)[0] == pytest.approx(before[0] - 60 / width, abs=0.003)
    compare.keyboard.press("z")
    compare.keyboard.press("z")
    expect(compare.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")


def test_the_line_is_a_control(compare: Page) -> None:
    line = compare.get_by_role("slider", name="Line")
    line.focus()
    for key in ("ArrowLeft", "ArrowLeft", "PageUp", "ArrowRight"):
        compare.keyboard.press(key)
    expect(line).to_have_attribute("aria-valuenow", "58")
    above = compare.locator(".compare-stage .layer").nth(1)
    expect(above).to_have_css("clip-path", "inset(0px 0px 0px 58%)")
    shown(compare, "Iteration 2")  # its arrows moved the line and nothing else
    box = compare.locator(".compare-stage").bounding_box()
    grip = line.bounding_box()
    assert box is not None and grip is not None
    compare.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + 20)
    compare.mouse.down()
    compare.mouse.move(box["x"] + box["width"] * 0.2, grip["y"] + 20, steps=3)
    compare.mouse.up()
    expect(line).to_have_attribute("aria-valuenow", "20")


def test_the_original_is_held_and_a_is_flipped_to(compare: Page) -> None:
    original = compare.locator(".compare-stage .peeked img")
    expect(original).to_be_hidden()
    compare.keyboard.down("o")
    expect(original).to_be_visible()
    compare.keyboard.up("o")
    expect(original).to_be_hidden()
    compare.get_by_text("Flip", exact=True).click()
    above = compare.locator(".compare-stage .layer").nth(1)
    expect(above).to_be_visible()
    shown(compare, "Iteration 2")
    compare.locator(".compare-stage").hover()
    compare.mouse.down()
    shown(compare, "Original")
    expect(above).to_be_hidden()
    compare.mouse.up()
    shown(compare, "Iteration 2")


def test_equal_pictures_differ_by_nothing(page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.run_address}/compare?a=2&b=2&mode=difference&amplify=16")
    expect(page.locator(".compare-stage")).to_contain_text("The two are identical.")
    assert page.evaluate(BLACK) is True
    page.keyboard.press("ArrowRight")
    expect(page.locator(".compare-stage")).to_contain_text("of the pixels differ visibly")
    assert page.evaluate(BLACK) is False  # so the look at the canvas can tell


def test_an_address_brings_everything_back(page: Page, viewer: Served) -> None:
    query = "a=1&b=4&mode=difference&zoom=3&x=0.4&y=0.6&amplify=9"
    page.goto(f"{viewer.run_address}/compare?{query}")
    expect(page.get_by_role("slider", name="Amplify")).to_have_value("9")
    expect(page.get_by_role("button", name="Zoom is 300 %")).to_be_visible()
    expect(page.locator(".pane-name")).to_contain_text("Iteration 1")
    page.get_by_role("slider", name="Amplify").fill("10")
    expect(page).to_have_url(f"{viewer.run_address}/compare?{query.replace('=9', '=10')}")
    page.goto(f"{viewer.run_address}/compare?a=../x&b=99&mode=<b>&zoom=1e9&x=NaN&mask=none&amplify=-1")
    expect(page.locator(".pane-name").first).to_contain_text("Original")
    expect(page.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")
    said = page.locator("#said")
    for words in (
        "no picture “../x”: A is the original",
        "no picture “99”: B is iteration 5",
        "no mask “none”",
    ):
        expect(said).to_contain_text(words)
    for words in ("no mode “<b>”", "“1e9” cannot be for zoom", "“-1” cannot be for amplify"):
        expect(said).to_contain_text(words)


def test_a_bookmark_of_the_bare_page_shows_the_same_two_later(page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.run_address}/compare")
    expect(page).to_have_url(f"{viewer.run_address}/compare?a=input&b=5&mode=slider")
    expect(page.locator("#said")).to_be_empty()


PAINTED = """() => {
  const canvas = document.querySelector('.compare-stage .mask-overlay canvas');
  if (!canvas) return null;
  const at = (x, y) => {
    const copy = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, -x * canvas.width, -y * canvas.height);
    return copy.getImageData(0, 0, 1, 1).data[3] > 0;
  };
  return [at(0.25, 0.5), at(0.75, 0.5), at(0.4995, 0.5)];
}"""


def masked(viewer: Served) -> Path:
    """The left half may be edited, and so it was in the run. The mask."""
    path = viewer.project.mask("left")
    with Image.open(viewer.project.input) as original:
        mask = Image.new("L", original.size, 0)
    mask.paste(255, (0, 0, mask.width // 2, mask.height))
    path.parent.mkdir(exist_ok=True)
    mask.save(path)
    record = json.loads(viewer.run.run_json.read_text())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    record["masks"] = [{"name": "left", "path": "input/masks/left.png", "sha256": sha256}]
    viewer.run.run_json.write_text(json.dumps(record))
    return path


def test_the_mask_of_the_run_is_laid_over(page: Page, viewer: Served) -> None:
    """Tinted, or with a line at its edge; and it is said when it is another one now than the run's."""
    path = masked(viewer)
    page.goto(f"{viewer.run_address}/compare?b=2&mask=left")
    expect(page.get_by_role("combobox", name="Mask")).to_have_value("left")
    expect(page.locator(".mask-overlay canvas")).to_be_attached()
    assert page.evaluate(PAINTED) == [True, False, True]
    page.keyboard.press("m")
    until(page, f"String(({PAINTED})()) === 'false,false,true'")
    expect(page).to_have_url(re.compile("mask=left%3Aoutline"))
    bar = page.get_by_role("toolbar", name="How to compare")
    expect(bar).not_to_contain_text("This mask")
    page.keyboard.press("m")
    expect(page.locator(".mask-overlay canvas")).to_have_count(0)
    Image.new("L", (768, 512), 255).save(path)
    page.goto(f"{viewer.run_address}/compare?b=2&mask=left")
    expect(bar).to_contain_text("This mask was changed after the run")
    until(page, f"String(({PAINTED})()) === 'true,true,true'")
    page.keyboard.press("m")
    page.keyboard.press("m")
    expect(bar).not_to_contain_text("This mask")


def test_a_mask_that_is_gone_is_said(context: BrowserContext, viewer: Served) -> None:
    masked(viewer).unlink()
    page = context.new_page()  # whose console names the picture that is not there
    page.goto(viewer.entrance)
    page.goto(f"{viewer.run_address}/compare?b=2&mask=left")
    expect(page.get_by_role("toolbar")).to_contain_text("This mask is not there any more.")


def test_what_changed_and_what_one_says_of_it(compare: Page, viewer: Served) -> None:
    panel = compare.get_by_role("region", name="What changed")
    expect(compare.get_by_role("heading", name="Your rating of B, iteration 2")).to_be_visible()
    compare.get_by_role("button", name="Iteration 1 as A").click()
    expect(panel).to_contain_text("From iteration 1 to iteration 2")
    expect(panel).to_contain_text("seed")
    with compare.expect_response("**/ratings"):
        compare.keyboard.press("4")
    expect(compare.locator(".compare-strip .is-b")).to_contain_text("4")
    assert '"2": 4' in viewer.run.ratings.read_text()


def test_a_phone_compares_too(phone: Page, viewer: Served) -> None:
    page = phone
    page.goto(f"{viewer.run_address}/compare?a=input&b=2")
    expect(page.locator(".compare-stage .layer:not(.peeked) img")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".compare-stage")).to_have_css("touch-action", "pan-y")  # the page still scrolls
    page.get_by_role("button", name="Zoom is").tap()
    expect(page.get_by_role("button", name="Zoom is 100 %")).to_be_visible()
    assert (
        page.evaluate(SCALE) == 0.5
    )  # a pixel of the picture is one of the screen, which has two for one of the page
    page.get_by_role("button", name="Fit").tap()
    page.locator(".compare-strip .as-b").nth(3).tap()
    shown(page, "Iteration 3")
    page.get_by_text("Side by side").tap()
    expect(page.locator(".pane")).to_have_count(2)


def test_a_picture_that_comes_later_moves_nothing(going: Living, page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.run_address}/compare?a=1&b=2")
    shown(page, "Iteration 2")
    for key in ("z", "+", "+", "+", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("zoom="))
    before, address = page.evaluate(PLACE), page.url
    cells = page.locator(".compare-strip .as-b")
    expect(cells).to_have_count(3)
    first = cells.first.element_handle()
    going.commit(3)
    expect(cells).to_have_count(4, timeout=LIVE_WITHIN)
    expect(page.locator("#heard")).to_have_text(re.compile("^Iteration 3, score .*: a new picture"))
    shown(page, "Iteration 2")
    expect(page.locator(".compare-stage .pane-name").first).to_contain_text("Iteration 1")
    assert (page.evaluate(PLACE), page.url) == (before, address)
    assert cells.first.evaluate("(one, other) => one === other", first), "the strip was made anew"
    page.keyboard.press("ArrowRight")
    shown(page, "Iteration 3")
    expect(page.locator(".compare-stage img[alt^='Iteration 3']")).to_be_visible()
    assert page.evaluate(PLACE) == before
    with page.expect_response("**/ratings"):
        page.keyboard.press("4")
    expect(page.locator(".compare-strip .is-b")).to_contain_text("4 stars")


def test_the_first_picture_of_a_run_opens_the_page(
    viewer: Served, tmp_path: Path, context: BrowserContext
) -> None:
    with living(viewer.project, viewer.run, 0, tmp_path / "kept") as begun:
        page = context.new_page()
        page.goto(viewer.entrance)
        page.goto(f"{viewer.run_address}/compare")
        expect(page.locator("main")).to_contain_text("Nothing to compare yet")
        begun.commit(1)
        shown(page, "Iteration 1")
        begun.commit(2)
        expect(page.locator(".compare-strip .as-b")).to_have_count(3, timeout=LIVE_WITHIN)
        shown(page, "Iteration 1")
