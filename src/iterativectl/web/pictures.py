"""The pictures of a workspace. Which one is meant is looked up, and what is sent was looked at first.

Only PNG, JPEG and WebP, by their first bytes and by their header; never what lies outside of the project
once links are followed. Everything else is not there (404) or not shown (415).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from iterativectl.config.aigen import load_aigen
from iterativectl.config.types import Masking
from iterativectl.errors import ConfigError, ImageError
from iterativectl.images.decode import MAX_PIXELS
from iterativectl.images.thumbnail import KINDS, MEDIA_TYPE, kind_of
from iterativectl.project import masks, records, runs
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.web import lookup, replies
from iterativectl.web.thumbnails import Busy, Thumbnails, key_of

CHUNK = 1 << 20  # bytes sent at a time
PATIENCE = 20.0  # seconds until a thumbnail that is still not made is refused
MOST_ITERATIONS = 1_000_000
FILE_KINDS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
# What Pillow raises on a header it cannot use.
_UNREADABLE = (
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A picture file inside its project: the real path, and what tells one state of it from another."""

    path: Path
    tag: str


# Addresses, for whoever answers with them.


def of_iteration(project: str, run_id: str, n: int, kind: str = "full") -> str:
    """The address of an iteration's picture: full, thumb or raw."""
    return _address("p", project, "r", run_id, "i", str(n), kind)


def of_run_input(project: str, run_id: str, kind: str = "full") -> str:
    """The address of the picture that a run edits: full or thumb."""
    return _address("p", project, "r", run_id, "input", kind)


def of_input(project: str, kind: str = "full") -> str:
    """The address of a project's input picture as it is now: full or thumb."""
    return _address("p", project, "input", kind)


def of_mask(project: str, name: str) -> str:
    """The address of a mask."""
    return _address("p", project, "mask", name)


def of_preview(project: str, run_id: str) -> str:
    """The address of the picture that is just being made."""
    return _address("p", project, "r", run_id, "preview")


def _address(*parts: str) -> str:
    return "/pictures/" + "/".join(quote(part, safe="") for part in parts)


# Which file is meant.


def run_input(paths: RunPaths) -> Path | None:
    """The picture that a run edits; None where it is gone, or is another one now. Raises ProjectError."""
    entry = records.read(paths.run_json, runs.RUN_FORMAT).get("input")
    if not isinstance(entry, Mapping):
        return None
    path = paths.project / str(entry.get("path", ""))
    try:
        state = path.stat()
        real = lookup.inside(path, paths.project).resolve()
        if not stat.S_ISREG(state.st_mode):
            return None
        now = _sha256(real, state.st_size, state.st_mtime_ns)
    except (OSError, ValueError, HTTPException):
        return None
    return path if now == entry.get("sha256") else None


@lru_cache(maxsize=512)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Of a file in this state; asked for with every look at a run, so it is remembered."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _iteration(request: Request) -> tuple[Path, ProjectPaths]:
    """An iteration's picture is there before the iteration is committed: while it is judged."""
    paths, number = lookup.run_of(request), _number(request)
    return paths.image(number), lookup.project_of(request)


def _raw(request: Request) -> tuple[Path, ProjectPaths]:
    """The generator's own bytes; where the picture was used as it came, that is the picture."""
    paths, number = lookup.run_of(request), _number(request)
    raw = paths.raw_image(number)
    return (raw if raw.exists() else paths.image(number)), lookup.project_of(request)


def _run_input(request: Request) -> tuple[Path, ProjectPaths]:
    path = run_input(lookup.run_of(request))
    if path is None:
        raise HTTPException(404)
    return path, lookup.project_of(request)


def _input(request: Request) -> tuple[Path, ProjectPaths]:
    project = lookup.project_of(request)
    return project.input, project


def _mask(request: Request) -> tuple[Path, ProjectPaths]:
    """A mask by name, also while AIGen.yaml, which may list more of them, has a fault."""
    project = lookup.project_of(request)
    try:
        masking = load_aigen(project.aigen)[0].masking if project.aigen.exists() else Masking()
    except ConfigError:
        masking = Masking()
    path = masks.found(project, masking).get(request.path_params["name"])
    if path is None:
        raise HTTPException(404)
    return path, project


def _preview(request: Request) -> tuple[Path, ProjectPaths]:
    """The latent preview, in whichever kind the generator sent it; the newest of them."""
    root = lookup.run_of(request).root
    there = [path for kind in FILE_KINDS.values() if (path := root / f"preview.{kind}").is_file()]
    if not there:
        raise HTTPException(404)
    return max(there, key=lambda path: path.stat().st_mtime_ns), lookup.project_of(request)


