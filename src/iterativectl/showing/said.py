"""What the judge said of a picture, word for word, and the graph that made it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.showing.reading import json_bytes, named, record, tried
from iterativectl.showing.values import plain, table, tables, text, texts, whole, word

Facts = dict[str, Any]


def replies_facts(project: ProjectPaths, run_id: str, iteration: int) -> Facts:
    """`{replies: [...], problems}`: every reply kept with an iteration, step by step, in the order of asking.

    With `calls: merged` a reply stands in the step that asked; the others say which `part` of it they took.
    """
    problems: list[str] = []
    paths = project.run(run_id)
    found = [
        _reply(step, entry)
        for step, path, kind in _steps(paths, iteration)
        for entry in _raw(problems, path, kind)
    ]
    return {"replies": found, "problems": named(problems, project.root)}


def workflow(paths: RunPaths, iteration: int) -> bytes | None:
    """The file that says what was sent, byte for byte; None where none was kept.

    Raises ProjectError for one that is damaged.
    """
    path = paths.graph(iteration)
    return json_bytes(path) if path.is_file() else None


def _steps(paths: RunPaths, iteration: int) -> Iterator[tuple[str, Path, str]]:
    """(step, file, format)"""
    yield "questions", paths.questions(iteration), "questions/1"
    yield "evaluation", paths.evaluation(iteration), "evaluation/1"
    yield "comparison", paths.comparison(iteration), "comparison/1"
    for path in sorted(paths.comparison(iteration).parent.glob(f"{iteration}_vs_*.json")):
        yield "preference", path, "preference/1"
    yield "advice", paths.advice(iteration), "advice/1"


def _raw(problems: list[str], path: Path, kind: str) -> list[Facts]:
    if not path.exists():
        return []
    return tables((tried(problems, lambda: record(path, kind)) or {}).get("raw"))


def _reply(step: str, entry: Facts) -> Facts:
    return {
        "step": step,
        "purpose": text(entry.get("purpose")),
        "sample": whole(entry.get("sample")),
        "by": text(entry.get("by")),
        "text": text(entry.get("text")),
        "parse": word(entry.get("parse")),
        "failure": word(entry.get("failure")),
        "unclear": plain(table(entry.get("unclear"))),
        "finish": word(entry.get("finish")),
        "shown": texts(entry.get("shown")),
        "part": word(entry.get("part")),
    }
