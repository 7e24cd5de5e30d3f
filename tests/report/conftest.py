"""A project with a run to report on; and one whose every text is hostile and whose servers are somewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import exhausted_workspace as exhausted_workspace  # noqa: PLC0414 - a fixture
from tests.cli.rehearsal import RULES

from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.report.gathering import Gathered, gather

NOW = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc)
HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\u202e"
FORMULA = '=HYPERLINK("http://evil.example","x")'
SERVER = "http://10.1.2.3:8188/prompt"


@pytest.fixture
def project(exhausted_workspace: Path, tmp_path: Path) -> ProjectPaths:
    """projects/barn, with a run of two iterations, neither accepted; the second ranked first."""
    assert RULES
    root = tmp_path / "space" / "projects" / "barn"
    shutil.copytree(exhausted_workspace / "projects" / "barn", root)
    found = ProjectPaths(root)
    human = found.run(runs.run_ids(found)[-1]).human
    human.mkdir(exist_ok=True)
    (human / "ranking.json").write_text(json.dumps({"ranking": ["2", "1"], "notes": {"2": "nearly"}}))
    (human / "labels.json").write_text(
        json.dumps({"labels": {"1": {"same_barn": True}, "2": {"golden": True}}})
    )
    return found


@pytest.fixture
def hostile(project: ProjectPaths) -> ProjectPaths:
    """The same, with markup, formulas, addresses and folders in its texts."""
    paths = project.run(runs.run_ids(project)[-1])

    def change(data: Any) -> None:
        data["prompts_used"] = {"positive": HOSTILE, "negative": FORMULA}
        data["plan"]["prompts"] = data["prompts_used"]
        data["plan"]["reasons"] = [HOSTILE, f"looked at {project.root}/config and {SERVER}"]
        for verdict in data["verdicts"].values():
            verdict["reason"] = f"{HOSTILE} {FORMULA}"
        data["calls"][0]["error"] = f"{SERVER} refused, Bearer abcdefghijklmnop"

    for number in runs.committed(paths):
        rewrite(paths.metadata(number), change)

    def change_run(data: Any) -> None:
        data["rules"]["acceptance_criteria"][0]["question"] = HOSTILE
        data["settings"]["comfyui"] |= {"host": "10.1.2.3", "path": "/home/jane/ComfyUI"}

    rewrite(paths.run_json, change_run)
    paths.ranking.write_text(json.dumps({"ranking": ["1"], "notes": {"1": FORMULA, "2": HOSTILE}}))
    return project


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.fixture
def run(project: ProjectPaths) -> Gathered:
    return gather(project, "latest", NOW)


@pytest.fixture
def hostile_run(hostile: ProjectPaths) -> Gathered:
    return gather(hostile, "latest", NOW)
