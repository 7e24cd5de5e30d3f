"""What `doctor` and a preflight ask an OpenAI-compatible server, without spending anything."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl.model import Finding
from iterativectl.vision.costs import UNKNOWN, PriceList, listed
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.openai_errors import explain, find_fault
from iterativectl.vision.presets import Preset
from iterativectl.vision.transport import Server


def findings(server: Server, preset: Preset, model: str) -> Sequence[Finding]:
    """Reachability, the key, the model and what it takes."""
    found = [*_key_in_the_open(server)]
    try:
        if preset.account:
            found += _account(server, preset)
        found += _model(server, preset, model)
    except ProviderError as error:
        error.redact(server.scrub)
        found.append(
            Finding(status="error", what=f"{preset.name} {model}", why=error.message, todo=error.hint)
        )
    return found


def prices(server: Server, model: str) -> PriceList:
    """The listed prices of a model; UNKNOWN when the list cannot be had or does not name it."""
    try:
        entry = next((entry for entry in _models(server) if entry.get("id") == model), {})
    except ProviderError:
        return UNKNOWN  # whoever needs a price says that it is not known
    pricing = entry.get("pricing")
    return listed(pricing) if isinstance(pricing, Mapping) else UNKNOWN


def _key_in_the_open(server: Server) -> Iterator[Finding]:
    if server.key and server.base_url.startswith("http://") and not server.loopback:
        yield Finding(
            status="warning",
            what=f"the key is sent to {server.address} without encryption",
            why="anybody on the way can read it",
            todo="Use an https address.",
        )


def _account(server: Server, preset: Preset) -> Iterator[Finding]:
    """GET /key: is the key known, and is there credit left under its limit."""
    data = _look(server, "/key").get("data")
    left = data.get("limit_remaining") if isinstance(data, Mapping) else None
    if isinstance(left, int | float) and left <= 0:
        yield Finding(
            status="error",
            what=f"the key of {preset.name} has no credit left",
            why="every request would be refused",
            todo="Add credit or raise the limit of the key.",
        )
        return
    yield Finding(status="ok", what=f"{preset.name} knows the key")


def _model(server: Server, preset: Preset, model: str) -> Iterator[Finding]:
    entries = _models(server)
    entry = next((entry for entry in entries if entry.get("id") == model), None)
    if entry is None:
        yield _unknown_model(preset, model, [str(entry.get("id")) for entry in entries])
        return
    architecture = entry.get("architecture")
    modalities = architecture.get("input_modalities") if isinstance(architecture, Mapping) else None
    if isinstance(modalities, list) and "image" not in modalities:
        yield Finding(
            status="error",
            what=f"{preset.name} {model} does not see pictures",
            why=f"it takes {', '.join(map(str, modalities))}",
            todo="Choose a model that takes images.",
        )
        return
    parameters = entry.get("supported_parameters")
    if isinstance(parameters, list) and not {"structured_outputs", "response_format"} & set(parameters):
        yield Finding(
            status="warning",
            what=f"{preset.name} {model} cannot be held to a schema",
            why="answers may be harder to read; the first request is sent twice",
            todo="A model with structured outputs answers more reliably.",
        )
        return
    yield Finding(status="ok", what=f"{preset.name} has {model}")


def _unknown_model(preset: Preset, model: str, names: list[str]) -> Finding:
    near = difflib.get_close_matches(model, names, n=3)
    todo = f"Did you mean {', '.join(near)}?" if near else "Check `model` in AIVis.yaml."
    return Finding(
        status="error" if preset.catalogue else "warning",  # other lists are often incomplete
        what=f"{preset.name} does not list {model}",
        why=f"it lists {len(names)} models",
        todo=todo,
    )


def _models(server: Server) -> list[Mapping[str, Any]]:
    entries = _look(server, "/models").get("data")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _look(server: Server, path: str) -> Mapping[str, Any]:
    answer = server.look(path)
    try:
        body = answer.json()
    except ValueError:
        body = None
    fault = find_fault(body)
    if fault or answer.status != 200:
        raise explain(fault, answer, sent=(), provider=server.provider)
    if not isinstance(body, Mapping):
        raise ProviderError(
            "bad_reply",
            f"{server.provider} sent no JSON: {answer.page_text()}",
            "Check base_url in AIVis.yaml: it ends in /v1 for most servers.",
        )
    return body
