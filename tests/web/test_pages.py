"""The page and the files it is made of."""

from __future__ import annotations

import os
import re

import pytest
from tests.web.trees import Looked

from iterativectl import resources

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}  # as a browser asks for a page


@pytest.mark.parametrize(
    "address", ["/", "/p/example", "/p/example/rules", "/static/js/app.js", "/static/style.css"]
)
def test_the_page_and_its_files_are_there(viewed: Looked, address: str) -> None:
    reply = viewed.client.get(address)
    assert reply.status_code == 200 and reply.content


def test_what_is_not_a_file_of_the_viewer_is_not_there(viewed: Looked) -> None:
    assert viewed.client.get("/static/../pyproject.toml").status_code == 404
    assert viewed.client.get("/static/js/nothing.js").status_code == 404


@pytest.mark.parametrize("address", ["/nothing", "/p/example/nothing", "/p/", "/P/example"])
def test_an_unknown_address_is_the_page_for_a_person_and_a_line_for_a_program(
    viewed: Looked, address: str
) -> None:
    line = viewed.client.get(address)
    assert (line.status_code, line.text) == (404, "There is no such thing here.\n")
    page = viewed.client.get(address, headers=PERSON)
    assert (page.status_code, page.text) == (404, viewed.client.get("/").text)


@pytest.mark.parametrize(
    "address", ["/api/nothing", "/static/nothing", "/pictures/nothing", "/export/nothing"]
)
def test_what_is_no_page_is_none_for_a_person_either(viewed: Looked, address: str) -> None:
    page = viewed.client.get(address, headers=PERSON)
    assert page.status_code == 404 and "<" not in page.text


def test_what_is_not_there_is_named(viewed: Looked) -> None:
    run = viewed.run.run_id
    for address, what in (
        ("/nothing/runs", "project"),
        ("/example/r/no", "run"),
        (f"/example/r/{run}/i/99", "iteration"),
    ):
        said = viewed.client.get(f"/api/p{address}").json()["error"]
        assert said["message"] == f"There is no such {what} here." and said["hint"]


def test_files_are_kept_by_version(viewed: Looked) -> None:
    page = viewed.client.get("/").text
    address = re.search(r'"(/static/v-[0-9a-f]{16}/js/app.js)"', page)
    assert address
    assert "immutable" in viewed.client.get(address[1]).headers["cache-control"]
    old = viewed.client.get("/static/v-0123456789abcdef/js/app.js")
    assert (old.status_code, old.headers["cache-control"]) == (200, "private, no-cache")


def test_a_file_that_changed_since_the_page_was_opened_is_asked_for_again(viewed: Looked) -> None:
    page = viewed.client.get("/").text
    address = re.findall(r'"(/static/v-[0-9a-f]{16}/js/app.js)"', page)[0]
    path = resources.path("viewer", "js", "app.js")
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))  # as an upgrade would
    try:
        assert viewed.client.get(address).headers["cache-control"] == "private, no-cache"
        assert address not in viewed.client.get("/").text
    finally:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
