"""Taking a run along: the list, and each file as an attachment."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from PIL import Image
from tests.web.trees import Looked


def addresses(looked: Looked) -> dict[str, str]:
    found = looked.client.get("/api/p/example/exports", params={"run": looked.run.run_id}).json()["exports"]
    assert all(each["words"] and each["name"] for each in found)
    return {each["kind"]: each["address"] for each in found}


def test_every_kind_is_there_as_an_attachment(viewed: Looked) -> None:
    there = addresses(viewed)
    assert list(there) == ["html", "png", "zip", "json", "csv"]
    content = {}
    for kind, address in there.items():
        reply = viewed.client.get(address)
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "application/octet-stream"
        name = reply.headers["content-disposition"].removeprefix('attachment; filename="').removesuffix('"')
        assert name.startswith(f"example_{viewed.run.run_id}") and name.endswith(kind)
        assert reply.headers["x-content-type-options"] == "nosniff"
        content[kind] = reply.content
    assert content["html"].startswith(b"<!doctype html>")
    assert Image.open(io.BytesIO(content["png"])).format == "PNG"
    assert zipfile.ZipFile(io.BytesIO(content["zip"])).testzip() is None
    assert json.loads(content["json"])["format"] == "report/1"
    assert content["csv"].decode("utf-8-sig").startswith("iteration,")


@pytest.mark.parametrize("kind", ["pdf", "..", "%2e%2e", "html%00", "html/x"])
def test_another_kind_is_not_there(viewed: Looked, kind: str) -> None:
    assert viewed.client.get(f"/export/p/example/r/{viewed.run.run_id}/{kind}").status_code == 404


@pytest.mark.parametrize("run", ["", "2020-01-01_00-00-00", "../.."])
def test_of_a_run_that_is_not_there_nothing_is(viewed: Looked, run: str) -> None:
    assert viewed.client.get("/api/p/example/exports", params={"run": run}).status_code == 404


def test_nothing_is_written_by_looking(viewed: Looked) -> None:
    before = {path: path.stat().st_mtime_ns for path in viewed.project.root.rglob("*")}
    viewed.client.get(addresses(viewed)["zip"])
    assert {path: path.stat().st_mtime_ns for path in viewed.project.root.rglob("*")} == before
