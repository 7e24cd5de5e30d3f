"""What can be taken along of a run: made while it is sent, never all of it in memory."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from iterativectl.project.layout import RUN_ID
from iterativectl.report.gathering import gather
from iterativectl.report.kinds import KINDS, name_of
from iterativectl.web import lookup, replies
from iterativectl.web.site import site_of


def exports(request: Request) -> Response:
    """The kinds that there are of a run, with their addresses."""
    project = lookup.project_of(request)
    run_id = request.query_params.get("run", "")
    if not RUN_ID.fullmatch(run_id) or not project.run(run_id).run_json.is_file():
        raise HTTPException(404)
    found = [
        {
            "kind": kind,
            "address": f"/export/p/{project.name}/r/{run_id}/{kind}",
            "words": about.words,
            "name": f"{project.name}_{run_id}{about.ending}",
        }
        for kind, about in KINDS.items()
    ]
    return replies.data({"exports": found})


def export(request: Request) -> Response:
    """One of them, as a file to keep: never shown in the viewer's own place, whatever it is."""
    project, paths = lookup.project_of(request), lookup.run_of(request)
    kind = request.path_params["kind"]
    if kind not in KINDS:
        raise HTTPException(404)
    run = gather(project, paths.run_id, site_of(request).world.clock.now())
    headers = {
        "Content-Disposition": f'attachment; filename="{name_of(run, kind)}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(KINDS[kind].make(run), media_type="application/octet-stream", headers=headers)


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/exports", exports),
    Route("/export/p/{project}/r/{run}/{kind}", export),
)
