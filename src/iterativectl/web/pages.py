"""The one page that all addresses of the viewer show, and the files it is made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

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


@cache
def web_files() -> dict[str, Path]:
    """What is served below /static/: relative name -> file. Listed, so that no address is ever a path."""
    root = resources.path("viewer")
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix in KINDS)
    return {path.relative_to(root).as_posix(): path for path in found}


def static(request: Request) -> Response:
    """A file of the viewer itself."""
    path = web_files().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404)
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if replies.is_known(request, tag):
        return replies.unchanged(tag)
    return Response(content, media_type=KINDS[path.suffix], headers=replies.kept(tag))


def shell(_: Request) -> Response:
    """The page; its script reads the address and shows what it names."""
    return Response(resources.path("viewer", "index.html").read_bytes(), media_type="text/html")


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
