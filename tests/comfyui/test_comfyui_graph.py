"""Graphs: reading files, and writing plans into them (cases/patch); test_comfyui_workflows finds roles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.comfyui.golden import changes
from tests.comfyui.graphs import png

from iterativectl import resources
from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.patch import prefix
from iterativectl.generation.comfyui.trace import trace

CASES = sorted((Path(__file__).resolve().parents[1] / "cases" / "patch").glob("*.json"))
MINIMAL: dict[str, Any] = {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_patch(path: Path) -> None:
    case = json.loads(path.read_text())
    assert changes(case) == case["expect"]


@pytest.mark.parametrize(
    ("content", "words", "hint"),
    [
        (b"not json", "not JSON", "Export"),
        (b"\xff\xfe\x00", "not JSON", "Export"),
        (b"[" * 100_000, "not JSON", "Export"),
        (b"[]", "expected an object of nodes", "Export"),
        (b"{}", "expected an object of nodes", "Export"),
        (b'{"nodes": [], "links": [], "version": 0.4}', "editor's own format", r"Workflow > Export \(API\)"),
        (b'{"1": {"class_type": "A", "inputs": {}}, "version": 1}', "'version' is not a node", "Export"),
        (b'{"1": {"inputs": {}}}', "has no class_type", "Export"),
        (b'{"1": {"class_type": "A"}}', "has no inputs", "Export"),
        (
            b'{"1": {"class_type": "A", "inputs": {}}, "1": {"class_type": "B", "inputs": {}}}',
            "'1' stands twice",
            "",
        ),
        (b'{"1": {"class_type": "A", "inputs": {"x": NaN}}}', r"node 1 \(A\): x holds NaN", "Set that value"),
        (b'{"1": {"class_type": "A", "inputs": {"x": [1e999]}}}', "holds NaN or Infinity", ""),
        (b'{"1": {"class_type": "A", "inputs": {"x": ["9", 0]}}}', "linked to node 9, which is not", ""),
        (
            b'{"1": {"class_type": "A", "inputs": {"x": ["2", 0]}},'
            b' "2": {"class_type": "B", "inputs": {"y": ["1", 0]}}}',
            r"in a circle: 1 \(A\) -> 2 \(B\) -> 1 \(A\)|in a circle: 2 \(B\) -> 1 \(A\) -> 2 \(B\)",
            "",
        ),
    ],
)
def test_files_that_are_no_graph(content: bytes, words: str, hint: str) -> None:
    with pytest.raises(WorkflowRejected, match=words) as caught:
        graphs.load(content, "w.json")
    assert re.search(hint, caught.value.hint)


def test_a_saved_picture_is_a_workflow() -> None:
    """ComfyUI writes `is_changed: [NaN]` into some; it is not part of the graph."""
    saved = json.dumps(MINIMAL).replace('"inputs"', '"is_changed": [NaN], "inputs"')
    loaded = graphs.load(png(prompt=saved, workflow='{"nodes": []}'), "a.png")
    assert loaded.graph == MINIMAL and loaded.drawing == {"nodes": []}
    assert graphs.load(png(prompt=saved), "a.png").drawing is None
    assert graphs.load(png(prompt=saved, workflow='{"x": NaN}'), "a.png").drawing is None


def test_a_picture_without_a_graph() -> None:
    with pytest.raises(WorkflowRejected, match="carries no ComfyUI graph"):
        graphs.load(png(comment="hello"), "a.png")
    with pytest.raises(WorkflowRejected, match="carries no ComfyUI graph"):
        graphs.load(png(prompt="{}")[:20], "a.png")


def test_a_saved_request_is_taken_for_its_graph() -> None:
    assert graphs.load(json.dumps({"prompt": MINIMAL}).encode(), "a.json").graph == MINIMAL
    assert graphs.load(b"\xef\xbb\xbf" + json.dumps(MINIMAL).encode(), "a.json").graph == MINIMAL


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ("cafe", "cafe"),
        ("../../etc", "______etc"),
        ("100%width%", "100_width_"),
        ("größe ü", "gr__e__"),
        ("a..b", "a__b"),
        ("", "_"),
    ],
)
def test_prefix(project: str, expected: str) -> None:
    run = "2026-01-09_22-25-59"
    assert prefix(project, run, 7, "t-1") == f"iterative/{expected}/{run}/iteration_7_t-1"


def test_the_shipped_workflow_is_traced_without_notes() -> None:
    content = resources.path("workflow", "img2img_no_mask_api.json").read_bytes()
    roles = trace(graphs.load(content, "shipped"), {})
    assert roles.notes == () and roles.image and roles.checkpoint and len(roles.settings) == 6
