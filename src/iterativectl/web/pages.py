"""The one page that all addresses of the viewer show, and the files it is made of."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl import __version__, resources
from iterativectl.web import replies

KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
VERSIONED = re.compile(r"(?:v-(?P<version>[0-9a-f]{16})/)?(?P<name>.+)")
PARTS = ("/api/", "/static/", "/pictures/", "/export/")  # never pages
FOR_GOOD = "private, max-age=31536000, immutable"


class Files(NamedTuple):
    """What is served below /static/, as it was when last listed. Listed, so that no address is ever a path.

    `paths` and `seen` (size in bytes, time of change in nanoseconds) by relative name; `version` stands for
    all of `seen`, in 16 hexadecimal digits: other ones after an upgrade, or an edit.
    """

    paths: dict[str, Path]
    seen: dict[str, tuple[int, int]]
    version: str


@cache
def files() -> Files:
    """Listed anew with each page that is opened: the program may be upgraded under a viewer that runs."""
    root = resources.path("viewer")
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix in KINDS)
    paths = {path.relative_to(root).as_posix(): path for path in found}
    seen = {name: state for name, path in paths.items() if (state := _state(path))}
    return Files(paths, seen, hashlib.sha256(repr(seen).encode()).hexdigest()[:16])


def static(request: Request) -> Response:
    """A file of the viewer itself. Asked for by today's version it is kept, and never asked for again."""
    found = VERSIONED.fullmatch(request.path_params["name"])
    listed = files()
    path = listed.paths.get(found["name"]) if found else None
    before = _state(path) if path else None
    if found is None or path is None or before is None:
        raise HTTPException(404)
    content = path.read_bytes()
    if found["version"] == listed.version and before == _state(path) == listed.seen.get(found["name"]):
        return Response(content, media_type=KINDS[path.suffix], headers={"Cache-Control": FOR_GOOD})
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if replies.is_known(request, tag):
        return replies.unchanged(tag)
    return Response(content, media_type=KINDS[path.suffix], headers=replies.kept(tag))


def _state(path: Path) -> tuple[int, int] | None:
    """Size in bytes and time of change in nanoseconds; None where no file is any more."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def shell(_: Request) -> Response:
    """The page; its script reads the address and shows what it names.

    Modules name each other by relative addresses, so that all of them are asked for by the page's version.
    """
    files.cache_clear()
    page = resources.path("viewer", "index.html").read_text(encoding="utf-8")
    return Response(page.replace('"/static/', f'"/static/v-{files().version}/'), media_type="text/html")


def is_for_a_person(request: Request) -> bool:
    """Whether somebody opens an address as a page, and not a program or the page itself a part of it."""
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(PARTS)


def not_there(request: Request) -> Response:
    """The page for an address that is none of ours: it says so, and how to go on."""
    reply = shell(request)
    reply.status_code = 404
    return reply


def about(_: Request) -> Response:
    """Which viewer this is: `viewer status` tells its own by it."""
    return replies.data({"name": "iterativectl viewer", "version": __version__, "pid": os.getpid()})


ROUTES: Sequence[BaseRoute] = (
    Route("/api/about", about),
    Route("/static/{name:path}", static),
    Route("/", shell),
    Route("/p/{project}", shell),
    Route("/p/{project}/r/{run}", shell),
    Route("/p/{project}/r/{run}/compare", shell),
    Route("/p/{project}/r/{run}/rank", shell),
    Route("/p/{project}/rules", shell),
    Route("/p/{project}/masks", shell),
)
