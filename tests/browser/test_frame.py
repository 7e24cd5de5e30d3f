"""The frame of every page: where one is, colours, help, what is said, and getting about without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import listen
from tests.browser.serving import Served


def test_the_trail_says_where_one_is_and_leads_back(page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.run_address}?i=2")
    trail = page.get_by_role("navigation", name="Where you are")
    expect(trail.get_by_role("link")).to_have_text(["Projects", "example", viewer.run.run_id])
    expect(trail.locator("[aria-current='page']")).to_have_text(viewer.run.run_id)
    expect(page).to_have_title(re.compile(viewer.run.run_id))
    page.evaluate("window.here = true")
    trail.get_by_role("link", name="Projects").click()
    expect(page).to_have_url(f"{viewer.origin}/")
    page.go_back()
    expect(trail.get_by_role("link")).to_have_count(3)
    assert page.evaluate("window.here"), "a page within the viewer was loaded anew"


def test_colours_go_round_and_are_remembered(page: Page, viewer: Served) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(viewer.run_address)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    light = page.evaluate(ground)
    assert light != dark
    expect(page.locator("#theme")).to_be_focused()
    page.reload()
    expect(page.locator("#theme")).to_have_attribute("aria-label", re.compile("Colours: light"))
    assert page.evaluate(ground) == light
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate("() => [document.documentElement.dataset.theme, localStorage.theme]") == [None, None]
    assert page.evaluate(ground) == dark


def test_help_lists_the_keys_of_this_page_and_gives_focus_back(page: Page, viewer: Served) -> None:
    page.goto(viewer.run_address)
    expect(page.locator(".run-named")).to_contain_text(viewer.run.run_id)
    opener = page.get_by_role("button", name="Help: all keys")
    opener.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    for words in (
        "Iterations",
        "the one before",
        "Judging",
        "as many stars",
        "Picture",
        "Everywhere",
        "all keys",
    ):
        expect(dialog).to_contain_text(words)
    before = page.url
    page.keyboard.press("ArrowLeft")  # a key of the page, which must not hear it now
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    assert page.url == before
    page.get_by_role("link", name="Projects").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    page.keyboard.press("?")
    expect(dialog).not_to_contain_text("as many stars")


def test_the_first_tab_leads_to_the_content(page: Page, viewer: Served) -> None:
    page.goto(viewer.run_address)
    expect(page.locator(".run-named")).to_contain_text(viewer.run.run_id)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_headings_go_down_one_at_a_time(page: Page, viewer: Served) -> None:
    page.goto(viewer.run_address)
    expect(page.locator(".criterion .why").first).to_be_visible()
    expect(page.locator(".tab-panel h3").first).to_be_visible()
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in zip(levels, levels[1:], strict=False)), levels


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/p/example/r/2001-01-01_00-00-00", "There is no such run here."),
        ("/p/nothing-of-that-name", "There is no such project here."),
        ("/p/nothing-of-that-name/rules", "There is no such project here."),
        ("/p/example/nothing", "There is no such page."),
        ("/nothing", "There is no such page."),
    ],
)
def test_what_is_not_there_is_said_with_a_way_on(
    context: BrowserContext, viewer: Served, address: str, said: str
) -> None:
    page = context.new_page()
    page.goto(viewer.entrance)
    page.goto(viewer.origin + address)
    expect(page.get_by_role("main")).to_contain_text(said)
    expect(page.get_by_role("main").locator(".hint")).to_have_count(1)
    heard = listen(page)
    page.get_by_role("main").get_by_role("link", name="All projects").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    assert heard == []


def test_a_viewer_that_is_gone_is_told_and_what_was_said_is_taken_back(
    context: BrowserContext, viewer: Served
) -> None:
    page = context.new_page()
    page.goto(viewer.entrance)
    page.goto(f"{viewer.run_address}?i=3")
    favourite = page.get_by_role("button", name="Favourite", exact=True)
    page.route("**/ratings", lambda route: route.abort())
    favourite.click()
    expect(page.locator("#said")).to_contain_text("The viewer does not answer.")
    expect(page.locator("#said code")).to_have_text("iterativectl viewer status")
    expect(favourite).to_have_attribute("aria-pressed", "false")
    page.locator("#said").get_by_role("button", name="Close").click()
    expect(page.locator("#said")).to_be_empty()
