"""What `doctor` and a preflight ask Anthropic, without spending anything: GET /v1/models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from iterativectl.model import Finding
from iterativectl.vision.anthropic_errors import explain, find_fault
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.suitability import Capabilities, judged, key_in_the_open, looked, not_listed
from iterativectl.vision.transport import Answer, Server

NOTHING_KNOWN = Capabilities()


def look(server: Server, model: str) -> tuple[Sequence[Finding], Capabilities]:
    """The findings, and what the model can do as far as it is said."""
    found = [*key_in_the_open(server)]
    can = NOTHING_KNOWN
    try:
        entry = _look(server, f"/v1/models/{quote(model, safe='')}")
        can = _capabilities(entry)
        found += [*judged("anthropic", model, can), *_lifecycle(model, entry)]
    except ProviderError as error:
        error.redact(server.scrub)
        found.append(_missing(server, model, error))
    return found, can


def _capabilities(entry: Mapping[str, Any]) -> Capabilities:
    told = entry.get("capabilities")
    told = told if isinstance(told, Mapping) else {}
    context = entry.get("max_input_tokens")
    return Capabilities(
        images=_supported(told.get("image_input")),
        schema=_supported(told.get("structured_outputs")),
        context=context if isinstance(context, int) and context > 0 else None,
    )


def _supported(told: Any) -> bool | None:
    supported = told.get("supported") if isinstance(told, Mapping) else None
    return supported if isinstance(supported, bool) else None


def _lifecycle(model: str, entry: Mapping[str, Any]) -> Sequence[Finding]:
    stage = entry.get("lifecycle")
    if stage not in ("deprecated", "retired"):
        return ()
    return [
        Finding(
            status="error" if stage == "retired" else "warning",
            what=f"anthropic {model} is {stage}",
            why="it answers no more" if stage == "retired" else "it will be switched off",
            todo="Choose a newer model.",
        )
    ]


def _missing(server: Server, model: str, error: ProviderError) -> Finding:
    """Why the model could not be looked at; for an unknown one, near names."""
    if error.kind == "not_found":
        try:
            data = _look(server, "/v1/models?limit=1000").get("data")
        except ProviderError:
            data = None  # a gateway without a list; the first answer stands
        if isinstance(data, list):
            names = [str(entry.get("id")) for entry in data if isinstance(entry, Mapping)]
            return not_listed("anthropic", model, names, complete=True)
    return Finding(status="error", what=f"anthropic {model}", why=error.message, todo=error.hint)


def _look(server: Server, path: str) -> Mapping[str, Any]:
    return looked(server, path, _fault, "Check base_url in AIVis.yaml: it is without /v1.")


def _fault(body: Any, answer: Answer) -> ProviderError | None:
    fault = find_fault(body)
    return explain(fault, answer, ()) if fault or answer.status != 200 else None
