"""A project's masks: listed, read for the editor, saved, put away.

A page says which file it began with (its sha256, null for none), and writes only while that is the one that
is there. What it writes over is kept.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl import drawing, overview, pointing
from iterativectl.config.aigen import load_aigen
from iterativectl.errors import ConfigError, ImageError, IterativeError, UsageError
from iterativectl.images import regions
from iterativectl.images.masks import read_mask, weights_png
from iterativectl.images.regions import Size
from iterativectl.project import masks, runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.web import lookup, replies
from iterativectl.web.masking import AGAIN, MAX_BODY, Body, drawn_in, in_base64, only, size_of, stamp, whole
from iterativectl.web.site import site_of

THUMB = 160  # longest side of a mask's small picture
SHA256 = re.compile(r"[0-9a-f]{64}")
_WRITING = threading.Lock()  # from the look at what is there to the writing


def listed(request: Request) -> Response:
    """Every mask, what AIGen.yaml makes of them, whether a model can be asked, and the run that has them."""
    project = lookup.project_of(request)
    masking = drawing.settings(project.aigen, load_aigen).masking
    known = masks.found(project, masking)
    size = size_of(project)
    try:
        active = masks.in_play(masking, known)
        problem = ""
    except ConfigError as error:
        active, problem = (), error.message
    why_not = pointing.cannot(project, site_of(request).world)
    return replies.data(
        {
            "masks": [
                {**_entry(project, name, path, size), "active": name in active}
                for name, path in known.items()
            ],
            "size": list(size),
            "enabled": masking.enabled,
            "grow": masking.grow,
            "feather": masking.feather,
            "composite": masking.composite,
            "can_locate": not why_not,
            "why_not": why_not or None,
            "run": _underway(project),
            "problem": problem or None,
        }
    )


def read(request: Request) -> Response:
    """One mask as it is understood: black and white, of the picture's size; null where it cannot be used."""
    project = lookup.project_of(request)
    path = _path_of(project, request.path_params["name"])
    content = path.read_bytes()
    told: dict[str, Any] = {"name": request.path_params["name"], "sha256": _digest(content)}
    try:
        picture = read_mask(content, size_of(project), name=path.name)
    except ImageError as error:
        return replies.data({**told, "png": None, "notes": [], "problem": error.message})
    inside = whole(size_of(project)) if picture.inside is None else picture.inside
    drawn = in_base64(weights_png(inside.astype(np.float32)))
    return replies.data({**told, "png": drawn, "notes": list(picture.notes), "problem": None})


async def save(request: Request) -> Response:
    """Write a mask, if the one that is there is the one that the page began with."""
    return await run_in_threadpool(_save, request, await replies.body_of(request, MAX_BODY))


async def remove(request: Request) -> Response:
    """Move a mask to those that were replaced."""
    return await run_in_threadpool(_remove, request, await replies.body_of(request))


def _save(request: Request, body: Body) -> Response:
    project, name = lookup.project_of(request), request.path_params["name"]
    only(body, {"png", "based_on"})
    drawn = drawn_in(body, size_of(project))
    canvas = drawing.canvas(project)
    drawing.target(canvas, name, "replace", force=True)
    with _WRITING:
        _unchanged(canvas, name, body)
        kept = drawing.keep(canvas, name, drawn, "replace", site_of(request).world.clock.now())
        entry = _entry(project, name, kept.path, canvas.size)
    active = name in replace(canvas, masks=masks.found(project, canvas.masking)).active()
    backup = canvas.relative(kept.backup) if kept.backup else None
    told = {**entry, "active": active, "file": canvas.relative(kept.path), "backup": backup}
    return replies.data({"mask": told, "run": _underway(project)})


def _remove(request: Request, body: Body) -> Response:
    project, name = lookup.project_of(request), request.path_params["name"]
    only(body, {"based_on"})
    canvas = drawing.canvas(project)
    drawing.target(canvas, name, "replace", force=True)
    _path_of(project, name)
    with _WRITING:
        _unchanged(canvas, name, body)
        kept = drawing.put_away(canvas, name, site_of(request).world.clock.now())
    named = any(mask.name == name for mask in canvas.masking.masks) or canvas.masking.active_mask == name
    note = f"AIGen.yaml still names the mask '{name}': a run would miss it." if named else None
    return replies.data({"backup": canvas.relative(kept), "note": note, "run": _underway(project)})


def _entry(project: ProjectPaths, name: str, path: Path, size: Size) -> dict[str, Any]:
    """One mask of the list; what cannot be told of one that cannot be used is null."""
    width, height = size
    told: dict[str, Any] = {"name": name, "width": width, "height": height, "share": None, "thumb": None}
    told |= {"sha256": None, "problem": None}
    if not path.is_file():
        return {**told, "problem": "its file is missing: AIGen.yaml names it"}
    if not _inside(project, path):
        return {**told, "problem": "its file lies outside the project: it is not shown here"}
    return {**told, **_looked_at(path, stamp(path), size)}


@lru_cache(maxsize=64)
def _looked_at(path: Path, _: tuple[int, int], size: Size) -> dict[str, Any]:
    """What a mask's file says, read once while it stays as it is."""
    content = path.read_bytes()
    try:
        inside = read_mask(content, size, name=path.name).inside
    except ImageError as error:
        return {"sha256": _digest(content), "problem": error.message}
    drawn = whole(size) if inside is None else inside
    step = max(1, -(-max(size) // THUMB))
    small = regions.to_png(drawn[step // 2 :: step, step // 2 :: step])
    return {"sha256": _digest(content), "share": round(regions.share(drawn), 6), "thumb": in_base64(small)}


def _path_of(project: ProjectPaths, name: str) -> Path:
    """A mask's file. Raises HTTPException 404 for one that is not there, or lies outside the project."""
    known = masks.found(project, drawing.settings(project.aigen, load_aigen).masking)
    path = known.get(name)
    if path is None or not path.is_file():
        raise HTTPException(404)
    return lookup.inside(path, project.root)


def _inside(project: ProjectPaths, path: Path) -> bool:
    return path.resolve().is_relative_to(project.root.resolve())


def _unchanged(canvas: drawing.Canvas, name: str, body: Body) -> None:
    """Raise Conflict when the file is not the one that the page began with."""
    based_on = body.get("based_on")
    if based_on is not None and not (isinstance(based_on, str) and SHA256.fullmatch(based_on)):
        raise UsageError("'based_on' must be the sha256 of a file, or null", AGAIN)
    path = canvas.place(name)
    there = _digest(path.read_bytes()) if path.is_file() else None
    if there == based_on:
        return
    said = "was made" if based_on is None else "was removed" if there is None else "was changed"
    message = f"The mask '{name}' {said} somewhere else after this page read it."
    raise replies.Conflict(message, {"name": name, "sha256": there})


def _underway(project: ProjectPaths) -> dict[str, Any] | None:
    """The newest run if it would go on, with the masks it has; a mask drawn anew ends it. None for none."""
    ids = runs.run_ids(project)
    if not ids:
        return None
    try:
        state = overview.run_state(project, ids[-1], latest=True)
        names = list(runs.read_run(project.run(ids[-1])).masks)
    except IterativeError:
        return None  # a damaged one is told of where the run is shown
    return {"run_id": ids[-1], "held": state.held, "masks": names} if state.unfinished else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ROUTES: Sequence[BaseRoute] = (
    Route("/api/p/{project}/masks", listed),
    Route("/api/p/{project}/masks/{name}", read),
    Route("/api/p/{project}/masks/{name}", save, methods=["POST"]),
    Route("/api/p/{project}/masks/{name}/remove", remove, methods=["POST"]),
)
