"""What `doctor` and a preflight ask an Ollama, without using the model."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl.model import Finding
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.suitability import GOOD_CONTEXT, Capabilities, judged, key_in_the_open
from iterativectl.vision.transport import Server

OLDEST = (0, 9, 0)  # `think` is known since 0.9.0, schemas in `format` since 0.5.0


def findings(server: Server, model: str, num_ctx: int) -> Sequence[Finding]:
    """Reachability, version, the model and what it can do, num_ctx."""
    try:
        return [
            _version(server),
            *key_in_the_open(server),
            *_model(server, model, num_ctx),
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


def _model(server: Server, model: str, num_ctx: int) -> Iterator[Finding]:
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
    shown = _look(server, "/api/show", {"model": model})
    capabilities = shown.get("capabilities")
    if isinstance(capabilities, list) and "vision" not in capabilities:
        yield Finding(
            status="error",
            what=f"ollama {model} does not see pictures",
            why=f"its capabilities are {', '.join(map(str, capabilities)) or 'none'}",
            todo="Choose a model with vision, for example qwen3-vl:4b.",
        )
        return
    longest = _longest_context(shown.get("model_info"))
    if longest is not None and longest < num_ctx:
        yield from judged("ollama", model, Capabilities(context=longest))
        if longest >= GOOD_CONTEXT:
            yield _beyond(model, longest, num_ctx)
        return
    yield Finding(status="ok", what=f"ollama has {model}, which sees pictures")


def _beyond(model: str, longest: int, num_ctx: int) -> Finding:
    return Finding(
        status="warning",
        what=f"num_ctx is {num_ctx}, but {model} was made for {longest} tokens at most",
        why="what goes beyond is cut or garbled",
        todo=f"Set num_ctx: {longest} in AIVis.yaml, or choose a model with a larger context.",
    )


def _longest_context(info: Any) -> int | None:
    """The longest context that a model was made for, in tokens: `ARCHITECTURE.context_length`."""
    entries = info.items() if isinstance(info, Mapping) else ()
    return next(
        (value for name, value in entries if name.endswith(".context_length") and isinstance(value, int)),
        None,
    )


def _context(server: Server, model: str, num_ctx: int) -> Iterator[Finding]:
    if num_ctx < GOOD_CONTEXT:
        yield Finding(
            status="warning",
            what=f"num_ctx is {num_ctx}",
            why="two pictures and the criteria may not fit: Ollama then cuts the prompt without a word",
            todo=f"Set num_ctx: {GOOD_CONTEXT} or more in AIVis.yaml.",
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
