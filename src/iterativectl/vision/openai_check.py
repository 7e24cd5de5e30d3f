"""What `doctor` and a preflight ask an OpenAI-compatible server, without spending anything.

Each kind of server tells what a model can do at an endpoint of its own (docs/providers.md); where there is
none, or an older release does not have it, the list of models is all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from iterativectl.model import Finding
from iterativectl.vision.costs import UNKNOWN, PriceList, listed
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.openai_errors import explain, find_fault
from iterativectl.vision.presets import Preset, Probe
from iterativectl.vision.suitability import Capabilities, judged, key_in_the_open, looked, not_listed, root_of
from iterativectl.vision.transport import Answer, Server

_Look = Callable[[Server, Preset, str], Iterator[Finding]]


def findings(server: Server, preset: Preset, model: str) -> Sequence[Finding]:
    """Reachability, the key, the model and what it takes."""
    found = [*key_in_the_open(server)]
    try:
        if preset.account:
            found += _account(server, preset)
        found += _LOOKS[preset.probe](server, preset, model)
    except ProviderError as error:
        error.redact(server.scrub)
        found.append(
            Finding(status="error", what=f"{preset.name} {model}", why=error.message, todo=error.hint)
        )
    return found


def prices(server: Server, model: str) -> PriceList:
    """The listed prices of a model; UNKNOWN when the list cannot be had or does not name it."""
    try:
        entry = _named(_models(server), model) or {}
    except ProviderError:
        return UNKNOWN  # whoever needs a price says that it is not known
    pricing = entry.get("pricing")
    return listed(pricing) if isinstance(pricing, Mapping) else UNKNOWN


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


def _in_list(server: Server, preset: Preset, model: str) -> Iterator[Finding]:
    """GET /models, with whatever else an entry tells (OpenRouter, newer llama.cpp, vLLM)."""
    entries = _models(server)
    entry = _named(entries, model)
    if entry is None:
        elsewhere = (
            preset.probe == "list" and server.base_url != preset.base_url
        )  # a gateway lists what it likes
        complete = preset.complete and not elsewhere
        yield not_listed(preset.name, model, [*map(_name, entries)], complete=complete)
        return
    yield from judged(preset.name, model, _of_entry(entry, preset.probe))


def _of_entry(entry: Mapping[str, Any], probe: Probe) -> Capabilities:
    architecture = entry.get("architecture")
    modalities = architecture.get("input_modalities") if isinstance(architecture, Mapping) else None
    parameters = entry.get("supported_parameters")
    schema = None
    if probe == "catalogue" and isinstance(parameters, list):
        schema = bool({"structured_outputs", "response_format"} & set(map(str, parameters)))
    context = entry.get("max_model_len" if probe == "vllm" else "context_length")
    return Capabilities(
        images="image" in modalities if isinstance(modalities, list) else None,
        schema=schema,
        context=_count(context),
        context_cure=_CONTEXT_CURES.get(probe, "Choose a model with a larger context."),
    )


def _lm_studio(server: Server, preset: Preset, model: str) -> Iterator[Finding]:
    """GET /api/v1/models, GET /api/v0/models with older releases, else the plain list."""
    root = root_of(server, "/v1")
    for path, key, read in (
        ("/api/v1/models", "models", _of_lm_studio),
        ("/api/v0/models", "data", _of_older_lm_studio),
    ):
        found = _optional(root, path).get(key)
        if not isinstance(found, list):
            continue
        entries = [entry for entry in found if isinstance(entry, Mapping)]
        entry = next((entry for entry in entries if model in _lm_studio_names(entry)), None)
        if entry is None:
            yield not_listed(preset.name, model, [*map(_name, entries)], complete=True)
        else:
            yield from judged(preset.name, model, read(entry))
        return
    yield from _in_list(server, preset, model)


def _lm_studio_names(entry: Mapping[str, Any]) -> set[str]:
    variants = entry.get("variants")
    names = {_name(entry), *(variants if isinstance(variants, list) else ())}
    return names | {str(loaded.get("id")) for loaded in _loaded(entry)}


def _loaded(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    loaded = entry.get("loaded_instances")
    return [one for one in loaded if isinstance(one, Mapping)] if isinstance(loaded, list) else []


def _of_lm_studio(entry: Mapping[str, Any]) -> Capabilities:
    """A loaded model has the context that it was loaded with, whatever it could have."""
    can = entry.get("capabilities")
    sees = can.get("vision") if isinstance(can, Mapping) else None
    configs = [loaded.get("config") for loaded in _loaded(entry)]
    loaded = [_count(config.get("context_length")) for config in configs if isinstance(config, Mapping)]
    return Capabilities(
        images=sees if isinstance(sees, bool) else None,
        context=next((count for count in loaded if count), _count(entry.get("max_context_length"))),
        context_cure=_CONTEXT_CURES["lmstudio"],
    )


def _of_older_lm_studio(entry: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        images=entry.get("type") == "vlm" if isinstance(entry.get("type"), str) else None,
        context=_count(entry.get("loaded_context_length")) or _count(entry.get("max_context_length")),
        context_cure=_CONTEXT_CURES["lmstudio"],
    )


def _llama_cpp(server: Server, preset: Preset, model: str) -> Iterator[Finding]:
    """GET /props: what the one model that was loaded can do; the name in a request does not matter."""
    props = _optional(root_of(server, "/v1"), "/props")
    if not props:
        yield from _in_list(server, preset, model)
        return
    modalities, settings = props.get("modalities"), props.get("default_generation_settings")
    sees = modalities.get("vision") if isinstance(modalities, Mapping) else None
    context = settings.get("n_ctx") if isinstance(settings, Mapping) else None
    yield from judged(
        preset.name,
        model,
        Capabilities(
            images=sees if isinstance(sees, bool) else None,
            context=_count(context),
            picture_cure="Start llama-server with the model's projector: `--mmproj FILE`.",
            context_cure=_CONTEXT_CURES["llamacpp"],
        ),
    )


_LOOKS: Mapping[Probe, _Look] = {
    "catalogue": _in_list,
    "list": _in_list,
    "vllm": _in_list,
    "lmstudio": _lm_studio,
    "llamacpp": _llama_cpp,
}
_CONTEXT_CURES: Mapping[Probe, str] = {
    "vllm": "Start vLLM with a larger `--max-model-len`.",
    "lmstudio": "Load the model with a larger context length in LM Studio.",
    "llamacpp": "Start llama-server with a larger context: `-c 16384` (it is shared by its slots, `-np`).",
}


def _models(server: Server) -> list[Mapping[str, Any]]:
    entries = _look(server, "/models").get("data")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _named(entries: Sequence[Mapping[str, Any]], model: str) -> Mapping[str, Any] | None:
    return next((entry for entry in entries if _name(entry) == model.removeprefix("models/")), None)


def _name(entry: Mapping[str, Any]) -> str:
    """Google's list says `models/NAME`, LM Studio's `key`."""
    return str(entry.get("id") or entry.get("key")).removeprefix("models/")


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _optional(server: Server, path: str) -> Mapping[str, Any]:
    """What an endpoint says that not every release has; empty where it is missing."""
    try:
        return _look(server, path)
    except ProviderError as error:
        if error.kind in ("not_found", "bad_reply", "bad_request"):
            return {}
        raise


def _look(server: Server, path: str) -> Mapping[str, Any]:
    def fault(body: Any, answer: Answer) -> ProviderError | None:
        found = find_fault(body)
        failed = found or answer.status != 200
        return explain(found, answer, sent=(), provider=server.provider) if failed else None

    return looked(server, path, fault, "Check base_url in AIVis.yaml: it ends in /v1 for most servers.")
