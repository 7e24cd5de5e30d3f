"""A run's page: moving, why, what changed, what a person says, and a run that goes on while one looks."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.browser import hostile
from tests.browser.living import Living, living
from tests.browser.serving import Served

from iterativectl import files
from iterativectl.project import human

LIVE_WITHIN = 5_000  # milliseconds, on a machine under load; the benchmark measures what it takes

# Places of hostile texts; `hostile.poison` plants more, which no page shows.
WHAT_A_RUN_SHOWS = {
    *("checkpoint", "human note", "answer", "answer in a list", "failure message", "failure hint"),
    *("run question", "metadata reason", "metadata by", "metadata reasons", "metadata positive"),
    *("metadata negative", "metadata analysis", "metadata differences", "metadata notes", "metadata ticket"),
    *("metadata provider", "metadata sampler_name", "metadata scheduler", "metadata workflow"),
    *(
        "advice reason",
        "advice positive",
        "questions text",
        "evaluation text",
        "comparison text",
        "advice text",
    ),
    *("evaluation by", "event warning", "event host", "event purpose", "event engine"),
    *("event judge", "event failure", "event advice", "event reason"),
}


@pytest.fixture
def run(page: Page, viewer: Served) -> Page:
    """The page of the example's run, at iteration 3."""
    page.goto(f"{viewer.run_address}?i=3")
    expect(chosen(page)).to_contain_text("3")
    return page


def chosen(page: Page) -> Locator:
    return page.locator(".strip [aria-current]")


def shows(page: Page, n: int) -> None:
    """The page shows iteration n: strip, picture, criteria."""
    expect(chosen(page)).to_have_attribute("data-n", str(n))
    expect(page.locator(".run-view img")).to_have_attribute("alt", f"Iteration {n}")
    expect(page.get_by_role("heading", name=f"Iteration {n}", exact=True)).to_be_visible()


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_keys_move_through_the_iterations_and_the_address_follows(run: Page) -> None:
    for key, n in (("ArrowRight", 4), ("ArrowLeft", 3), ("Home", 1), ("ArrowLeft", 1), ("End", 5), ("b", 5)):
        run.keyboard.press(key)
        shows(run, n)
        assert query(run)["i"] == [str(n)]
    run.reload()
    shows(run, 5)


def test_the_strip_is_one_stop_and_focus_goes_along(run: Page) -> None:
    expect(run.locator(".strip button[tabindex='0']")).to_have_count(1)
    chosen(run).focus()
    run.keyboard.press("ArrowRight")
    expect(run.locator(".strip [data-n='4']")).to_be_focused()
    run.locator(".strip [data-n='2']").click()
    shows(run, 2)


def test_each_verdict_says_why_who_and_how_sure(run: Page, viewer: Served) -> None:
    record = json.loads(viewer.run.metadata(3).read_bytes())
    rows = run.locator(".criterion")
    expect(rows).to_have_count(len(record["verdicts"]))
    for field, verdict in record["verdicts"].items():
        row = rows.filter(has=run.locator(f"code:text-is('{field}')"))
        expect(row).to_contain_text(verdict["reason"])
        expect(row.locator(".badge")).to_have_text(verdict["verdict"])
    expect(run.locator(".score-head")).to_contain_text("By embedded/measurements")
    expect(rows.first).to_contain_text("answer: yes · high confidence")
    expect(rows.last).to_contain_text("measured: similarity")
    first = next(iter(record["verdicts"].values()))
    first |= {"verdict": "failed", "confidence": 0.7, "by": "depends_on:mist"}
    files.write_json(viewer.run.metadata(3), record)
    run.reload()
    expect(rows.first).to_contain_text("its own answer: yes · 70 % sure · failed because mist did")


