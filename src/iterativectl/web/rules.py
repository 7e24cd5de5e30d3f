"""The rules as a form: shown, checked, saved, and tried on one picture without being saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl import compose_try, rulebook
from iterativectl.config.check import load_schema
from iterativectl.config.metrics import METRICS
from iterativectl.config.rules import parse_rules
from iterativectl.config.rules_form import Form, diff, form_of, with_form, with_line_ends
from iterativectl.config.yaml_source import MAX_BYTES
from iterativectl.errors import UsageError
from iterativectl.project import records, runs
from iterativectl.project.handwriting import Overtaken
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths
from iterativectl.web import jobs, lookup, replies
from iterativectl.web.site import site_of

LONGEST_GUIDELINES = 20_000  # characters of them that are shown
AGAIN = "Load the page again."
Body = Mapping[str, Any]


def form(request: Request) -> Response:
    """The file as text and as a form, with what is wrong with it."""
    project = _project(request)
    book = rulebook.read(project)
    found = list(book.problems) or rulebook.problems(site_of(request).workspace, project, book.text)
    return replies.data(
        {
            "text": book.text,
            "sha256": book.sha256,
            "form": form_of(book.text),
            "schema": load_schema("rules"),
            "metrics": {name: _metric(name) for name in METRICS},
            "problems": [replies.problem_json(problem) for problem in found],
            "guidelines": _guidelines(project),
        }
    )


async def check(request: Request) -> Response:
    """What would be written, how it differs from the file, and what is wrong with it. Nothing is written."""
    return await run_in_threadpool(_check, request, await replies.body_of(request))


async def save(request: Request) -> Response:
    """Write the text, if the file is still the one that it was made from."""
    return await run_in_threadpool(_save, request, await replies.body_of(request))


async def try_out(request: Request) -> Response:
    """Judge one picture by a text that need not be saved, as a job."""
    return await run_in_threadpool(_try_out, request, await replies.body_of(request))


def _check(request: Request, body: Body) -> Response:
    project = _project(request)
    _only(body, {"form", "text", "origins"})
    there = rulebook.read(project).text
    text = _text(body) if "text" in body else there
    if "form" in body:
        text = with_form(text, _form(body))
    text = with_line_ends(text, there)
    found = rulebook.problems(site_of(request).workspace, project, text)
    return replies.data(
        {
            "text": text,
            "diff": [{"kind": line.kind, "text": line.text} for line in diff(there, text)],
            "problems": [replies.problem_json(problem) for problem in found],
            "form": form_of(text),
        }
    )


def _save(request: Request, body: Body) -> Response:
    project = _project(request)
    _only(body, {"text", "based_on"})
    based_on = body.get("based_on")
    if based_on is not None and not isinstance(based_on, str):
        raise UsageError("'based_on' must be the sha256 of a file, or null", AGAIN)
    try:
        saved = rulebook.save(project, _text(body), based_on, site_of(request).world.clock.now())
    except Overtaken as error:
        now = rulebook.read(project)
        raise replies.Conflict(
            "The rules were changed somewhere else after this page read them.",
            {"text": now.text, "sha256": now.sha256},
        ) from error
    kept = saved.kept.relative_to(project.root).as_posix() if saved.kept else None
    text = rulebook.read(project).text
    return replies.data({"text": text, "sha256": saved.sha256, "kept": kept, "note": saved.note})


def _try_out(request: Request, body: Body) -> Response:
    project = _project(request)
    _only(body, {"text", "run", "iteration"})
    paths, number = _iteration(project, body)
    rules, _ = parse_rules(_text(body).removeprefix("\ufeff"))
    world = site_of(request).world

    def work(say: jobs.Say) -> Mapping[str, Any]:
        found = compose_try.tried(paths, number, rules, world, say)
        return _result(found, paths.run_id, number)

    return replies.data({"job": jobs.jobs_of(request).start("try", work)})


def _result(found: compose_try.Tried, run_id: str, number: int) -> dict[str, Any]:
    judged = found.judged
    return {
        "run": run_id,
        "iteration": number,
        "verdicts": {verdict.field: records.to_json(verdict) for verdict in judged.verdicts},
        "score": judged.score,
        "passed": judged.passed,
        "similarity": records.to_json(judged.similarity),
        "usage": dict(judged.usage),
        "seconds": judged.seconds,
        "judge": found.judge,
        "notes": list(found.notes),
    }


def _project(request: Request) -> ProjectPaths:
    """The project, whose rules must lie in it."""
    project = lookup.project_of(request)
    lookup.inside(project.rules, project.root)
    return project


def _iteration(project: ProjectPaths, body: Body) -> tuple[RunPaths, int]:
    run_id, number = body.get("run"), body.get("iteration")
    there = isinstance(run_id, str) and RUN_ID.fullmatch(run_id) and project.run(run_id).run_json.is_file()
    if not there:
        raise UsageError("the project has no such run", AGAIN)
    paths = project.run(str(run_id))
    lookup.inside(paths.root, project.root)
    if type(number) is not int or number not in runs.committed(paths):
        raise UsageError(f"the run has no iteration {number!r:.60}", AGAIN)
    lookup.inside(paths.image(number), project.root)
    return paths, number


def _form(body: Body) -> Form:
    data, origins = body["form"], body.get("origins") or {}
    if not isinstance(data, dict) or not isinstance(origins, dict):
        raise UsageError("'form' and 'origins' must be objects", AGAIN)
    for entries in origins.values():
        if not isinstance(entries, list) or not all(at is None or type(at) is int for at in entries):
            raise UsageError("'origins' must be lists of indexes", AGAIN)
    return Form(data=data, origins=origins)


def _text(body: Body) -> str:
    text = body.get("text")
    if not isinstance(text, str):
        raise UsageError("'text' must be the rules as text", AGAIN)
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise UsageError("the text holds halves of characters", "Remove them.") from error
    if size > MAX_BYTES:
        raise UsageError(f"the text is larger than {MAX_BYTES // 1024} KiB", "Make it shorter.")
    return text


def _metric(name: str) -> dict[str, Any]:
    known = METRICS[name]
    said = {"called": known.called, "ends": known.ends, "unit": known.unit}
    return said | {"low": known.low, "high": known.high, "whole_only": known.whole_only}


def _guidelines(project: ProjectPaths) -> str | None:
    """What a person wants to be considered where rules are suggested; None without."""
    path = lookup.inside(project.rules_guidelines, project.root)
    if not path.is_file():
        return None
    return path.read_bytes()[: 4 * LONGEST_GUIDELINES].decode("utf-8", "replace")[:LONGEST_GUIDELINES]


def _only(body: Body, keys: set[str]) -> None:
    strange = sorted(set(body) - keys)
    if strange:
        raise UsageError(f"'{strange[0]:.60}' is not known here", AGAIN)


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/rules", form, methods=["GET"]),
    Route("/api/p/{project}/rules", save, methods=["POST"]),
    Route("/api/p/{project}/rules/check", check, methods=["POST"]),
    Route("/api/p/{project}/rules/try", try_out, methods=["POST"]),
)
