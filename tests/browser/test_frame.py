"""The frame of every page."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.serving import Served


def test_a_page_that_is_not_there_says_so(page: Page, viewer: Served) -> None:
    page.goto(f"{viewer.origin}/p/example/rules")
    expect(page.locator("#top")).to_contain_text("example")