def test_what_a_person_says_stands_beside_the_judge(run: Page, viewer: Served) -> None:
    record = json.loads(viewer.run.metadata(3).read_bytes())
    row = run.locator(".criterion").first
    field, judged = next(iter(record["verdicts"].items()))
    assert judged["verdict"] == "passed"
    with run.expect_response("**/labels"):
        row.get_by_role("button", name="Not met").click()
    expect(row).to_contain_text("the judge says otherwise")
    expect(row.locator(".badge")).to_have_text("passed")
    with run.expect_response("**/labels"):
        row.get_by_role("button", name="Met", exact=True).click()
    labels = human.read_labels(viewer.run.labels)
    assert labels is not None and labels.labels == {"3": {field: True}}
    assert json.loads(viewer.run.metadata(3).read_bytes()) == record
    with run.expect_response("**/labels"):
        row.get_by_role("button", name="Met", exact=True).click()  # what is pressed once more is taken back
    expect(row.get_by_role("button", name="Met", exact=True)).to_have_attribute("aria-pressed", "false")
    assert human.read_labels(viewer.run.labels).labels.get("3", {}) == {}  # type: ignore[union-attr]


def test_what_changed_is_shown_word_by_word_and_against_any_other(run: Page) -> None:
    run.keyboard.press("Home")
    run.keyboard.press("ArrowRight")
    tab = run.get_by_role("tabpanel", name="What changed")
    expect(tab).to_contain_text("improved prompts for sunset_sky")
    expect(tab.locator("ins").first).to_have_text(re.compile("golden hour"))
    expect(tab.get_by_role("row", name="denoise 0.4 0.65")).to_be_visible()
    tab.get_by_label("Compared with").select_option("5")
    expect(tab.get_by_role("row", name="denoise 0.5 0.65")).to_be_visible()


def test_tabs_are_in_the_address_and_are_moved_by_arrows(run: Page, viewer: Served) -> None:
    run.get_by_role("tab", name="Answers").click()
    expect(run.get_by_role("tabpanel", name="Answers")).to_contain_text("brightness")
    assert query(run)["tab"] == ["answers"]
    run.keyboard.press("ArrowRight")
    expect(run.get_by_role("tab", name="Settings and files")).to_be_focused()
    shows(run, 3)
    run.goto(f"{viewer.run_address}?i=2&tab=replies")
    expect(run.get_by_role("tabpanel", name="Raw replies").locator("pre").first).to_contain_text("brightness")
    run.get_by_role("tab", name="Events").click()
    expect(run.get_by_role("tabpanel", name="Events")).to_contain_text("The run began: made with embedded")


def test_the_original_png_and_the_workflow_are_the_very_files(run: Page, viewer: Served) -> None:
    run.get_by_role("tab", name="Settings and files").click()
    for name, path in (("PNG as it was made", viewer.run.image(3)), ("Recipe", viewer.run.graph(3))):
        with run.expect_download() as download:
            run.get_by_role("link", name=name).click()
        assert download.value.path().read_bytes() == path.read_bytes()


