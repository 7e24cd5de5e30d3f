"""The mask editor in a browser: what is drawn on the page is white in the file, pixel by pixel."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser.conftest import listen
from tests.browser.serving import Served
from tests.browser.waiting import until
from tests.fakes.ollama import FakeOllama

from iterativectl.images.masks import region, weights_png
from iterativectl.images.regions import polygon

SIZE = (768, 512)  # of the example's picture
Inside = np.ndarray[Any, np.dtype[np.bool_]]
SHOWN = """() => {
  const tint = document.querySelector("canvas.tint");
  const copy = new OffscreenCanvas(tint.width, tint.height).getContext("2d");
  copy.drawImage(tint, 0, 0);
  const shown = copy.getImageData(0, 0, tint.width, tint.height).data;
  const same = (at, want) => [0, 8, 16].every((by, k) => Math.abs(shown[at + k] - ((want >> by) & 255)) < 8);
  let count = 0;
  for (let at = 0; at < shown.length; at += 4) if (shown[at + 3] > 60 && same(at, %s)) count += 1;
  return count;
}"""  # how many pixels of the tint have a colour


@pytest.fixture
def editor(page: Page, viewer: Served) -> Page:
    """The editor with the picture fitted."""
    return opened(page, viewer)


def opened(page: Page, viewer: Served, query: str = "") -> Page:
    page.goto(f"{viewer.origin}/p/example/masks{query}")
    expect(page.locator(".mask-status")).to_contain_text("768 × 512 px")
    return page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the fitted picture is on the page."""
    box = page.locator(".stage").bounding_box()
    assert box is not None
    scale = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
    left = box["x"] + (box["width"] - SIZE[0] * scale) / 2
    top = box["y"] + (box["height"] - SIZE[1] * scale) / 2
    return left + x * scale, top + y * scale


def drag(page: Page, *places: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(page, *place), steps=4)
    page.mouse.up()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def save(page: Page) -> None:
    button(page, "Save").click()
    expect(page.locator(".mask-state")).to_have_text(re.compile(": saved$"))


def inside(path: Path) -> Inside:
    with Image.open(path) as picture:
        assert picture.mode == "L" and picture.size == SIZE
        values = np.asarray(picture)
    assert set(np.unique(values)) <= {0, 255}
    return values > 0


def boxed(x0: int, y0: int, x1: int, y1: int) -> Inside:
    found = np.zeros(SIZE[::-1], np.bool_)
    found[y0:y1, x0:x1] = True
    return found


