"""Starting the next run from a ranking: what that would be, in words; writing it; taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl.beginning import waiting
from iterativectl.errors import LockedError, UsageError
from iterativectl.loading import RunOptions
from iterativectl.model import Settings
from iterativectl.opening import unfinished
from iterativectl.project import lock, seed
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.seed import Seed
from iterativectl.seeding import Proposal, proposed
from iterativectl.showing.values import plain
from iterativectl.web import lookup, replies
from iterativectl.web.site import site_of

Body = Mapping[str, Any]
AGAIN = "Load the page again."


def preview(request: Request) -> Response:
    """What the next run would start with; nothing is written."""
    mode = request.query_params.get("mode", "rank1")
    project, found = _proposed(request, mode)
    return replies.data(_told(project, found, ()))


def there(request: Request) -> Response:
    """The seed that waits in a project, whatever run's ranking it is from."""
    project = lookup.project_of(request)
    lookup.inside(project.working, project.root)
    found = waiting(project)
    return replies.data({"written": _written(project, found) if found else None})


async def write(request: Request) -> Response:
    """Let the next run start from this run's ranking."""
    return await run_in_threadpool(_write, request, await replies.body_of(request))


async def remove(request: Request) -> Response:
    """Take back what waits."""
    return await run_in_threadpool(_remove, request, await replies.body_of(request))


def _write(request: Request, body: Body) -> Response:
    if set(body) != {"mode"} or not isinstance(body["mode"], str):
        raise UsageError("'mode' must be said, and nothing else", AGAIN)
    project, found = _proposed(request, body["mode"])
    now = site_of(request).world.clock.now().isoformat(timespec="seconds")
    with _nobody_at_work(project, now):
        earlier = waiting(project)
        written = seed.write(project, found.seed, now)
    notes = []
    if written.kept and (earlier is None or earlier.kept != written.kept):
        notes.append(f"what you had written into working/AIGen.yaml is kept as working/{written.kept}")
    return replies.data(_told(project, found, notes))


def _remove(request: Request, body: Body) -> Response:
    project = lookup.project_of(request)
    if body:
        raise UsageError("nothing can be said here", AGAIN)
    lookup.inside(project.working, project.root)
    now = site_of(request).world.clock.now().isoformat(timespec="seconds")
    with _nobody_at_work(project, now):
        there = waiting(project)
        remarks = seed.remove(project, there) if there else ()
    return replies.data({"removed": there is not None, "written": None, "remarks": list(remarks)})


def _proposed(request: Request, mode: str) -> tuple[ProjectPaths, Proposal]:
    """Raises UsageError where a seed cannot be."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    lookup.inside(project.working, project.root)
    return project, proposed(site_of(request).workspace, project, paths.run_id, mode, RunOptions())


@contextmanager
def _nobody_at_work(project: ProjectPaths, now: str) -> Iterator[None]:
    """Hold the project's lock. Raises LockedError while a run has it: working/AIGen.yaml is that run's."""
    try:
        with lock.held(project.lock, started=now):
            yield
    except LockedError as error:
        hint = "The run rewrites working/AIGen.yaml. Do it again when the run has ended, or stop it."
        raise LockedError(error.message, hint) from error


def _told(project: ProjectPaths, found: Proposal, notes: Sequence[str]) -> dict[str, Any]:
    there, ends = waiting(project), unfinished(project)
    told = [f"Run {ends} has not ended: it would end as stopped. All that it made stays."] if ends else []
    return {
        "mode": found.seed.mode,
        "run_id": found.seed.run_id,
        "iterations": list(found.seeded.iterations),
        "settings": _settings(found.seeded.settings),
        "current": _settings(found.instead_of.settings),
        "notes": list(found.seeded.notes),
        "sentence": found.sentence,
        "remarks": [*notes, *told, *found.remarks],
        "ends": ends,
        "locked": lock.is_held(project.lock),
        "written": _written(project, there) if there else None,
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """`{prompts, parameters}`; the seed null where one is drawn for each picture."""
    own = settings.parameters
    return {
        "prompts": {"positive": settings.prompts.positive, "negative": settings.prompts.negative},
        "parameters": {
            "denoise": plain(own.denoise),
            "cfg": plain(own.cfg),
            "steps": own.steps,
            "sampler_name": own.sampler_name,
            "scheduler": own.scheduler,
            "seed": plain(settings.seed),
        },
    }


def _written(project: ProjectPaths, there: Seed) -> dict[str, Any]:
    """The seed that waits; `edited`: a person has changed its settings since, and they count."""
    path = project.settings
    return {
        "run_id": there.run_id,
        "mode": there.mode,
        "iterations": list(there.iterations),
        "written_at": there.written_at,
        "edited": path.exists() and not seed.untouched(there, path.read_bytes()),
    }


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/r/{run}/seed", preview),
    Route("/api/p/{project}/r/{run}/seed", write, methods=["POST"]),
    Route("/api/p/{project}/seed", there),
    Route("/api/p/{project}/seed/remove", remove, methods=["POST"]),
)