def test_charts_choose_an_iteration_and_are_a_table_too(run: Page) -> None:
    run.get_by_role("tab", name="Charts").click()
    over = run.locator(".chart .u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    over.click(position={"x": box["width"] * 0.9, "y": box["height"] / 2})
    shows(run, 5)
    run.get_by_text("As a table").click()
    expect(run.get_by_role("row", name=re.compile(r"^5 100 "))).to_be_visible()
    before = run.locator(".chart canvas").first.evaluate("(one) => one.toDataURL()")
    run.locator("#theme").click()
    run.locator("#theme").click()
    expect(run.locator("html")).to_have_attribute("data-theme", "dark")
    assert run.locator(".chart canvas").first.evaluate("(one) => one.toDataURL()") != before


def test_stars_favourite_or_reject_by_keys_are_saved(run: Page, viewer: Served) -> None:
    for key in ("4", "x", "f"):
        with run.expect_response("**/ratings") as reply:
            run.keyboard.press(key)
        assert reply.value.ok
    expect(run.locator(".strip [data-n='3']")).to_have_accessible_name(
        re.compile("^Iteration 3.* favourite, 4 stars")
    )
    ratings = json.loads(viewer.run.ratings.read_bytes())
    assert (ratings["favourites"], ratings["rejected"]) == (["3"], [])
    with run.expect_response("**/ratings"):
        run.keyboard.press("0")
    run.reload()
    expect(run.get_by_role("button", name="Favourite", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(run.locator(".stars")).to_contain_text("not rated")


def test_a_note_is_saved_and_never_over_one_that_was_not_seen(run: Page, viewer: Served) -> None:
    run.keyboard.press("n")
    run.get_by_label("Note on iteration 3").fill("More fog <b>below</b>.")
    run.get_by_role("button", name="Save").click()
    expect(run.locator(".note-text")).to_have_text("More fog <b>below</b>.")
    run.keyboard.press("n")
    theirs = json.loads(viewer.run.ranking.read_bytes()) | {"notes": {"3": "Theirs."}}
    files.write_json(viewer.run.ranking, theirs)
    run.get_by_label("Note on iteration 3").fill("Mine.")
    with run.expect_response("**/notes") as reply:
        run.get_by_role("button", name="Save").click()
    assert reply.value.status == 409
    expect(run.get_by_role("dialog")).to_contain_text("Theirs.")
    assert json.loads(viewer.run.ranking.read_bytes())["notes"] == {"3": "Theirs."}
    run.get_by_role("button", name="Save").click()
    expect(run.locator(".note-text")).to_have_text("Mine.")


def test_a_note_that_was_begun_waits_and_what_is_not_saved_is_said(run: Page) -> None:
    note = run.get_by_label("Note on iteration 3")
    said = run.locator("#said")
    run.keyboard.press("n")
    note.fill("Begun.")
    run.keyboard.press("Escape")
    expect(said).to_contain_text("The note is not saved.")
    run.keyboard.press("ArrowRight")
    said.get_by_role("button", name="Go on writing").click()
    expect(note).to_have_value("Begun.")
    run.get_by_role("button", name="Cancel").click()
    run.keyboard.press("ArrowLeft")
    run.keyboard.press("n")
    expect(note).to_have_value("")
    run.keyboard.press("Escape")
    refused = {"error": {"code": "not_let_in", "message": "This browser has not been let in."}}
    run.route("**/ratings", lambda route: route.fulfill(status=409, json=refused))
    run.keyboard.press("f")
    expect(said).to_contain_text("Not saved. This browser has not been let in.")
    expect(run.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "false")


def test_zoom_is_100_percent_and_stays_while_moving_on(run: Page) -> None:
    run.set_viewport_size({"width": 700, "height": 600})
    view, image = run.locator(".run-view"), run.locator(".run-view img")
    image.evaluate("(one) => one.decode()")
    run.keyboard.press("z")
    assert image.evaluate("(one) => [one.width - one.naturalWidth, one.height - one.naturalHeight]") == [0, 0]
    assert query(run)["zoom"] == ["1"]
    view.evaluate("(one) => one.scrollTo(60, 40)")
    run.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("alt", "Iteration 4")
    assert view.evaluate("(one) => [one.scrollLeft, one.scrollTop]") == [60, 40]
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    assert box is not None
    run.mouse.move(box["x"] + 200, box["y"] + 200)
    run.mouse.down()
    run.mouse.move(box["x"] + 230, box["y"] + 190, steps=3)
    run.mouse.up()
    assert view.evaluate("(one) => [one.scrollLeft, one.scrollTop]") == [30, 50]
    run.get_by_role("button", name="200 %").click()
    assert image.evaluate("(one) => one.width / one.naturalWidth") == 2
    run.keyboard.press("z")
    assert view.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
    expect(run.get_by_role("button", name="100 %")).to_be_visible()


def test_the_chosen_picture_is_in_sight_on_a_phone(phone: Page, viewer: Served) -> None:
    for n in (5, 1):
        phone.goto(f"{viewer.run_address}?i={n}")
        expect(chosen(phone)).to_have_attribute("data-n", str(n))
        expect(chosen(phone)).to_be_in_viewport(ratio=0.9)


def test_what_one_looks_at_begins_high_on_a_small_screen(going: Living, page: Page, viewer: Served) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(viewer.run_address)
    shows(page, 2)
    going.begin(3)
    going.sample(3, 12, 25)
    going.look(3)
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=LIVE_WITHIN)
    expect(page.get_by_alt_text("Preview of iteration 3")).to_be_visible(timeout=LIVE_WITHIN)
    box = page.locator(".run-view").bounding_box()
    assert box is not None and box["y"] < 350


def test_100_percent_is_a_pixel_of_the_screen_however_large_the_window(
    browser: Browser, viewer: Served
) -> None:
    """The picture is fitted to 1920 x 1080 larger than it is; zoom and original stand in the address."""
    large = {"width": 1920, "height": 1080}
    for dense in (1, 2):
        context = browser.new_context(viewport=large, device_scale_factor=dense)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(viewer.entrance)
        page.goto(f"{viewer.run_address}?i=3&original=1")
        image = page.get_by_alt_text("The picture that this run edits")
        image.evaluate("(one) => one.decode()")
        page.get_by_role("button", name="100 %").click()
        assert image.evaluate("(one) => one.naturalWidth / one.width") == dense
        page.reload()
        image.evaluate("(one) => one.decode()")
        expect(page.get_by_role("button", name="200 %")).to_be_visible()
        assert image.evaluate("(one) => one.naturalWidth / one.width") == dense
        page.keyboard.press("ArrowRight")
        shows(page, 4)
        assert query(page) == {"i": ["4"], "zoom": ["1"]}
        context.close()


def test_before_the_first_try_the_original_is_seen(
    space: Path, tmp_path: Path, viewer: Served, context: BrowserContext
) -> None:
    project, run = viewer.project, viewer.run
    with living(project, run, 0, tmp_path / "kept") as going:
        page = context.new_page()
        page.goto(viewer.entrance)
        page.goto(viewer.run_address)
        original = page.get_by_alt_text("The picture that this run edits")
        expect(page.get_by_text("No picture yet")).to_be_visible()
        expect(original).to_be_visible()
        going.begin(1)
        expect(page.locator(".making").get_by_text("being made")).to_be_visible(timeout=LIVE_WITHIN)
        expect(original).to_be_visible()
        made(going, 1)
        judged = page.get_by_alt_text("Iteration 1, being judged")
        expect(judged).to_be_visible(timeout=LIVE_WITHIN)
        going.commit(1)
        shows(page, 1)


def made(going: Living, n: int) -> None:
    """The picture is there, and the judge is asked."""
    shutil.copy2(going.kept / f"images/iteration_{n}.png", going.run.image(n))
    going.stand(in_flight=({"iteration": n, "step": "judge", "ticket": None},))
    going.tell(
        "generation_done", n, path=f"images/iteration_{n}.png", width=768, height=512, seconds=2.0, notes=[]
    )


def test_a_run_that_goes_on_appears_without_reload(going: Living, page: Page, viewer: Served) -> None:
    page.goto(viewer.run_address)
    page.evaluate("window.here = true")
    shows(page, 2)
    live = page.get_by_role("region", name="What is going on")
    expect(live.get_by_role("button", name="Follow newest")).to_have_attribute("aria-pressed", "true")
    going.begin(3)
    expect(page.locator(".making").get_by_text("being made")).to_be_visible(timeout=LIVE_WITHIN)
    going.sample(3, 12, 25)
    expect(live).to_contain_text("Iteration 3: sampling, step 12 of 25", timeout=LIVE_WITHIN)
    expect(live.get_by_role("progressbar")).to_have_attribute("max", "25")
    going.look(3)
    expect(page.locator(".strip").get_by_role("img", name="Preview of iteration 3")).to_be_visible(
        timeout=LIVE_WITHIN
    )
    made(going, 3)
    expect(chosen(page)).to_contain_text("being judged", timeout=LIVE_WITHIN)
    expect(page.get_by_alt_text("Iteration 3, being judged")).to_be_visible()
    expect(page.locator(".criteria-part")).to_contain_text("Iteration 3It is being judged.")
    expect(page.get_by_role("tabpanel")).to_have_text("Iteration 3 is being judged.")
    going.tell("judging", 3, purpose="evaluate_criteria")
    expect(live).to_contain_text("asking the judge: the criteria", timeout=LIVE_WITHIN)
    expect(live).not_to_contain_text("KSampler")
    usage = {"requests": 7, "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.25, "unknown": 0}
    going.tell("request_done", usage=usage)
    expect(page.locator(".run-facts")).to_contain_text("$0.25 7 requests", timeout=LIVE_WITHIN)
    going.commit(3)
    shows(page, 3)
    expect(page.locator(".strip button")).to_have_count(3)
    expect(page.locator(".criterion .why").first).to_be_visible()
    took = seconds(page)
    going.end(reason="a stop was asked for through control.json")
    expect(page.locator(".run-title .badge")).to_have_text("stopped", timeout=LIVE_WITHIN)
    expect(page.locator(".run-head .reason")).to_have_text("a person stopped it")
    assert seconds(page) >= took
    expect(live).to_be_hidden()
    assert page.evaluate("window.here")


def seconds(page: Page) -> float:
    """What the head says that the run took."""
    text = page.locator(".run-facts div", has_text="Time").locator("dd").inner_text()
    return float(text.removesuffix(" s"))


def test_looking_at_an_older_picture_is_not_disturbed(going: Living, page: Page, viewer: Served) -> None:
    page.goto(viewer.run_address)
    shows(page, 2)
    page.keyboard.press("ArrowLeft")
    shows(page, 1)
    follow = page.get_by_role("button", name="Follow newest")
    expect(follow).to_have_attribute("aria-pressed", "false")
    assert query(page) == {"i": ["1"], "follow": ["0"]}
    going.commit(3)
    fresh = page.get_by_role("button", name="New picture")
    expect(fresh).to_be_visible(timeout=LIVE_WITHIN)
    shows(page, 1)
    fresh.click()
    shows(page, 3)
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert query(page) == {"follow": ["1"]}
    expect(fresh).to_be_hidden()


def test_pause_and_stop_are_asked_for_and_stop_is_asked_twice(
    going: Living, page: Page, viewer: Served
) -> None:
    page.goto(viewer.run_address)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    asked = json.loads(viewer.project.control.read_bytes())
    assert (asked["run_id"], asked["request"]) == (viewer.run.run_id, "pause")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    assert json.loads(viewer.project.control.read_bytes())["request"] == "pause"
    page.get_by_role("button", name="Stop", exact=True).click()
    with page.expect_response("**/control"):
        page.get_by_role("button", name="Stop the run").click()
    assert json.loads(viewer.project.control.read_bytes())["request"] == "stop"


def test_hostile_text_is_shown_word_for_word(page: Page, viewer: Served) -> None:
    hostile.poison(viewer.project, viewer.run)
    found: set[str] = set()
    for n in (3, hostile.FAILED):
        page.goto(f"{viewer.run_address}?i={n}")
        expect(chosen(page)).to_have_attribute("data-n", str(n))
        for tab in page.get_by_role("tab").all() if n == 3 else ():
            tab.click()
            expect(page.locator(".tab-panel:not([hidden])")).not_to_be_empty()
            expect(page.locator("main .loading")).to_have_count(0)
            found |= hostile.planted(page.locator("main").text_content() or "")
        found |= hostile.planted(page.locator("main").text_content() or "")
        assert hostile.unharmed(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        if n == 3:
            expect(page.get_by_role("tabpanel", name="Log")).to_contain_text(hostile.TEXTS[0])
    missing = WHAT_A_RUN_SHOWS - found
    assert missing == set(), f"not shown word for word: {sorted(missing)}; shown: {sorted(found)}"
    page.keyboard.press("Home")
    page.keyboard.press("n")
    expect(page.get_by_label("Note on iteration 1")).to_have_value(hostile.said("human note"))


def test_a_run_is_asked_for_once_and_early(page: Page, viewer: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(viewer.run_address)
    expect(page.locator(".run-named")).to_contain_text(viewer.run.run_id)
    here = f"{viewer.origin}/api/p/example/r/{viewer.run.run_id}"
    assert asked.count(here) == 1
    modules = [url for url in asked if "/js/parts/run/" in url]
    assert len(modules) > 5 and asked.index(here) < asked.index(modules[0])
