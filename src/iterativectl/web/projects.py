"""The lists: the projects of the workspace, the runs of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl.errors import UsageError
from iterativectl.history import queries
from iterativectl.history.database import Database
from iterativectl.history.facts import VERDICTS, RunFacts
from iterativectl.history.queries import ProjectFound, RunsWanted
from iterativectl.web import lookup, pictures, replies
from iterativectl.web.freshness import Freshness
from iterativectl.web.site import site_of

MOST_LETTERS = 200  # of a search; the rest is left out
MOST_DIGITS = 6
AGAIN = "Load the page again."


async def projects(request: Request) -> Response:
    """The projects, each with how it stands and its last run."""
    words = _searched(request)
    lists = freshness_of(request)
    question = ("projects", words)
    content = lists.known(question)
    if content is None:
        root = str(site_of(request).workspace.root)
        content = await run_in_threadpool(
            lists.answer, question, lambda index: _projects(index, words, root, lists)
        )
    return Response(content, media_type="application/json")


async def runs(request: Request) -> Response:
    """A page of a project's runs."""
    wanted = _wanted(request)
    lists = freshness_of(request)
    content = lists.known(wanted)
    if content is None:
        await run_in_threadpool(lookup.project_of, request)
        content = await run_in_threadpool(lists.answer, wanted, lambda index: _runs(index, wanted, lists))
    return Response(content, media_type="application/json")


def freshness_of(request: Request) -> Freshness:
    """The index that a request is answered from."""
    lists: Freshness = request.app.state.lists
    return lists


def _wanted(request: Request) -> RunsWanted:
    """What the query asks for. Raises UsageError."""
    query = request.query_params
    return RunsWanted(
        project=request.path_params["project"],
        words=_searched(request),
        state=query.get("state", "")[:MOST_LETTERS],
        verdict=_one_of(request, "verdict", ("", *VERDICTS)),
        sort=_one_of(request, "sort", ("run_id", *queries.SORTS)),
        order=_one_of(request, "order", ("desc", "asc")),
        page=_page(request),
    )


def _searched(request: Request) -> str:
    return request.query_params.get("q", "")[:MOST_LETTERS].strip()


def _one_of(request: Request, name: str, allowed: Sequence[str]) -> str:
    """A word of the query; without one, the first of those that are allowed."""
    said = request.query_params.get(name) or allowed[0]
    if said not in allowed:
        words = ", ".join(sorted(set(filter(None, allowed))))
        raise UsageError(f"'{name}' is one of {words}", AGAIN)
    return said


def _page(request: Request) -> int:
    said = request.query_params.get("page") or "1"
    if not (said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS):
        raise UsageError("'page' must be a whole number", AGAIN)
    return int(said)


def _projects(index: Database, words: str, root: str, lists: Freshness) -> bytes:
    found = index.read(lambda connection: queries.projects(connection, words))
    lines = [_project(one) for one in found]
    return _content({"projects": lines, "workspace": root, "reading": _reading(lists)})


def _runs(index: Database, wanted: RunsWanted, lists: Freshness) -> bytes:
    found = index.read(lambda connection: queries.runs(connection, wanted))
    return _content(
        {
            "project": wanted.project,
            "total": found.total,
            "page": found.page,
            "pages": found.pages,
            "page_size": queries.PAGE_SIZE,
            "runs": [_line(run) for run in found.runs],
            "states": found.states,
            "verdicts": found.verdicts,
            "reading": _reading(lists),
        }
    )


def _project(found: ProjectFound) -> dict[str, Any]:
    facts, last = found.facts, found.last
    return {
        "name": facts.name,
        "state": last.state if last else "new",
        "words": last.words if last else "no run yet",
        "runs": found.runs,
        "best_score": found.best_score,
        "last_run": _last(last) if last else None,
        "accepted": facts.accepted,
        "thumb": _thumb_of_project(found),
        "problems": list(found.problems),
    }


def _last(run: RunFacts) -> dict[str, Any]:
    names = ("run_id", "started_at", "state", "score", "best_iteration", "iterations", "passed", "criteria")
    return {name: getattr(run, name) for name in names}


def _thumb_of_project(found: ProjectFound) -> str | None:
    """The accepted picture, else the last run's best, else the input."""
    facts, last = found.facts, found.last
    if facts.accepted and facts.accepted_run and facts.accepted_iteration:
        return pictures.of_iteration(facts.name, facts.accepted_run, facts.accepted_iteration, "thumb")
    if last and (thumb := _thumb(last)):
        return thumb
    return pictures.of_input(facts.name, "thumb") if facts.has_input else None


def _line(run: RunFacts) -> dict[str, Any]:
    line = {name: value for name, value in asdict(run).items() if name not in ("project", "picture")}
    return {**line, "thumb": _thumb(run)}


def _thumb(run: RunFacts) -> str | None:
    """`v` names the picture's bytes, for a repeated number is another picture."""
    if run.best_iteration is None or run.picture is None:
        return None
    return f"{pictures.of_iteration(run.project, run.run_id, run.best_iteration, 'thumb')}?v={run.picture}"


def _reading(lists: Freshness) -> dict[str, int] | None:
    progress = lists.progress
    return {"done": progress[0], "of": progress[1]} if progress else None


def _content(value: dict[str, Any]) -> bytes:
    return bytes(replies.data(value).body)


ROUTES: Sequence[BaseRoute] = (
    Route("/api/projects", projects),
    Route("/api/p/{project}/runs", runs),
)
