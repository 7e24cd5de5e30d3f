"""What a person says of a run's pictures: ranking, notes, labels, ratings. Saved means: on the disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl import calibration
from iterativectl.errors import ProjectError, UsageError
from iterativectl.project import human, ratings, runs
from iterativectl.project.handwriting import Overtaken
from iterativectl.project.human import Labels, Ranking
from iterativectl.project.ratings import MOST, Rated, Ratings
from iterativectl.web import lookup, replies
from iterativectl.web.site import site_of

LONGEST = 20_000  # characters of one note
SHA256 = re.compile(r"[0-9a-f]{64}")
AGAIN = "Load the page again."
Body = Mapping[str, Any]


def said(request: Request) -> Response:
    """Everything in human/. A damaged file is named among the problems, and nothing is shown of it."""
    paths = lookup.run_of(request)
    problems: list[dict[str, str]] = []

    def read(path: Path, reading: Callable[[Path], Any], empty: Any) -> Any:
        try:
            return reading(path) or empty
        except ProjectError as error:
            where = f"human/{path.name}"
            told = {"where": where, "path": "", "message": error.message, "hint": error.hint}
            problems.append({**told, "severity": "error"})
            return empty

    ranking = read(paths.ranking, human.read_ranking, Ranking())
    labels = read(paths.labels, human.read_labels, Labels())
    rated = read(paths.ratings, ratings.read_ratings, Ratings())
    return replies.data(
        {
            "ranking": _ranking(ranking),
            "labels": _labels(labels),
            "ratings": _ratings(rated),
            "problems": problems,
        }
    )


async def rank(request: Request) -> Response:
    """The whole ranking with its notes, if it is still the one that the page was made from."""
    return await run_in_threadpool(_rank, request, await replies.body_of(request))


async def label(request: Request) -> Response:
    """A person's verdicts on one picture."""
    return await run_in_threadpool(_label, request, await replies.body_of(request))


async def rate(request: Request) -> Response:
    """Stars, favourite, rejected, of one picture."""
    return await run_in_threadpool(_rate, request, await replies.body_of(request))


async def note(request: Request) -> Response:
    """One note, if it is still the one that the page shows."""
    return await run_in_threadpool(_note, request, await replies.body_of(request))


def _rank(request: Request, body: Body) -> Response:
    paths = lookup.run_of(request)
    known = runs.committed(paths)
    _only(body, {"ranking", "notes", "based_on"})
    wanted = Ranking(ranking=_order(body, known), notes=_notes(body, known))
    based_on = body.get("based_on")
    if based_on is not None and not (isinstance(based_on, str) and SHA256.fullmatch(based_on)):
        raise UsageError("'based_on' must be the sha256 of a file, or null", AGAIN)
    try:
        written = human.save_ranking(paths, wanted, based_on, known, _now(request))
    except Overtaken as error:
        raise replies.Conflict(
            "The ranking was changed somewhere else after this page read it.",
            _ranking(human.read_ranking(paths.ranking) or Ranking()),
        ) from error
    return replies.data(_ranking(written))


def _label(request: Request, body: Body) -> Response:
    paths = lookup.run_of(request)
    _only(body, {"iteration", "labels"})
    labels = body.get("labels")
    if not isinstance(labels, dict) or not all(
        value is None or isinstance(value, bool) for value in labels.values()
    ):
        raise UsageError("'labels' must give true, false or null for fields", AGAIN)
    written = calibration.label(paths, _iteration(body, runs.committed(paths)), labels, _now(request))
    return replies.data(_labels(written))


def _rate(request: Request, body: Body) -> Response:
    paths = lookup.run_of(request)
    _only(body, {"iteration", "stars", "favourite", "rejected"})
    stars = body.get("stars")
    if stars is not None and (type(stars) is not int or not 0 <= stars <= MOST):
        raise UsageError(f"'stars' must be 0 to {MOST}", AGAIN)
    for name in ("favourite", "rejected"):
        if not isinstance(body.get(name), bool | None):
            raise UsageError(f"'{name}' must be true or false", AGAIN)
    rated = Rated(stars=stars, favourite=body.get("favourite"), rejected=body.get("rejected"))
    written = ratings.rate(paths, _iteration(body, runs.committed(paths)), rated, _now(request))
    return replies.data(_ratings(written))


