"""The menu of what can be taken along of a run: each entry is downloaded, and is what it says."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.serving import Served

from iterativectl.project import runs

SHOWN = "() => [...document.images].map((one) => one.complete ? one.naturalWidth : 0)"


@pytest.fixture
def taken(page: Page, viewer: Served, tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Everything that the menu offers, by the ending of its name."""
    page.goto(viewer.run_address)
    menu = page.locator("details.menu")
    menu.get_by_text("Export").click()
    links = menu.get_by_role("link")
    expect(links).to_have_count(5)
    found: dict[str, Path] = {}
    for link in links.all():
        with page.expect_download() as download:
            link.click()
        name = download.value.suggested_filename
        assert name.startswith(f"example_{viewer.run.run_id}")
        found[Path(name).suffix] = tmp_path / name
        download.value.save_as(tmp_path / name)
    expect(page.locator(".run-view img")).to_be_visible()  # the page is where it was
    yield found


def test_every_entry_is_what_it_says(taken: dict[str, Path], viewer: Served) -> None:
    numbers = runs.committed(viewer.run)
    assert sorted(taken) == [".csv", ".html", ".json", ".png", ".zip"]
    rows = list(csv.DictReader(io.StringIO(taken[".csv"].read_text("utf-8-sig"))))
    assert [int(row["iteration"]) for row in rows] == sorted(numbers)
    told = json.loads(taken[".json"].read_bytes())
    assert len(told["iterations"]) == len(numbers)
    with Image.open(taken[".png"]) as sheet:
        sheet.load()
        assert sheet.format == "PNG" and min(sheet.size) > 300
    with zipfile.ZipFile(taken[".zip"]) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        pictures = [name for name in names if name.endswith(viewer.run.image(3).name)]
        assert viewer.run.image(3).read_bytes() in [packed.read(name) for name in pictures]


def test_the_report_needs_no_script_and_nothing_from_elsewhere(
    taken: dict[str, Path], viewer: Served, browser: Browser
) -> None:
    """Opened as a file, with scripts off: the pictures are in it, and no request leaves."""
    context = browser.new_context(java_script_enabled=False)
    report = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    report.on("request", lambda request: asked.append(request.url))
    report.on("console", lambda message: said.append(message.text))
    address = taken[".html"].as_uri()
    report.goto(address)
    expect(report.locator("h1")).to_be_visible()
    for field in json.loads(viewer.run.metadata(3).read_bytes())["verdicts"]:
        expect(report.locator("body")).to_contain_text(field)
    widths = report.evaluate(SHOWN)
    assert len(widths) > len(runs.committed(viewer.run)) and min(widths) > 0
    assert {url.partition(":")[0] for url in asked if url != address} <= {"data"}
    assert said == []
    context.close()