def capsule(start: tuple[float, float], end: tuple[float, float], radius: float) -> Inside:
    """Pixels whose middle is nearer than the radius to the way."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] + 0.5
    along = np.subtract(end, start)
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along)
    share = np.clip(share, 0, 1)
    near = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1]) <= radius
    return np.asarray(near)


def edge(wanted: Inside, found: Inside) -> int:
    """How many pixels differ."""
    return int((wanted != found).sum())


def test_what_is_drawn_is_white_in_the_file(editor: Page, viewer: Served) -> None:
    editor.keyboard.press("r")
    drag(editor, (100, 60), (340, 300))
    expect(editor.locator(".mask-state")).to_have_text("mask: changes not saved yet")
    expect(editor.locator(".mask-status")).to_contain_text("14.6 % may be edited")
    save(editor)
    assert edge(boxed(100, 60, 340, 300), inside(viewer.project.lone_mask)) == 0
    expect(editor.locator("#said")).to_contain_text("the next run will edit only this region")
    editor.reload()
    expect(editor.get_by_role("complementary")).to_contain_text("the next run will edit only this region")
    expect(editor.locator(".mask-status")).to_contain_text("14.6 % may be edited")
    expect(editor).to_have_url(re.compile(r"\?name=mask$"))
    expect(editor.get_by_role("button", name=re.compile("^mask 14.6 %"))).to_contain_text("in play")
    expect(editor.locator(".from-words")).to_contain_text("it cannot say where a thing is")
    expect(editor.get_by_label("What is to be edited?")).to_have_count(0)


def test_the_brush_paints_a_stroke_and_the_eraser_takes_it(editor: Page, viewer: Served) -> None:
    drag(editor, (200, 100), (500, 300))  # 32 px wide to begin with
    editor.keyboard.press("e")
    drag(editor, (500, 100), (500, 400))
    save(editor)
    wanted = capsule((200, 100), (500, 300), 16) & ~capsule((500, 100), (500, 400), 16)
    assert (
        edge(wanted, inside(viewer.project.lone_mask)) <= 12
    )  # the mouse stands on whole pixels of the page


def test_undo_and_redo(editor: Page, viewer: Served) -> None:
    status = editor.locator(".mask-status span").first
    expect(button(editor, "Undo")).to_be_disabled()
    drag(editor, (200, 100), (400, 200))
    drag(editor, (400, 100), (200, 200))
    editor.keyboard.press("i")
    shown = status.inner_text()
    for _ in range(3):
        editor.keyboard.press("Control+z")
    expect(status).to_contain_text("0.00 % may be edited")
    expect(button(editor, "Undo")).to_be_disabled()
    for _ in range(3):
        editor.keyboard.press("Shift+Control+z")
    expect(status).to_have_text(shown)
    editor.keyboard.press("Control+z")
    save(editor)
    wanted = capsule((200, 100), (400, 200), 16) | capsule((400, 100), (200, 200), 16)
    assert edge(wanted, inside(viewer.project.lone_mask)) <= 12


def test_a_polygon_is_closed_by_enter_and_left_by_escape(editor: Page, viewer: Served) -> None:
    corners = [(100, 100), (500, 120), (400, 420), (700, 50), (150, 400)]
    editor.keyboard.press("p")
    for place in corners:
        editor.mouse.click(*at(editor, *place))
    editor.keyboard.press("Backspace")
    editor.keyboard.press("Escape")
    expect(editor.locator(".mask-status")).to_contain_text("0.00 %")
    for place in corners:
        editor.mouse.click(*at(editor, *place))
    editor.keyboard.press("Backspace")
    editor.keyboard.press("Enter")
    save(editor)
    wanted = polygon(SIZE, corners[:-1])
    assert (
        edge(wanted, inside(viewer.project.lone_mask)) < 800 < wanted.sum() / 20
    )  # whole pixels of the page


def test_places_are_exact_when_zoomed_on_a_dense_display(browser: Browser, viewer: Served) -> None:
    context = browser.new_context(viewport={"width": 720, "height": 640}, device_scale_factor=2.5)
    page = context.new_page()
    complaints = listen(page)
    page.goto(viewer.entrance)
    opened(page, viewer)
    page.keyboard.press("z")
    for _ in range(9):
        page.keyboard.press("+")
    expect(page.locator(".zoomed")).to_have_text("745 %")
    scale = 1.25**9  # of the page's pixels for one of the picture's; the middle stays where it is
    x, y = at(page, 384, 256)
    page.keyboard.press("r")
    page.mouse.move(x - 10.2 * scale, y - 4.2 * scale)
    page.mouse.down()
    page.mouse.move(x + 6.2 * scale, y + 8.2 * scale, steps=3)
    page.mouse.up()
    save(page)
    context.close()
    assert edge(boxed(374, 252, 390, 264), inside(viewer.project.lone_mask)) == 0
    assert complaints == []


def test_a_box_can_be_drawn_by_its_numbers_and_the_keyboard_alone(editor: Page, viewer: Served) -> None:
    editor.locator("summary", has_text="Box by numbers").focus()
    editor.keyboard.press("Enter")
    for name, value in (("x", "20"), ("y", "30"), ("Width", "200"), ("Height", "100")):
        editor.get_by_label(name, exact=True).fill(value)
    button(editor, "Add the box").press("Enter")
    editor.get_by_label("Width", exact=True).fill("50")
    button(editor, "Take it away").press("Enter")
    editor.keyboard.press("Control+s")
    expect(editor.locator(".mask-state")).to_have_text("mask: saved")
    assert edge(boxed(70, 30, 220, 130), inside(viewer.project.lone_mask)) == 0


def test_fill_takes_an_outline_and_take_away_turns_it_round(editor: Page, viewer: Served) -> None:
    drag(editor, (100, 100), (300, 100), (300, 300), (100, 300), (100, 100))
    editor.keyboard.press("g")
    editor.mouse.click(*at(editor, 200, 200))
    editor.keyboard.press("r")
    editor.keyboard.press("x")
    drag(editor, (150, 150), (250, 250))
    save(editor)
    found = inside(viewer.project.lone_mask)
    assert edge(boxed(150, 150, 250, 250), ~found & boxed(84, 84, 316, 316)) < 260  # the round corners
    assert not (found & ~boxed(84, 84, 317, 317)).any()


def test_grow_and_feather_are_shown_as_compositing_has_them(editor: Page, viewer: Served) -> None:
    editor.keyboard.press("r")
    drag(editor, (200, 150), (400, 300))
    with editor.expect_response("**/masking/preview") as answered:
        editor.get_by_label("Grow", exact=True).fill("10")
        editor.get_by_label("Grow", exact=True).blur()
    assert json.loads(answered.value.request.post_data or "{}")["grow"] == 10
    share = region(boxed(200, 150, 400, 300), grow=10, feather=8).support.mean()
    expect(editor.locator(".band-said")).to_contain_text(f"{100 * share:.1f} % of the picture may change")
    expect(editor.locator("aside")).to_contain_text("config/AIGen.yaml has grow 0, feather 8")
    feather, grown = (SHOWN % ((b << 16) | (g << 8) | r) for r, g, b in ((255, 92, 205), (64, 224, 255)))
    assert editor.evaluate(feather) > 1000 and editor.evaluate(grown) > 1000
    editor.get_by_label("Show on the picture").uncheck()
    expect(editor.locator(".band-said")).to_be_empty()
    until(editor, f"() => ({feather})() === 0")
    assert not viewer.project.lone_mask.exists()


def test_several_masks_new_renamed_removed(editor: Page, viewer: Served) -> None:
    editor.keyboard.press("r")
    drag(editor, (10, 10), (110, 110))
    save(editor)
    button(editor, "New").click()
    editor.locator("dialog .input").fill("not a name")
    button(editor, "Draw it").click()
    expect(editor.locator("dialog .wrong")).to_contain_text("Letters, digits")
    editor.locator("dialog .input").fill("sky")
    button(editor, "Draw it").click()
    drag(editor, (0, 0), (400, 100))
    save(editor)
    expect(editor).to_have_url(re.compile("name=sky"))
    button(editor, "Rename").click()
    editor.locator("dialog .input").fill("heaven")
    editor.locator("dialog").get_by_role("button", name="Rename").click()
    expect(editor.locator("#said")).to_contain_text("“sky” is “heaven” now")
    expect(editor.locator(".mask-entry")).to_have_count(2)
    expect(editor.locator(".mask-entry[aria-current]")).to_contain_text("heaven")
    assert edge(boxed(0, 0, 400, 100), inside(viewer.project.mask("heaven"))) == 0
    assert not viewer.project.mask("sky").exists()
    button(editor, "Remove").click()
    editor.locator("dialog").get_by_role("button", name="Remove").click()
    expect(editor.locator(".mask-entry")).to_have_count(1)
    kept = sorted(path.name[:6] for path in (viewer.project.masks / "replaced").iterdir())
    assert kept == ["heaven", "sky_20"] and not viewer.project.mask("heaven").exists()


def test_two_tabs_do_not_write_over_each_other(editor: Page, viewer: Served) -> None:
    late = opened(editor.context.new_page(), viewer)
    for page, place in ((late, (100, 100)), (editor, (300, 300))):
        page.bring_to_front()
        page.keyboard.press("r")
        drag(page, (0, 0), place)
    save(editor)
    late.bring_to_front()
    button(late, "Save").click()
    dialog = late.locator("dialog")
    expect(dialog).to_contain_text("was made somewhere else")
    expect(dialog.get_by_role("img", name="as it is in the file")).to_have_js_property("naturalWidth", 768)
    expect(late.locator(".mask-state")).to_have_text("mask: could not be saved")
    assert edge(boxed(0, 0, 300, 300), inside(viewer.project.lone_mask)) == 0
    dialog.get_by_role("button", name="Save mine over it").click()
    expect(late.locator(".mask-state")).to_have_text("mask: saved")
    assert edge(boxed(0, 0, 100, 100), inside(viewer.project.lone_mask)) == 0
    assert len(list((viewer.project.masks / "replaced").iterdir())) == 1
    late.close()


def test_what_is_not_saved_is_asked_about(editor: Page) -> None:
    drag(editor, (100, 100), (200, 200))
    editor.get_by_role("link", name="Runs").click()
    expect(editor.locator("dialog")).to_contain_text("is not saved")
    button(editor, "Cancel").click()
    expect(editor.locator(".mask-state")).to_have_text("mask: changes not saved yet")
    editor.get_by_role("link", name="Projects").click()
    button(editor, "Discard it").click()
    expect(editor).to_have_url(re.compile("/$"))
    editor.go_back()
    expect(editor.locator(".mask-state")).to_have_text("mask: nothing drawn yet")


def test_what_was_left_by_the_back_button_is_there_again(page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.origin}/p/example")
    page.get_by_role("link", name="Masks").click()
    expect(page.locator(".mask-status")).to_contain_text("768 × 512 px")
    page.keyboard.press("r")
    drag(page, (100, 100), (484, 356))
    page.go_back()
    page.get_by_role("link", name="Masks").click()
    expect(page.locator("#said")).to_contain_text("as you left it, and not saved yet")
    expect(page.locator(".mask-status")).to_contain_text("25.0 % may be edited")
    save(page)
    assert edge(boxed(100, 100, 484, 356), inside(viewer.project.lone_mask)) == 0


def test_a_run_that_would_not_go_on_is_warned_of(page: Page, viewer: Served) -> None:
    checkpoint, run = viewer.project.checkpoint, viewer.run.run_json
    checkpoint.write_text(json.dumps({**json.loads(checkpoint.read_text()), "status": "paused"}))
    masks = [{"name": "mask", "path": "input/mask.png", "sha256": "0" * 64}]
    run.write_text(json.dumps({**json.loads(run.read_text()), "masks": masks}))
    opened(page, viewer)
    expect(page.locator(".mask-note")).to_contain_text(f"Run {viewer.run.run_id} is not finished")
    page.goto(f"{viewer.origin}/p/example/masks?name=other")
    expect(page.locator(".mask-state")).to_have_text("other: nothing drawn yet")
    expect(page.locator(".mask-note")).to_have_count(0)


SHAPES = """async ({width, height, corners, noise}) => {
  const { Bits } = await import("/static/js/parts/masks/bits.js");
  const { fromPng, toPng } = await import("/static/js/parts/masks/png.js");
  const { History } = await import("/static/js/parts/masks/history.js");
  const bits = new Bits(width, height), history = new History(bits);
  const pack = async (change) => {
    history.begin("");
    change();
    history.end();
    return [await toPng(bits), bits.count];
  };
  const made = [];
  for (const each of corners) {
    made.push(await pack(() => { bits.all(0); bits.polygon(each.map(([x, y]) => ({ x, y })), 1); }));
  }
  const given = await fromPng(noise);
  made.push(await pack(() => bits.combine(given.data, "replace")));
  made.push(await pack(() => bits.invert()));
  const back = [];
  while (history.canUndo) { history.undo(); back.push([await toPng(bits), bits.count]); }
  while (history.canRedo) history.redo();
  return { made, back, again: [await toPng(bits), bits.count], weights: [...given.data] };
}"""


def test_shapes_files_and_history_are_exact(page: Page) -> None:
    chance = np.random.default_rng(3)
    width, height = 201, 133  # neither a multiple of eight nor of the history's squares
    corners = [chance.uniform(-40, 240, (int(chance.integers(3, 9)), 2)).tolist() for _ in range(12)]
    noise = chance.integers(0, 256, (height, width), dtype=np.uint8)
    page.goto(page.url.split("?")[0])
    given = {
        "width": width,
        "height": height,
        "corners": corners,
        "noise": in_base64(weights_png(noise / 255)),
    }
    told = page.evaluate(SHAPES, given)
    wanted = [polygon((width, height), each) for each in corners]
    wanted += [noise > 127, noise <= 127]
    assert len(told["made"]) == len(wanted)
    for (made, count), right in zip(told["made"], wanted, strict=True):
        assert (unpacked(made) == right).all() and count == right.sum()
    moved = polygon((width, height), [(x + 0.5, y) for x, y in corners[0]])
    assert (unpacked(told["made"][0][0]) != moved).any()
    for (made, count), right in zip(told["back"], [*wanted[-2::-1], wanted[0] & False], strict=True):
        assert (unpacked(made) == right).all() and count == right.sum()
    assert (unpacked(told["again"][0]) == wanted[-1]).all() and told["again"][1] == wanted[-1].sum()
    assert told["weights"] == noise.ravel().tolist()


def unpacked(text: str) -> Inside:
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        picture.load()
        assert picture.mode == "1"
        return np.asarray(picture)


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_finger_draws_and_two_fingers_move(phone: Page, viewer: Served) -> None:
    page = phone
    opened(page, viewer)
    button(page, "Box").tap()
    touches = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", at(page, 200, 100))
    touch("touchMove", at(page, 500, 400))
    touch("touchEnd")
    expect(page.locator(".mask-status")).to_contain_text(re.compile(r"22\.\d % may be edited"))
    zoomed = page.locator(".zoomed").inner_text()
    (x, y), (x2, y2) = at(page, 300, 200), at(page, 400, 300)
    touch("touchStart", (x, y))
    touch("touchStart", (x, y), (x2, y2))
    touch("touchMove", (x - 40, y - 40), (x2 + 40, y2 + 40))
    touch("touchEnd")
    expect(page.locator(".zoomed")).not_to_have_text(zoomed)
    expect(page.locator(".mask-status")).to_contain_text(re.compile(r"22\.\d % may be edited"))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_words_are_asked_of_the_vision_model_and_can_be_mended(page: Page, viewer: Served) -> None:
    there = {"label": "castle", "bbox_2d": [100, 100, 500, 600]}
    with FakeOllama(lambda _: json.dumps({"seen": "<b>A castle.</b>", "boxes": [there]})) as server:
        text = f"provider: ollama\nmodel: qwen3-vl:4b\nbase_url: {server.url}\nretries: 0\n"
        viewer.project.aivis.write_text(text)
        editor = opened(page, viewer, "?name=castle")
        editor.get_by_label("What is to be edited?").fill("the castle")
        button(editor, "Find it").click()
        expect(editor.locator(".from-words")).to_contain_text("ollama/qwen3-vl:4b: <b>A castle.</b>")
    expect(editor.locator(".mask-state")).to_have_text("castle: changes not saved yet")
    assert not viewer.project.masks.exists()
    editor.keyboard.press("Escape")
    save(editor)
    found = inside(viewer.project.mask("castle"))
    assert found[51:307, 77:384].sum() > 0.75 * found.sum() > 1000
