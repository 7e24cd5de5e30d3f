"""The way in, as a real browser goes it: with the token, by a link on another site, and not by embedding."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.serving import Served

LOADED = "() => [...document.images].map(picture => picture.complete ? picture.naturalWidth : -1)"


@pytest.fixture
def elsewhere(viewer: Served) -> Iterator[int]:
    """The port of another site, which links to the viewer and embeds what it can."""
    picture = f"{viewer.origin}/pictures/p/example/input/thumb"
    body = (
        f'<!doctype html><link rel="icon" href="data:,"><a href="{viewer.origin}/p/example">there</a>'
        f'<img src="{picture}"><iframe src="{viewer.origin}/" name="inside"></iframe>'
        f'<script src="{viewer.origin}/api/projects"></script>'
    ).encode()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join(10)


def test_the_token_lets_in_and_leaves_the_address(page: Page, viewer: Served) -> None:
    expect(page).to_have_url(f"{viewer.origin}/")
    expect(page.locator("#top")).to_be_visible()
    assert page.evaluate("document.cookie") == ""  # no script can read it


def test_whoever_has_no_token_is_told_how_to_get_in(context: BrowserContext, viewer: Served) -> None:
    page = context.new_page()
    reply = page.goto(f"{viewer.origin}/p/example")
    assert reply is not None and reply.status == 401
    expect(page.locator("pre")).to_have_text("iterativectl viewer status --open")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])  # another site; another port of the same one
def test_another_site_may_link_and_not_embed(
    page: Page, context: BrowserContext, viewer: Served, elsewhere: int, host: str
) -> None:
    other = context.new_page()
    other.goto(f"http://{host}:{elsewhere}/")
    assert other.evaluate(LOADED) == [0]
    inside = other.frame("inside")
    assert inside is not None and inside.locator("#top").count() == 0
    asking = f"fetch('{viewer.origin}/api/projects', {{credentials: 'include'}})"
    assert other.evaluate(f"{asking}.then(() => 'read', () => 'refused')") == "refused"
    other.get_by_text("there").click()
    expect(other).to_have_url(f"{viewer.origin}/p/example")
    expect(other.locator("#top")).to_be_visible()
