"""What compositing makes of a mask, and where a model says that a thing is. No mask is written here.

A mask goes to and fro as a PNG of exactly the picture's size, in base64: white is what may be edited.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl import drawing, masked, pointing
from iterativectl.errors import ImageError, ProjectError, UsageError
from iterativectl.images import png, regions
from iterativectl.images.masks import read_mask, region, weights_png
from iterativectl.images.regions import Inside, Size
from iterativectl.judging.locating import NotLocated
from iterativectl.project.layout import ProjectPaths
from iterativectl.web import jobs, lookup, replies
from iterativectl.web.site import site_of

MAX_BODY = 20_000_000  # bytes; a mask of 8K x 4K with ragged edges is below 2 MB in base64
MOST_PIXELS = 4096  # of grow and feather, as AIGen.yaml has it
LONGEST_TEXT = 400  # characters of what is to be found
AGAIN = "Load the page again."
DRAW = "Say it in other words, or draw it."

Body = Mapping[str, Any]


async def preview(request: Request) -> Response:
    """The weights that compositing would use."""
    return await run_in_threadpool(_preview, request, await replies.body_of(request, MAX_BODY))


async def locate(request: Request) -> Response:
    """Ask the project's vision model where something is, as a job."""
    return await run_in_threadpool(_locate, request, await replies.body_of(request))


def _preview(request: Request, body: Body) -> Response:
    project = lookup.project_of(request)
    only(body, {"png", "grow", "feather"})
    drawn = drawn_in(body, size_of(project))
    grow = _number(body, "grow", -MOST_PIXELS)
    feather = _number(body, "feather", 0)
    try:
        found = region(drawn, grow=grow, feather=feather)
    except ImageError as error:
        raise UsageError(error.message, error.hint) from error
    share = regions.share(found.support)
    return replies.data({"png": in_base64(weights_png(found.weights)), "share": round(share, 6)})


def _locate(request: Request, body: Body) -> Response:
    project, site = lookup.project_of(request), site_of(request)
    only(body, {"text", "name"})
    text, name = body.get("text"), body.get("name")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise UsageError(
            f"say what is to be found, in at most {LONGEST_TEXT} characters", 'Such as "the jacket".'
        )
    if not isinstance(name, str):
        raise UsageError("a mask has a name", AGAIN)
    why_not = pointing.cannot(project, site.world)
    if why_not:
        raise UsageError(why_not, "Draw it, or name a vision model in AIVis.yaml.")
    canvas = drawing.canvas(project)
    drawing.target(canvas, name, "replace", force=True)

    def work(say: jobs.Say) -> dict[str, Any]:
        say(f"asking where '{text}' is")
        try:
            located = pointing.locate(site.workspace, canvas, text, None, site.world)
        except NotLocated as error:
            raise NotLocated(error.message, DRAW) from error
        say("cutting along its outline")
        inside, notes = pointing.drawn(canvas, located)
        pointing.write_down(canvas, name, text, located)
        found = {"png": in_base64(regions.to_png(inside)), "share": round(regions.share(inside), 6)}
        return {
            **found,
            "by": located.by,
            "seen": located.seen,
            "note": " ".join(notes),
            "notes": list(notes),
        }

    return replies.data({"job": jobs.jobs_of(request).start("locate", work)})


def size_of(project: ProjectPaths) -> Size:
    """Width and height of the input as it is seen. Raises ProjectError without one, ImageError."""
    if not project.input.is_file():
        raise ProjectError(
            "this project has no input picture: a mask belongs to one", f"Put it at {project.input}."
        )
    return _size_at(project, stamp(project.input))


@lru_cache(maxsize=16)
def _size_at(project: ProjectPaths, _: tuple[int, int]) -> Size:
    return masked.size_of(project)


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does: files are replaced here, never written into."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def drawn_in(body: Body, size: Size) -> Inside:
    """The mask that was sent: a PNG of the picture's size, what is lighter than half of white inside."""
    sent = body.get("png")
    if not isinstance(sent, str):
        raise UsageError("'png' must be a PNG in base64", AGAIN)
    try:
        content = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("'png' is not base64", AGAIN) from error
    try:
        head = png.header(content, name="the mask")
        if (head.width, head.height) != size:
            raise UsageError(
                f"the mask is {head.width} x {head.height}, the picture {size[0]} x {size[1]}",
                f"The picture may have been replaced. {AGAIN}",
            )
        inside = read_mask(content, size, name="the mask").inside
    except ImageError as error:
        raise UsageError(error.message, error.hint) from error
    return whole(size) if inside is None else inside


def only(body: Body, keys: set[str]) -> None:
    strange = sorted(set(body) - keys)
    if strange:
        raise UsageError(f"'{strange[0]:.60}' is not known here", AGAIN)


def whole(size: Size) -> Inside:
    return np.ones(size[::-1], np.bool_)


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _number(body: Body, key: str, least: int) -> int:
    value = body.get(key)
    if type(value) is not int or not least <= value <= MOST_PIXELS:
        raise UsageError(f"'{key}' must be a whole number from {least} to {MOST_PIXELS}", AGAIN)
    return value


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/masking/preview", preview, methods=["POST"]),
    Route("/api/p/{project}/masking/locate", locate, methods=["POST"]),
)
