"""What `doctor` and a preflight ask an Ollama, without using the model."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl.model import Finding
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.transport import Server

OLDEST = (0, 9, 0)  # `think` is known since 0.9.0, schemas in `format` since 0.5.0
SMALLEST_CONTEXT = 8192  # two pictures of 1024 px, the criteria and the answer; 4096 is cut or refused


def findings(server: Server, model: str, num_ctx: int) -> Sequence[Finding]:
    """Reachability, version, the model and what it can do, num_ctx."""
    try:
        return [
            _version(server),
            *([_key_in_the_open(server)] if server.key and server.base_url.startswith("http://") else []),
            *_model(server, model),
            *_context(server, model, num_ctx),
        ]
    except ProviderError as error:
        error.redact(server.scrub)
        return [Finding(status="error", what=f"ollama {model}", why=error.message, todo=error.hint)]


def _version(server: Server) -> Finding:
    version = str(_look(server, "/api/version").get("version", ""))
    what = f"ollama {version or 'of unknown version'} at {server.address}"
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers and numbers < OLDEST:
        return Finding(
            status="warning",
            what=what,
            why="it does not know `think: false`: thinking models answer slowly or not at all",
            todo="Update Ollama.",
        )
    return Finding(status="ok", what=what)


def _key_in_the_open(server: Server) -> Finding:
    return Finding(
        status="warning",
        what=f"the key is sent to {server.address} without encryption",
        why="anybody on the way can read it",
        todo="Use an https address.",
    )


def _model(server: Server, model: str) -> Iterator[Finding]:
    names = _names(_look(server, "/api/tags"))
    if model not in names and f"{model}:latest" not in names:
        near = difflib.get_close_matches(model, names, n=3)
        also = f" Pulled already: {', '.join(near or names[:5])}." if names else ""
        yield Finding(
            status="error",
            what=f"ollama has no model {model}",
            why="the judge cannot be asked",
            todo=f"Run `ollama pull {model}`.{also}",
        )
        return
    capabilities = _look(server, "/api/show", {"model": model}).get("capabilities")
    if isinstance(capabilities, list) and "vision" not in capabilities:
        yield Finding(
            status="error",
            what=f"ollama {model} does not see pictures",
            why=f"its capabilities are {', '.join(map(str, capabilities)) or 'none'}",
            todo="Choose a model with vision, for example qwen3-vl:4b.",
        )
        return
    yield Finding(status="ok", what=f"ollama has {model}, which sees pictures")


def _context(server: Server, model: str, num_ctx: int) -> Iterator[Finding]:
    if num_ctx < SMALLEST_CONTEXT:
        yield Finding(
            status="warning",
            what=f"num_ctx is {num_ctx}",
            why="two pictures and the criteria may not fit: Ollama then cuts the prompt without a word",
            todo=f"Set num_ctx: {SMALLEST_CONTEXT} or more in AIVis.yaml.",
        )
    for entry in _entries(_look(server, "/api/ps")):
        size, on_gpu = entry.get("size"), entry.get("size_vram")
        if entry.get("name") == model and isinstance(size, int) and isinstance(on_gpu, int) and on_gpu < size:
            yield Finding(
                status="warning",
                what=f"{model} is only partly in the graphics card's memory ({on_gpu / size:.0%})",
                why="it answers much more slowly",
                todo="Choose a smaller model or a lower num_ctx, or free the card.",
            )


def _names(tags: Mapping[str, Any]) -> list[str]:
    return [str(entry.get("name")) for entry in _entries(tags)]


def _entries(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = body.get("models")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _look(server: Server, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    answer = server.look(path, body)
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status == 200 and isinstance(found, Mapping):
        return found
    if path == "/api/ps":  # not on old servers; nothing depends on it
        return {}
    raise ProviderError(
        "bad_reply",
        f"{server.address}{path} answered {answer.status}: {answer.page_text()}",
        "Is this an Ollama? Check base_url in AIVis.yaml.",
    )
