"""How a page keeps up with a run: by a stream while it is seen, by asking where there are none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect
from tests.browser.living import Living
from tests.browser.serving import Served, served

LIVE_WITHIN = 5_000  # milliseconds, on a machine under load
PAGES = ("", "/compare", "/rank")
SEEN = """(seen) => {
  const state = seen ? "visible" : "hidden";
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  Object.defineProperty(document, "hidden", {value: !seen, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def streams(viewer: Served, count: int) -> bool:
    """Whether the server holds so many streams open, now or soon."""
    end = time.monotonic() + 10
    while viewer.site.streams.open != count and time.monotonic() < end:
        time.sleep(0.01)
    return viewer.site.streams.open == count


def pictures(page: Page) -> Locator:
    """The iterations that the page shows."""
    return page.locator(
        ".strip button.frame[data-n], .compare-strip .as-a:not([aria-label^='Original']), .rank-card"
    )


@pytest.fixture
def asked(page: Page) -> Iterator[list[Request]]:
    """The streams that the page asks for."""
    found: list[Request] = []
    page.on("request", lambda one: found.append(one) if "/stream?" in one.url else None)
    yield found


def after(request: Request) -> str:
    """The event after which a stream was asked for, as the server understands it."""
    given = request.all_headers().get("last-event-id")
    return given or parse_qs(urlsplit(request.url).query)["after"][0]


@pytest.mark.parametrize("name", PAGES)
def test_a_hidden_tab_keeps_no_stream_and_misses_nothing(
    going: Living, page: Page, viewer: Served, asked: list[Request], name: str
) -> None:
    page.goto(viewer.run_address + name)
    expect(pictures(page)).to_have_count(2)
    assert streams(viewer, 1)
    going.commit(3)
    expect(pictures(page)).to_have_count(3, timeout=LIVE_WITHIN)
    size = viewer.run.events.stat().st_size
    page.evaluate(SEEN, False)
    assert streams(viewer, 0)
    going.commit(4)
    expect(pictures(page)).to_have_count(3)
    page.evaluate(SEEN, True)
    expect(pictures(page)).to_have_count(4, timeout=LIVE_WITHIN)
    assert streams(viewer, 1)
    assert len(asked) == 2 and after(asked[1]) == str(size)


@pytest.mark.parametrize("name", PAGES)
def test_where_streams_are_refused_the_page_asks(
    going: Living, page: Page, viewer: Served, name: str
) -> None:
    page.route("**/stream?*", lambda route: route.fulfill(status=204))
    page.goto(viewer.run_address + name)
    expect(pictures(page)).to_have_count(2)
    going.commit(3)
    expect(pictures(page)).to_have_count(3, timeout=LIVE_WITHIN)
    assert viewer.site.streams.open == 0


def test_where_streams_do_not_come_through_the_page_asks(
    going: Living, context: BrowserContext, viewer: Served
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(viewer.entrance)
    page.route("**/stream?*", lambda route: route.abort())
    page.goto(viewer.run_address)
    expect(pictures(page)).to_have_count(2)
    expect(page.locator(".run-live")).to_have_attribute("data-way", "waiting")
    page.clock.fast_forward(6_000)
    expect(page.locator(".run-live")).to_have_attribute("data-way", "polling")
    going.commit(3)
    expect(pictures(page)).to_have_count(3, timeout=LIVE_WITHIN)


def port_of(viewer: Served) -> int:
    return int(viewer.origin.rpartition(":")[2])


def test_a_page_that_asks_hears_of_what_leaves_no_event(
    going: Living, context: BrowserContext, viewer: Served
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(viewer.entrance)
    page.route("**/stream?*", lambda route: route.fulfill(status=204))
    page.goto(viewer.run_address)
    expect(page.locator(".run-live")).to_have_attribute("data-way", "polling")
    going.stand(status="stopped", reason="a person asked for it", in_flight=())
    badge = page.locator(".run-title .badge")
    for _ in range(100):
        if badge.text_content() == "stopped":
            break
        page.clock.fast_forward(2_000)
        page.wait_for_timeout(50)
    expect(badge).to_have_text("stopped")


@pytest.mark.parametrize("name", ["", "/rank"])
def test_a_page_goes_on_when_the_viewer_comes_back(
    going: Living, space: Path, context: BrowserContext, name: str
) -> None:
    asked: list[Request] = []
    page = context.new_page()
    page.on("request", lambda one: asked.append(one) if "/stream?" in one.url else None)
    with served(space) as viewer:
        page.goto(viewer.entrance)
        page.goto(viewer.run_address + name)
        expect(pictures(page)).to_have_count(2)
        going.commit(3)
        expect(pictures(page)).to_have_count(3, timeout=LIVE_WITHIN)
        size = going.run.events.stat().st_size
    going.commit(4)
    with served(space, port_of(viewer)) as again:
        expect(pictures(page)).to_have_count(4)
        assert streams(again, 1) and after(asked[-1]) == str(size)
        expect(page.locator("#said")).to_be_empty()


def test_a_page_that_is_not_let_in_any_more_says_what_to_do(
    going: Living, space: Path, context: BrowserContext
) -> None:
    """The viewer was started anew, with another token. When the browser is let in, the page goes on."""
    page = context.new_page()
    page.clock.install()
    with served(space) as viewer:
        page.goto(viewer.entrance)
        page.goto(f"{viewer.run_address}/compare")
        expect(pictures(page)).to_have_count(2)
        assert streams(viewer, 1)
    with served(space, port_of(viewer), "another-token-for-tests-987654321") as anew:
        said = page.locator("#said")
        expect(said).to_contain_text("The viewer was started anew and does not know this page.")
        expect(said).to_contain_text("iterativectl viewer status --open")
        context.new_page().goto(anew.entrance)
        page.clock.fast_forward(5_000)
        expect(said).to_be_empty()
        assert streams(anew, 1)
        going.commit(3)
        expect(pictures(page)).to_have_count(3, timeout=LIVE_WITHIN)


def test_that_the_viewer_was_ended_is_said_until_it_is_back(
    going: Living, space: Path, context: BrowserContext
) -> None:
    page = context.new_page()
    page.clock.install()
    way = page.locator(".run-live")
    with served(space) as viewer:
        page.goto(viewer.entrance)
        page.goto(viewer.run_address)
        expect(way).to_have_attribute("data-way", "stream")
    expect(way).to_have_attribute("data-way", "waiting")
    expect(way.locator(".badge")).to_have_text("Connecting …")
    page.clock.fast_forward(6_000)
    said = page.locator("#said")
    expect(said).to_contain_text("The viewer does not answer.")
    expect(said).to_contain_text("iterativectl viewer status")
    page.clock.fast_forward(20_000)
    expect(said).to_contain_text("The viewer does not answer.")  # it is not said in passing
    with served(space, port_of(viewer)):
        page.clock.fast_forward(5_000)
        expect(said).to_be_empty()
        expect(way).to_have_attribute("data-way", "stream")
        expect(way.locator(".badge")).to_have_text("Live")
