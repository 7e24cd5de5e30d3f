"""Whether a model is fit to judge, by what its server says that it can do.

Two pictures, the criteria and the answer must fit into the context. Where a server says that a model sees no
pictures or has no room for them, the run is refused before it starts, with the cure.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.model import Finding
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.transport import Answer, Server

# Tokens. Two pictures of 1024 px, a dozen criteria and the answer fill most of 8192 with today's local
# models; in less than 4096 not even two small pictures leave room for an answer of 2048.
GOOD_CONTEXT = 8192
LEAST_CONTEXT = 4096
MORE_CONTEXT = "Choose a model with a larger context."


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server says of a model; None where it does not say. `context` in tokens.

    The cures are what to do when it sees no pictures, or has too little context.
    """

    images: bool | None = None
    schema: bool | None = None
    context: int | None = None
    picture_cure: str = "Choose a model that sees pictures."
    context_cure: str = MORE_CONTEXT


def judged(provider: str, model: str, can: Capabilities) -> Sequence[Finding]:
    """What speaks against this model, else one word of praise."""
    name = f"{provider} {model}"
    found = [*_pictures(name, can), *_context(name, can), *_schema(name, can)]
    if found:
        return found
    sees = ", which sees pictures" if can.images else ""
    return [Finding(status="ok", what=f"{provider} has {model}{sees}")]


def _pictures(name: str, can: Capabilities) -> Iterator[Finding]:
    if can.images is False:
        yield Finding(
            status="error",
            what=f"{name} does not see pictures",
            why="its server says so",
            todo=can.picture_cure,
        )


def _context(name: str, can: Capabilities) -> Iterator[Finding]:
    if can.context is None or can.context >= GOOD_CONTEXT:
        return
    yield Finding(
        status="error" if can.context < LEAST_CONTEXT else "warning",
        what=f"{name} has room for {can.context} tokens",
        why=f"two pictures, the criteria and the answer need about {GOOD_CONTEXT}",
        todo=can.context_cure,
    )


def _schema(name: str, can: Capabilities) -> Iterator[Finding]:
    if can.schema is False:
        yield Finding(
            status="warning",
            what=f"{name} cannot be held to a schema",
            why="answers may be harder to read",
            todo="A model with structured outputs answers more reliably.",
        )


def not_listed(provider: str, model: str, names: Sequence[str], *, complete: bool) -> Finding:
    """A model that its server does not name. `complete`: what is not in that list does not exist."""
    near = difflib.get_close_matches(model, names, n=3)
    return Finding(
        status="error" if complete else "warning",
        what=f"{provider} does not list {model}",
        why=f"it lists {len(names)} models",
        todo=f"Did you mean {', '.join(near)}?" if near else "Check `model` in AIVis.yaml.",
    )


def key_in_the_open(server: Server) -> Iterator[Finding]:
    """A warning where the key leaves this machine without encryption."""
    if server.key and server.base_url.startswith("http://") and not server.loopback:
        yield Finding(
            status="warning",
            what=f"the key is sent to {server.address} without encryption",
            why="anybody on the way can read it",
            todo="Use an https address.",
        )


def looked(
    server: Server, path: str, fault: Callable[[Any, Answer], ProviderError | None], hint: str
) -> Mapping[str, Any]:
    """The object at an endpoint. `fault` finds the error in a body. Raises ProviderError."""
    answer = server.look(path)
    try:
        body = answer.json()
    except ValueError:
        body = None
    error = fault(body, answer)
    if error is not None:
        raise error
    if isinstance(body, Mapping):
        return body
    raise ProviderError("bad_reply", f"{server.provider} sent no JSON: {answer.page_text()}", hint)


def root_of(server: Server, suffix: str) -> Server:
    """The same server at the address without `suffix`, where its other endpoints are."""
    return replace(server, base_url=server.base_url.removesuffix(suffix).rstrip("/"))
