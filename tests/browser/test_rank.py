"""The rank page: whatever hand moves a picture, the same file; and never "saved" before it is."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.browser.living import Living
from tests.browser.serving import Served, served

from iterativectl import files
from iterativectl.project import human

LIVE_WITHIN = 5_000  # milliseconds, on a machine under load
ORDER = "[...document.querySelectorAll('.ranked .rank-card')].map((one) => one.dataset.n)"


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def opened(page: Page, viewer: Served) -> Page:
    page.goto(f"{viewer.run_address}/rank")
    expect(page.locator(".rank-card").first).to_be_visible()
    return page


def card(page: Page, number: int) -> Locator:
    return page.locator(f".rank-card[data-n='{number}']")


def saved(page: Page, *numbers: int) -> None:
    order = page.locator(".ranked .rank-card .name b")
    expect(order).to_have_text([f"Iteration {number}" for number in numbers])
    expect(page.locator(".save-state")).to_have_text("Saved")


def drag(page: Page, number: int, to: Locator, *wanted: int, below: bool = False) -> None:
    """By hand: down on the grip, over there, until the pictures stand as they should, up."""
    card(page, number).locator(".grip").hover()  # waits until it stands still
    there = to.bounding_box()
    assert there is not None
    page.mouse.down()
    y = there["y"] + there["height"] * (0.8 if below else 0.2)
    page.mouse.move(there["x"] + 60, y, steps=4)
    for moved in range(400):  # a hand is never still
        page.mouse.move(there["x"] + 60 + moved % 3, y)
        if page.evaluate(ORDER) == [str(one) for one in wanted]:
            break
    page.mouse.up()


def ranked_by_dragging(page: Page) -> None:
    drag(page, 2, page.locator(".ranked"), 2)
    drag(page, 4, card(page, 2), 4, 2)
    drag(page, 3, card(page, 2), 4, 2, 3, below=True)
    drag(page, 3, card(page, 4), 3, 4, 2)


def ranked_by_keys(page: Page) -> None:
    card(page, 2).locator(".face").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    card(page, 4).locator(".face").press("Enter")
    page.keyboard.press("Shift+ArrowUp")  # into the ranking
    page.keyboard.press("Shift+ArrowUp")  # and before iteration 2
    card(page, 3).locator(".face").press("Enter")
    page.keyboard.press("r")
    page.keyboard.press("Shift+Home")


def ranked_by_buttons(page: Page) -> None:
    for number in (2, 3, 4):
        page.get_by_role("button", name=f"Rank iteration {number}").click()
    page.get_by_role("button", name="Move iteration 4 to the top").click()
    page.get_by_role("button", name="Move iteration 3 up").click()
    page.get_by_role("button", name="Move iteration 4 down").click()


def test_hand_keys_and_buttons_end_in_the_same_file(page: Page, viewer: Served) -> None:
    found = []
    for ranked in (ranked_by_dragging, ranked_by_keys, ranked_by_buttons):
        opened(page, viewer)
        ranked(page)
        saved(page, 3, 4, 2)
        found.append({**load(viewer.run.ranking), "updated_at": ""})
        viewer.run.ranking.unlink()
    assert found == 3 * [{"ranking": ["3", "4", "2"], "notes": {}, "updated_at": ""}]


def test_taken_out_again_and_announced(page: Page, viewer: Served) -> None:
    human.rank(viewer.run, [3, 4, 2], [1, 2, 3, 4, 5], "2026-01-09T22:25:59+01:00")
    opened(page, viewer)
    drag(page, 4, page.locator(".tray"), 3, 2)
    saved(page, 3, 2)
    expect(page.locator("#heard")).to_have_text("Iteration 4 is not ranked any more.")
    card(page, 3).locator(".face").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, 2).locator(".face")).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(card(page, 2).locator(".face")).to_be_focused()
    expect(page.locator("#heard")).to_have_text("Iteration 2 is number 1 of 2.")
    saved(page, 2, 3)


def test_notes_verdicts_and_ratings_are_kept(page: Page, viewer: Served) -> None:
    opened(page, viewer)
    field = str(page.locator(".rank-verdicts tbody th").first.text_content())
    judged = page.locator(".rank-verdicts tbody td").first.text_content()
    not_met = page.get_by_role("group", name=f"What you say of {field}").get_by_role("button", name="Not met")
    with page.expect_response("**/labels"):
        not_met.click()
    with page.expect_response("**/ratings"):
        page.keyboard.press("x")
    page.keyboard.press("n")
    page.keyboard.type("5 <b>too</b> dark")  # in a field, digits are digits
    saved(page)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Your note")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".rank-verdicts tbody td").first).to_have_text(str(judged))  # never over it
    page.reload()
    expect(page.get_by_label("Your note")).to_have_value("5 <b>too</b> dark")
    expect(not_met).to_have_attribute("aria-pressed", "true")
    expect(card(page, 5)).to_have_class(re.compile("is-rejected"))
    assert load(viewer.run.labels)["labels"] == {"5": {field: False}}
    assert load(viewer.run.ratings)["rejected"] == ["5"]
    not_met.click()
    expect(not_met).to_have_attribute("aria-pressed", "false")


def two_tabs(context: BrowserContext, viewer: Served) -> tuple[Page, Page]:
    """Both made from the same file; the first has saved since, the second has just tried to."""
    pages = [context.new_page(), context.new_page()]
    pages[0].goto(viewer.entrance)
    for page in pages:
        opened(page, viewer)
    for page, number in zip(pages, (2, 3), strict=True):
        page.bring_to_front()  # behind another one a page is drawn once a second
        page.get_by_role("button", name=f"Rank iteration {number}").click()
        state = "Saved" if number == 2 else "Not saved: it was changed somewhere else"
        expect(page.locator(".save-state")).to_have_text(state)
        expect(page.locator(".ranked .rank-card")).to_have_count(1)
        if number == 2:
            saved(page, 2)
    return pages[0], pages[1]


def test_two_tabs_conflict_and_a_person_decides(context: BrowserContext, viewer: Served) -> None:
    first, second = two_tabs(context, viewer)
    notice = second.get_by_role("alert")
    expect(notice.locator(".small-order").first).to_have_text("2")
    expect(notice.locator(".small-order").last).to_have_text("3")
    assert load(viewer.run.ranking)["ranking"] == ["2"]
    first.bring_to_front()
    first.get_by_role("button", name="Rank iteration 1").click()
    saved(first, 2, 1)
    second.bring_to_front()
    notice.get_by_role("button", name="Write mine over it").click()
    expect(notice.locator(".small-order").first).to_have_text(re.compile("2.*1"))
    assert load(viewer.run.ranking)["ranking"] == ["2", "1"]  # that was not what had been shown
    notice.get_by_role("button", name="Write mine over it").click()
    saved(second, 3)
    assert load(viewer.run.ranking)["ranking"] == ["3"]
    first.bring_to_front()
    first.get_by_role("button", name="Rank iteration 4").click()
    first.get_by_role("button", name="Take theirs").click()
    saved(first, 3)
    first.get_by_role("button", name="Rank iteration 4").click()
    saved(first, 3, 4)
    assert load(viewer.run.ranking)["ranking"] == ["3", "4"]


def test_who_comes_back_sees_what_was_ranked_elsewhere(context: BrowserContext, viewer: Served) -> None:
    """Unless something here is not saved: of that a person decides."""
    page = context.new_page()  # whose console names the request that fails
    page.goto(viewer.entrance)
    seen = "document.dispatchEvent(new Event('visibilitychange'))"
    opened(page, viewer)
    human.rank(viewer.run, [3, 2], [1, 2, 3, 4, 5], "2026-01-09T22:25:59+01:00")
    files.write_json(viewer.run.ratings, {"ratings": {"4": 5}})
    page.evaluate(seen)
    saved(page, 3, 2)
    expect(page.locator("#said")).to_contain_text("changed somewhere else")
    expect(card(page, 4)).to_contain_text("5 stars")
    page.get_by_role("button", name="Rank iteration 5").click()
    saved(page, 3, 2, 5)
    page.route("**/ranking", lambda route: route.abort())
    page.get_by_role("button", name="Rank iteration 4").click()
    expect(page.locator(".save-state")).to_have_text("Not saved")
    human.rank(viewer.run, [1], [1, 2, 3, 4, 5], "2026-01-09T22:25:59+01:00")
    with page.expect_response(viewer.run_address.replace("/p/", "/api/p/")):  # it has looked at the run again
        page.evaluate(seen)
    assert page.evaluate(ORDER) == ["3", "2", "5", "4"]
    page.unroute("**/ranking")
    page.get_by_role("button", name="Save again").click()
    expect(page.get_by_role("alert")).to_contain_text("this is what the file says now")


def test_a_viewer_that_was_ended_is_said(browser: Browser, browser_example: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(browser_example, root)
    context = browser.new_context()
    page = context.new_page()
    with served(root) as viewer:
        page.goto(viewer.entrance)
        opened(page, viewer)
        page.get_by_role("button", name="Rank iteration 2").click()
        saved(page, 2)
    page.get_by_role("button", name="Rank iteration 3").click()
    expect(page.locator(".save-state")).to_have_text("Not saved")
    expect(page.get_by_role("alert")).to_contain_text("The viewer does not answer.")
    assert load(viewer.run.ranking)["ranking"] == ["2"]
    page.get_by_role("link", name="Projects").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".ranked .rank-card")).to_have_count(2)  # what was done is still here
    context.close()


def test_leaving_saves_what_was_not_saved_yet(page: Page, viewer: Served) -> None:
    opened(page, viewer)
    with page.expect_response("**/ranking") as reply:
        page.get_by_role("button", name="Rank iteration 2").click()
        page.get_by_role("link", name="Projects").click()
    assert reply.value.status == 200
    assert load(viewer.run.ranking)["ranking"] == ["2"]


def test_the_next_run_starts_from_it_and_it_is_taken_back(page: Page, viewer: Served) -> None:
    opened(page, viewer)
    page.get_by_role("button", name="Rank iteration 3").click()
    saved(page, 3)
    part = page.get_by_role("region", name="The next run")
    expect(part).to_contain_text("The next run would start with")
    part.get_by_text("The best three").click()
    with page.expect_response(lambda reply: reply.request.method == "POST"):
        part.get_by_role("button", name="Write this for the next run").click()
    expect(part).to_contain_text("iterativectl run --project example")
    assert load(viewer.project.working / "seed.json")["mode"] == "top3"
    part.get_by_role("button", name="Take it back").click()
    expect(part.get_by_role("button", name="Write this for the next run")).to_be_visible()
    assert not (viewer.project.working / "seed.json").exists()


def test_a_phone_ranks_too(phone: Page, viewer: Served) -> None:
    page = phone
    opened(page, viewer)
    for number in (4, 2):
        card(page, number).locator(".face").tap()
        page.get_by_role("button", name=f"Rank iteration {number}").tap()
    page.get_by_role("button", name="Move iteration 2 up").tap()
    saved(page, 2, 4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def came(page: Page, number: int) -> None:
    """The page knows of the picture."""
    expect(page.locator("#heard")).to_have_text(
        re.compile(f"^Iteration {number}, score .*: not ranked yet"), timeout=LIVE_WITHIN
    )


def test_a_picture_that_comes_later_disturbs_nobody_who_types(
    going: Living, context: BrowserContext, viewer: Served
) -> None:
    """What was not saved is still here, and is still said to be unsaved."""
    page = context.new_page()
    page.goto(viewer.entrance)
    opened(page, viewer)
    page.route("**/ranking", lambda route: route.abort())
    page.get_by_role("button", name="Rank iteration 1").click()
    note = page.get_by_label("Your note")
    note.fill("More mist")
    note.evaluate("(one) => one.setSelectionRange(5, 9)")
    expect(page.locator(".save-state")).to_have_text("Not saved")
    before = note.bounding_box()
    going.commit(3)
    came(page, 3)
    expect(page.locator(".tray .rank-card")).to_have_count(2)
    expect(note).to_be_focused()
    assert note.evaluate("(one) => [one.value, one.selectionStart]") == ["More mist", 5]
    assert note.bounding_box() == before
    assert page.evaluate(ORDER) == ["1"]
    expect(page.locator(".save-state")).to_have_text("Not saved")
    page.unroute("**/ranking")
    page.get_by_role("button", name="Save again").click()
    saved(page, 1)
    page.get_by_role("button", name="Rank iteration 3").click()
    saved(page, 1, 3)
    assert load(viewer.run.ranking)["notes"] == {"1": "More mist"}


def test_a_picture_that_comes_while_one_drags_waits(going: Living, page: Page, viewer: Served) -> None:
    opened(page, viewer)
    card(page, 2).locator(".grip").hover()
    there = page.locator(".ranked").bounding_box()
    assert there is not None
    page.mouse.down()
    for moved in range(200):
        page.mouse.move(there["x"] + 60 + moved % 3, there["y"] + 4)
        if page.evaluate(ORDER) == ["2"]:
            break
    going.commit(3)
    came(page, 3)
    expect(card(page, 3)).to_have_count(0)
    assert page.evaluate(ORDER) == ["2"]
    page.mouse.up()
    expect(page.locator(".tray .rank-card")).to_have_count(2)
    saved(page, 2)
    assert load(viewer.run.ranking)["ranking"] == ["2"]


def test_what_was_changed_elsewhere_meanwhile_is_not_taken_silently(
    going: Living, page: Page, viewer: Served
) -> None:
    opened(page, viewer)
    human.rank(viewer.run, [2], [1, 2], "2026-01-09T22:25:59+01:00")
    going.commit(3)
    came(page, 3)
    assert page.evaluate(ORDER) == []
    page.get_by_role("button", name="Rank iteration 3").click()
    expect(page.locator(".save-state")).to_have_text("Not saved: it was changed somewhere else")
    assert load(viewer.run.ranking)["ranking"] == ["2"]
