"""What `doctor` and a preflight ask Gemini, without spending anything: GET /models.

It tells the context and whether a model answers at all; not whether it sees pictures, but every Gemini that
answers in text does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from iterativectl.model import Finding
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.gemini_errors import explain, find_fault
from iterativectl.vision.suitability import Capabilities, judged, key_in_the_open, looked, not_listed
from iterativectl.vision.transport import Answer, Server


def findings(server: Server, model: str) -> Sequence[Finding]:
    """Reachability, the key, the model and its context."""
    found = [*key_in_the_open(server)]
    try:
        entry = _look(server, f"/models/{quote(model, safe='')}")
        found += _suited(model, entry)
    except ProviderError as error:
        error.redact(server.scrub)
        found.append(_missing(server, model, error))
    return found


def _suited(model: str, entry: Mapping[str, Any]) -> Sequence[Finding]:
    methods = entry.get("supportedGenerationMethods")
    if isinstance(methods, list) and "generateContent" not in methods:
        return [
            Finding(
                status="error",
                what=f"gemini {model} does not answer questions",
                why=f"it offers {', '.join(map(str, methods)) or 'nothing'}",
                todo="Choose a model that offers generateContent.",
            )
        ]
    context = entry.get("inputTokenLimit")
    return judged(
        "gemini", model, Capabilities(context=context if isinstance(context, int) and context > 0 else None)
    )


def _missing(server: Server, model: str, error: ProviderError) -> Finding:
    """Why the model could not be looked at; for an unknown one, near names."""
    if error.kind == "not_found":
        try:
            models = _look(server, "/models?pageSize=1000").get("models")
        except ProviderError:
            models = None  # a gateway without a list; the first answer stands
        if isinstance(models, list):
            names = [str(entry.get("name")) for entry in models if isinstance(entry, Mapping)]
            bare = [name.removeprefix("models/") for name in names]
            return not_listed("gemini", model, bare, complete=True)
    return Finding(status="error", what=f"gemini {model}", why=error.message, todo=error.hint)


def _look(server: Server, path: str) -> Mapping[str, Any]:
    return looked(server, path, _fault, "Check base_url in AIVis.yaml: it ends in /v1beta.")


def _fault(body: Any, answer: Answer) -> ProviderError | None:
    fault = find_fault(body)
    return explain(fault, answer, ()) if fault or answer.status != 200 else None
