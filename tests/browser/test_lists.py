"""The projects and the runs: searched, sorted, filtered and walked through, and up to date by themselves."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import listen
from tests.browser.serving import Served, served

from iterativectl import files
from iterativectl.project import human

STEPS = ("plan", "workflow", "questions", "evaluation", "comparison", "advice")
HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>'


def more_runs(viewer: Served, number: int, first: int = 0) -> list[str]:
    """Copies of the run's last iteration, each with a score and a prompt; their ids, oldest first."""
    source, made = viewer.run, []
    for at in range(first, first + number):
        run = viewer.project.run(f"2025-03-01_10-{at:02}-00")
        shutil.copytree(source.root, run.root, ignore=shutil.ignore_patterns("iteration_[1-4]*", *STEPS))
        for path, changes in (
            (run.run_json, {"run_id": run.run_id, "started_at": f"2025-03-01T10:{at:02}:00+00:00"}),
            (run.metadata(5), {"evaluation": {"overall_score": at}, "prompts_used": prompts(at)}),
        ):
            body = json.loads(path.read_text("utf-8"))
            files.write_json(path, {**body, **changes}, durable=False)
        made.append(run.run_id)
    return made


def prompts(at: int) -> dict[str, str]:
    return {"positive": f"lighthouse number {at}" if at % 2 else HOSTILE, "negative": ""}


def rows(page: Page) -> list[str]:
    return page.locator(".run-row").evaluate_all("rows => rows.map((row) => row.dataset.key)")  # type: ignore[no-any-return]


def test_a_project_is_a_card_that_leads_to_its_runs(page: Page, viewer: Served) -> None:
    card = page.locator(".card")
    expect(card.get_by_role("heading", name="example")).to_be_visible()
    expect(card.get_by_text("accepted", exact=True)).to_be_visible()
    expect(card.locator("img")).to_have_js_property("complete", True)
    page.keyboard.press("/")
    page.keyboard.type("nothing of that name")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=nothing"))
    page.keyboard.press("Escape")
    expect(card).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{viewer.origin}/p/example")
    expect(page.get_by_role("table", name="Runs of example")).to_be_visible()


def test_runs_are_searched_sorted_and_filtered_in_the_address(page: Page, viewer: Served) -> None:
    made = more_runs(viewer, 4)
    page.goto(f"{viewer.origin}/p/example")
    expect(page.locator(".run-row")).to_have_count(5)
    assert rows(page) == [viewer.run.run_id, *reversed(made)]
    page.get_by_role("button", name="Score").click()
    expect(page).to_have_url(re.compile("sort=score&order=desc"))
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_role("columnheader", name="Score")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".run-row").first).to_have_attribute("data-key", made[0])
    page.get_by_role("searchbox").fill("LIGHTHOUSE")
    expect(page.locator(".run-row")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("LIGHTHOUSE")
    expect(page.locator(".run-row")).to_have_count(2)
    assert rows(page) == [made[1], made[3]]
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".run-row")).to_have_count(5)
    page.get_by_role("button", name=re.compile("^accepted")).click()
    expect(page.locator(".run-row")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^accepted")).click()
    expect(page.locator(".run-row")).to_have_count(5)
    expect(page.get_by_text(HOSTILE).first).to_be_visible()


def test_keys_walk_through_the_runs_and_going_back_finds_the_place(page: Page, viewer: Served) -> None:
    made = more_runs(viewer, 3)
    page.goto(f"{viewer.origin}/p/example")
    expect(page.locator(".run-row")).to_have_count(4)
    for key in ("j", "j", "ArrowDown", "k"):
        page.keyboard.press(key)
    expect(page.locator(".run-row a:focus")).to_have_count(1)
    assert page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == made[2]
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/r/{made[2]}"))
    page.go_back()
    expect(page.locator(f"[data-key='{made[2]}'] a:focus")).to_have_count(1)


def test_news_come_by_themselves_and_disturb_nobody(page: Page, viewer: Served) -> None:
    """A row that did not change stays; the one that has the keyboard keeps it, also when it is made anew."""
    (kept,) = more_runs(viewer, 1)
    page.goto(f"{viewer.origin}/p/example")
    expect(page.locator(".run-row")).to_have_count(2)
    page.locator(".run-row a").first.focus()
    page.evaluate("key => { document.querySelector(`[data-key='${key}']`).marked = true; }", kept)
    more_runs(viewer, 3, first=1)
    files.write_json(viewer.run.ratings, {"favourites": ["2"]})
    expect(page.get_by_text("1 favourite", exact=True)).to_be_attached()
    expect(page.locator(".run-row")).to_have_count(5)
    assert page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == viewer.run.run_id
    assert page.evaluate("key => document.querySelector(`[data-key='${key}']`).marked", kept)


def test_a_start_that_waits_is_said_above_the_runs_and_taken_back(page: Page, viewer: Served) -> None:
    human.rank(viewer.run, [3, 2], [1, 2, 3, 4, 5], "2026-01-09T22:25:59+01:00")
    page.goto(f"{viewer.origin}/p/example")
    waiting = page.locator(".seed-waits")
    expect(page.locator(".run-row")).to_have_count(1)
    expect(waiting).to_be_empty()
    body = {"mode": "top3"}
    headers = {"Origin": viewer.origin, "X-Iterativectl": "viewer"}
    address = f"{viewer.origin}/api/p/example/r/{viewer.run.run_id}/seed"
    assert page.request.post(address, data=body, headers=headers).ok
    expect(waiting).to_contain_text(
        f"The next run starts from the ranking of {viewer.run.run_id} (the best three)."
    )
    waiting.get_by_role("button", name="Take it back").click()
    expect(waiting).to_be_empty()
    assert not (viewer.project.working / "seed.json").exists()


def test_many_runs_come_in_pages(page: Page, viewer: Served) -> None:
    made = more_runs(viewer, 50)
    page.goto(f"{viewer.origin}/p/example")
    expect(page.get_by_text("1–50 of 51")).to_be_visible()
    page.get_by_role("button", name="The next page").click()
    expect(page.locator(".run-row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?page=2$"))
    assert rows(page) == made[:1]
    page.keyboard.press("[")
    expect(page.locator(".run-row")).to_have_count(50)


def test_on_a_phone_a_run_is_a_card(page: Page, viewer: Served) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{viewer.origin}/p/example")
    page.get_by_label("Sort").select_option("best score first")
    expect(page).to_have_url(re.compile("sort=score&order=desc"))
    expect(page.locator(".run-row").get_by_text("8 of 8")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_empty_workspace_says_what_to_type(context: BrowserContext, tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    with served(tmp_path) as empty:
        page = context.new_page()
        complaints = listen(page)
        page.goto(empty.entrance)
        expect(page.get_by_text("iterativectl project create")).to_be_visible()
        page.close()
    assert complaints == []
