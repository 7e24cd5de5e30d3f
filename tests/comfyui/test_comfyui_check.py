"""What `doctor` and `--dry-run` are told before anything is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.comfyui.rig import PLAN, SETTINGS, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.model import Finding, Settings

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


def _findings(rig: Rig, settings: Settings = SETTINGS) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {"ok": [], "warning": [], "error": []}
    for finding in rig.generator.check(settings):
        found[finding.status].append(finding)
    return found


def _changed(rig: Rig, change: Callable[[dict[str, Any]], None]) -> None:
    graph = json.loads(Path(rig._find(PLAN.workflow)).read_text())
    change(graph)
    rig.workflow = rig.folder / "changed.json"
    rig.workflow.write_text(json.dumps(graph))


def test_all_is_well(rigged: Rigged) -> None:
    fake, rig = rigged("B")
    found = _findings(rig)
    assert not found["error"] and not found["warning"]
    said = " | ".join(finding.what for finding in found["ok"])
    assert "ComfyUI 0.33.0 answers" in said and "sampler 6 (KSampler 'Sampler')" in said
    assert fake.counters["accepted"] == fake.counters["uploads"] == 0


@pytest.mark.parametrize(
    ("version", "warnings"), [("0.3.64", 1), ("0.27.9", 1), ("0.28.0", 0), ("0.40.1", 0), ("0.3.40", 2)]
)
def test_versions_with_known_holes(rigged: Rigged, version: str, warnings: int) -> None:
    _, rig = rigged(server=f"version({version})")
    found = _findings(rig)
    assert len(found["warning"]) == warnings
    assert not warnings or "CVE-2026-56670" in found["warning"][0].why


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (replace(SETTINGS, ckpt_name="tiny_sd51.safetensors"), "Did you mean 'tiny_sd15.safetensors'?"),
        (
            replace(SETTINGS, parameters=replace(SETTINGS.parameters, sampler_name="dpmpp2m")),
            "Did you mean 'dpmpp_2m'?",
        ),
        (
            replace(SETTINGS, parameters=replace(SETTINGS.parameters, scheduler="Karras")),
            "Did you mean 'karras'?",
        ),
    ],
)
def test_names_that_the_server_does_not_have(rigged: Rigged, settings: Settings, words: str) -> None:
    _, rig = rigged()
    (error,) = _findings(rig, settings)["error"]
    assert words in error.what


def test_a_missing_node_class(rigged: Rigged) -> None:
    _, rig = rigged()
    _changed(rig, lambda graph: graph["3"].update(class_type="VAEEncodd"))
    (error,) = _findings(rig)["error"]
    assert "no node 'VAEEncodd'. Did you mean 'VAEEncode'?" in error.what and "3 (VAEEncodd" in error.why


def test_an_input_that_a_newer_release_wants(rigged: Rigged) -> None:
    """ImageScaleToTotalPixels got `resolution_steps` between the two recorded releases."""

    def scaled(graph: dict[str, Any]) -> None:
        inputs = {"image": ["2", 0], "upscale_method": "lanczos", "megapixels": 1.0}
        graph["2b"] = {"class_type": "ImageScaleToTotalPixels", "inputs": inputs}
        graph["3"]["inputs"]["pixels"] = ["2b", 0]

    for generation, errors in (("A", 0), ("B", 1)):
        _, rig = rigged(generation)
        _changed(rig, scaled)
        found = _findings(rig)["error"]
        assert len(found) == errors and all("resolution_steps is missing" in error.what for error in found)


def test_a_lora_that_is_not_there(rigged: Rigged) -> None:
    def with_lora(graph: dict[str, Any]) -> None:
        graph["9"] = {
            "class_type": "LoraLoaderModelOnly",
            "inputs": {"model": ["1", 0], "lora_name": "no.safetensors", "strength_model": 1.0},
        }
        graph["6"]["inputs"]["model"] = ["9", 0]

    _, rig = rigged()
    _changed(rig, with_lora)
    (error,) = _findings(rig)["error"]
    assert "lora_name: 'no.safetensors' is not one of" in error.what


def test_no_server(rigged: Rigged) -> None:
    fake, rig = rigged()
    fake.down()
    found = _findings(rig)
    assert "cannot be reached" in found["error"][0].what and found["error"][0].todo
    assert "workflow" in found["ok"][0].what  # what can be looked at without it still is


def test_a_workflow_that_cannot_be_read(rigged: Rigged) -> None:
    _, rig = rigged()
    rig.workflow = rig.folder / "ui.json"
    rig.workflow.write_text('{"nodes": [], "links": []}')
    (error,) = _findings(rig)["error"]
    assert "editor's own format" in error.what and "Export (API)" in error.todo


def test_notes_of_the_tracing_are_warnings(rigged: Rigged) -> None:
    _, rig = rigged("B")
    _changed(rig, lambda graph: graph["8"].update(class_type="PreviewImage", inputs={"images": ["7", 0]}))
    assert "only previews" in _findings(rig)["warning"][0].what


def test_headers_over_plain_http(rigged: Rigged) -> None:
    """To this machine: fine. To another: said. (The missing variable keeps this test off the network.)"""
    _, rig = rigged("B")
    rig.options = {"headers": {"Authorization": "x"}}
    assert not _findings(rig)["warning"]
    rig.new_process()
    rig.url = "http://192.0.2.1:9"
    rig.options = {"headers": {"Authorization": "x", "X-Key": "env:MISSING"}}
    assert "unencrypted" in _findings(rig)["warning"][0].what