def _note(request: Request, body: Body) -> Response:
    paths = lookup.run_of(request)
    _only(body, {"iteration", "note", "based_on_note"})
    number = _iteration(body, runs.committed(paths))
    text, based_on = _text(body.get("note")), _text(body.get("based_on_note") or "")
    try:
        written = human.note(paths, number, text, based_on, _now(request))
    except Overtaken as error:
        there = human.read_ranking(paths.ranking) or Ranking()
        raise replies.Conflict(
            "The note was changed somewhere else after this page read it.",
            {"iteration": number, "note": there.notes.get(str(number), ""), "sha256": there.sha256},
        ) from error
    return replies.data(
        {"iteration": number, "note": written.notes.get(str(number), ""), "sha256": written.sha256}
    )


def _only(body: Body, keys: set[str]) -> None:
    strange = sorted(set(body) - keys)
    if strange:
        raise UsageError(f"'{strange[0]:.60}' is not known here", AGAIN)


def _iteration(body: Body, known: Sequence[int]) -> int:
    number = body.get("iteration")
    if type(number) is not int or number not in known:
        raise UsageError(f"the run has no iteration {number!r:.60}", AGAIN)
    return number


def _order(body: Body, known: Sequence[int]) -> tuple[str, ...]:
    """The run's own iterations as they were sent. What else the file names is the writer's to keep."""
    order = body.get("ranking")
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        raise UsageError("'ranking' must be a list of iterations, best first", AGAIN)
    names = {str(number) for number in known}
    strange = next((name for name in order if name not in names), None)
    if strange is not None:
        raise UsageError(f"the run has no iteration {strange!r:.60}", AGAIN)
    if len(set(order)) < len(order):
        raise UsageError("'ranking' names an iteration twice", AGAIN)
    return tuple(order)


def _notes(body: Body, known: Sequence[int]) -> dict[str, str]:
    notes = body.get("notes")
    if not isinstance(notes, dict):
        raise UsageError("'notes' must give a text for an iteration", AGAIN)
    names = {str(number) for number in known}
    strange = next((name for name in notes if name not in names), None)
    if strange is not None:
        raise UsageError(f"the run has no iteration {strange!r:.60}", AGAIN)
    return {name: _text(text) for name, text in notes.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError("a note must be a text", AGAIN)
    if len(value) > LONGEST:
        raise UsageError(f"a note may have {LONGEST} characters at most", "Make it shorter.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise UsageError("a note must be whole characters", "Type it again.")
    return value


def _now(request: Request) -> str:
    return site_of(request).world.clock.now().isoformat(timespec="seconds")


def _ranking(of: Ranking) -> dict[str, Any]:
    return {"ranking": list(of.ranking), "notes": dict(of.notes), "sha256": of.sha256}


def _labels(of: Labels) -> dict[str, Any]:
    return {"labels": {name: dict(fields) for name, fields in of.labels.items()}, "sha256": of.sha256}


def _ratings(of: Ratings) -> dict[str, Any]:
    return {
        "ratings": dict(of.ratings),
        "favourites": list(of.favourites),
        "rejected": list(of.rejected),
        "sha256": of.sha256,
    }


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/r/{run}/human", said),
    Route("/api/p/{project}/r/{run}/ranking", rank, methods=["POST"]),
    Route("/api/p/{project}/r/{run}/labels", label, methods=["POST"]),
    Route("/api/p/{project}/r/{run}/ratings", rate, methods=["POST"]),
    Route("/api/p/{project}/r/{run}/notes", note, methods=["POST"]),
)