def _number(request: Request) -> int:
    number: int = request.path_params["n"]
    if not 0 < number < MOST_ITERATIONS:
        raise HTTPException(404)
    return number


Lookup = Callable[[Request], tuple[Path, ProjectPaths]]


def _find(meant: Lookup, request: Request) -> Found:
    """The file that is meant, if it is a file and inside the project. Raises HTTPException 404."""
    path, project = meant(request)
    try:
        real = path.resolve(strict=True)
        state = real.stat()
    except (OSError, RuntimeError) as error:
        raise HTTPException(404) from error
    lookup.inside(real, project.root)
    if not stat.S_ISREG(state.st_mode):
        raise HTTPException(404)
    return Found(path=real, tag=f'"{state.st_ino:x}-{state.st_size:x}-{state.st_mtime_ns:x}"')


# What is answered.


def _full(meant: Lookup, *, download: bool = False) -> Callable[[Request], Response]:
    def whole(request: Request) -> Response:
        """The file's own bytes."""
        found = _find(meant, request)
        if replies.is_known(request, found.tag):
            return replies.unchanged(found.tag)
        stream, kind = _opened(found.path)
        headers = replies.kept(found.tag) | {"Content-Length": str(os.fstat(stream.fileno()).st_size)}
        if download:
            name = "_".join(str(request.path_params[part]) for part in ("project", "run", "n"))
            headers["Content-Disposition"] = f'attachment; filename="{name}.{FILE_KINDS[kind]}"'
        return StreamingResponse(_chunks(stream), media_type=KINDS[kind], headers=headers)

    return whole


def _thumb(meant: Lookup) -> Callable[[Request], Awaitable[Response]]:
    async def small(request: Request) -> Response:
        """The thumbnail, waited for where it is not made yet."""
        found = await run_in_threadpool(_find, meant, request)
        thumbnails: Thumbnails = request.app.state.thumbnails
        try:
            tag = f'"{await run_in_threadpool(key_of, found.path)}"'
            if replies.is_known(request, tag):
                return replies.unchanged(tag)
            wanted = await run_in_threadpool(thumbnails.get, found.path)
            made = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(wanted)), PATIENCE)
        except ImageError as error:
            raise HTTPException(415) from error
        except (Busy, asyncio.TimeoutError) as error:  # before OSError, which a timeout is since Python 3.11
            raise HTTPException(503, headers={"Retry-After": "2"}) from error
        except OSError as error:
            raise HTTPException(404) from error
        return Response(made, media_type=MEDIA_TYPE, headers=replies.kept(tag))

    return small


def _opened(path: Path) -> tuple[BinaryIO, str]:
    """The file, opened and looked at: what is sent is what was checked. Raises HTTPException 404, 415."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise HTTPException(404) from error
    try:
        return stream, _kind(stream)
    except BaseException:
        stream.close()
        raise


def _kind(stream: BinaryIO) -> str:
    kind = kind_of(stream.read(12))
    if kind is None:
        raise HTTPException(415)
    try:
        width, height = Image.open(stream, formats=(kind,)).size
    except _UNREADABLE as error:
        raise HTTPException(415) from error
    if not 0 < width * height <= MAX_PIXELS:
        raise HTTPException(415)
    stream.seek(0)
    return kind


async def _chunks(stream: BinaryIO) -> AsyncIterator[bytes]:
    with stream:
        while block := await run_in_threadpool(stream.read, CHUNK):
            yield block


_RUN = "/pictures/p/{project}/r/{run}"

ROUTES: Sequence[BaseRoute] = (
    Route(f"{_RUN}/i/{{n:int}}/full", _full(_iteration)),
    Route(f"{_RUN}/i/{{n:int}}/thumb", _thumb(_iteration)),
    Route(f"{_RUN}/i/{{n:int}}/raw", _full(_raw, download=True)),
    Route(f"{_RUN}/input/full", _full(_run_input)),
    Route(f"{_RUN}/input/thumb", _thumb(_run_input)),
    Route(f"{_RUN}/preview", _full(_preview)),
    Route("/pictures/p/{project}/input/full", _full(_input)),
    Route("/pictures/p/{project}/input/thumb", _thumb(_input)),
    Route("/pictures/p/{project}/mask/{name}", _full(_mask)),
)
