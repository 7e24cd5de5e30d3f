"""A run as the page is given it: the facts of showing/, with the addresses of its pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl.errors import ConfigError, Problem, ProjectError, UsageError
from iterativectl.processes import logs
from iterativectl.project import runs
from iterativectl.showing import happening, said
from iterativectl.showing import run as showing
from iterativectl.showing.values import table, text
from iterativectl.web import lookup, pictures, replies
from iterativectl.web.site import site_of

Facts = dict[str, Any]
MOST_EVENTS = 2_000
MOST_LINES = 5_000
_RUN = "/api/p/{project}/r/{run}"


def run(request: Request) -> Response:
    """Run."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    found = showing.run_facts(project, paths.run_id, site_of(request).shelf)
    found["input"] |= _input(project.name, paths.run_id, found["input"])
    found["iterations"] = [_line(project.name, paths.run_id, line) for line in found["iterations"]]
    return replies.data(found)


def iteration(request: Request) -> Response:
    """IterationInFull."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    number = lookup.iteration_of(request, paths)
    found = showing.iteration_facts(project, paths.run_id, number, site_of(request).shelf)
    line = _line(project.name, paths.run_id, found)
    there = line["full"] is not None
    line["raw"] = pictures.of_iteration(project.name, paths.run_id, number, "raw") if there else None
    address = f"/api/p/{project.name}/r/{paths.run_id}/i/{number}/workflow"
    line["workflow_address"] = address if found["has_workflow"] else None
    return replies.data(line)


def answers(request: Request) -> Response:
    """What the judge said of an iteration, word for word."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    number = lookup.iteration_of(request, paths)
    return replies.data(said.replies_facts(project, paths.run_id, number))


def workflow(request: Request) -> Response:
    """The very file that says what was sent; a copy to keep with ?download=1."""
    paths = lookup.run_of(request)
    number = lookup.iteration_of(request, paths)
    path = lookup.inside(paths.graph(number), paths.project)
    try:
        content = said.workflow(paths, number)
    except ProjectError as error:
        problem = Problem(where=paths.relative(path), path="", message=error.message)
        raise ConfigError([problem], error.hint) from error
    if content is None:
        raise HTTPException(404)
    reply = Response(content, media_type="application/json")
    if request.query_params.get("download") == "1":
        kind = "recipe" if "format" in table(json.loads(content)) else "api"  # a graph for ComfyUI has none
        name = f"{paths.project.name}_{paths.run_id}_iteration_{number}_{kind}.json"
        reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return reply


def differences(request: Request) -> Response:
    """What an iteration tried that another one (its parent, or the start of the run) had not."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    number = lookup.iteration_of(request, paths)
    to = None
    if request.query_params.get("to"):
        to = number_of(request.query_params["to"], "to", 0, 10**9)
        if to not in runs.committed(paths):
            raise UsageError(f"the run has no iteration {to}", "Load the page again.")
    return replies.data(showing.difference(project, paths.run_id, (number, to), site_of(request).shelf))


def events(request: Request) -> Response:
    """A page of what happened, from a byte offset on."""
    paths = lookup.run_of(request)
    lookup.inside(paths.events, paths.project)
    after = number_of(request.query_params.get("after", ""), "after", 0, 2**53)
    limit = number_of(request.query_params.get("limit", ""), "limit", 500, MOST_EVENTS)
    page = happening.events(paths.events, after, max(1, limit))
    return replies.data({"events": page.events, "last": page.last, "more": page.more})


def log(request: Request) -> Response:
    """The end of logs/app.log."""
    project = lookup.project_of(request)
    count = number_of(request.query_params.get("lines", ""), "lines", 300, MOST_LINES)
    path = lookup.inside(project.log, project.root)
    lines = logs.tail(path, count + 1) if path.is_file() else []
    shown = [text(line) for line in lines[-count:]] if count else []
    return replies.data({"lines": shown, "truncated": len(lines) > count})


def number_of(said: str, name: str, default: int, most: int) -> int:
    """The whole number that was said, at most `most`. Raises UsageError."""
    if not said:
        return default
    if not (said.isascii() and said.isdecimal() and len(said) < 20):
        raise UsageError(f"'{name}' must be a whole number", "Load the page again.")
    return min(int(said), most)


def _line(project: str, run_id: str, facts: Facts) -> Facts:
    """With addresses; `v` names the picture's bytes, for a repeated number is another picture."""
    picture = facts.pop("picture")
    found = dict.fromkeys(("thumb", "full"))
    if picture is None:
        return facts | found
    kinds = {kind: pictures.of_iteration(project, run_id, facts["n"], kind) for kind in found}
    return facts | {kind: f"{address}?v={picture[:12]}" for kind, address in kinds.items()}


def _input(project: str, run_id: str, facts: Facts) -> Facts:
    """Addresses of the picture that the run edits, where that is still there."""
    there = facts["changed"] is False
    kinds = ("thumb", "full")
    return {kind: pictures.of_run_input(project, run_id, kind) if there else None for kind in kinds}


ROUTES: Sequence[BaseRoute] = (
    Route(_RUN, run),
    Route(f"{_RUN}/i/{{n:int}}", iteration),
    Route(f"{_RUN}/i/{{n:int}}/replies", answers),
    Route(f"{_RUN}/i/{{n:int}}/workflow", workflow),
    Route(f"{_RUN}/i/{{n:int}}/diff", differences),
    Route(f"{_RUN}/events", events),
    Route("/api/p/{project}/log", log),
)
