"""config/AIVis.yaml: load, check, and turn into JSON and back, without the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from iterativectl.config import secrets
from iterativectl.config.check import check, in_order, refuse_errors
from iterativectl.config.providers import HOSTED, NEED_ADDRESS, SELF_HOSTED
from iterativectl.config.types import AIVis, Limits, Opinion, Prices
from iterativectl.config.yaml_source import Document, parse_yaml, read_yaml, require_mapping
from iterativectl.errors import Problem


def load_aivis(path: Path) -> tuple[AIVis, tuple[Problem, ...]]:
    """Who judges, and the warnings of a file. Raises ConfigError with every problem of the file."""
    return _aivis(read_yaml(path))


def parse_aivis(text: str, name: str = "AIVis.yaml") -> tuple[AIVis, tuple[Problem, ...]]:
    """Like load_aivis, from text; `name` is what problems call it."""
    return _aivis(parse_yaml(text, name))


def aivis_from_json(data: Any, name: str = "run.json: judge") -> AIVis:
    """AIVis from what `aivis_to_json` made; the key is empty. Raises ConfigError when it cannot be that."""
    return _aivis(Document(name, data))[0]


def aivis_to_json(aivis: AIVis) -> dict[str, Any]:
    """The file's shape with every key written out, but for `api_key` and a password in `base_url`."""
    return {
        "provider": aivis.provider,
        "model": aivis.model,
        "fallback_provider": aivis.fallback_provider,
        "fallback_model": aivis.fallback_model,
        "base_url": aivis.base_url and secrets.without_user_info(aivis.base_url),
        "api": aivis.api,
        "num_ctx": aivis.num_ctx,
        "keep_alive": aivis.keep_alive,
        "max_concurrent": aivis.max_concurrent,
        "timeout_seconds": aivis.timeout_seconds,
        "retries": aivis.retries,
        "retry_delay_seconds": aivis.retry_delay_seconds,
        "max_image_px": aivis.max_image_px,
        "limits": {
            "max_cost_usd": aivis.limits.max_cost_usd,
            "max_requests": aivis.limits.max_requests,
        },
        "prices": _prices_to_json(aivis.prices),
        "votes": aivis.votes,
        "calls": aivis.calls,
        "ensemble": [_opinion_to_json(opinion) for opinion in aivis.ensemble],
        "disagreement": aivis.disagreement,
        "pairwise": aivis.pairwise,
    }


def _opinion_to_json(opinion: Opinion) -> dict[str, Any]:
    return {
        "provider": opinion.provider,
        "model": opinion.model,
        "base_url": opinion.base_url and secrets.without_user_info(opinion.base_url),
        "prices": _prices_to_json(opinion.prices),
    }


def _prices_to_json(prices: Prices) -> dict[str, Any]:
    return {"input": prices.input, "output": prices.output}


def _aivis(document: Document) -> tuple[AIVis, tuple[Problem, ...]]:
    data = require_mapping(document)
    problems = check(document, "AIVis")
    if all(problem.severity == "warning" for problem in problems):
        problems = in_order(document, [*problems, *_semantic_problems(document)])
    warnings = refuse_errors(problems)
    return _build(data), warnings


def _semantic_problems(document: Document) -> Iterator[Problem]:
    data: dict[str, Any] = document.data
    provider, fallback = data["provider"], data.get("fallback_provider")
    if not data.get("model") and provider != "embedded":
        yield document.problem((), f"the key 'model' is missing: which model {provider} is asked for")
    if fallback and fallback != "embedded" and not data.get("fallback_model"):
        message = "'fallback_provider' needs 'fallback_model' (or set it to null)"
        yield document.problem(("fallback_provider",), message)
    if data.get("fallback_model") and not fallback:
        message = "without 'fallback_provider' it is not used, ignored"
        yield document.problem(("fallback_model",), message, "warning")
    if data.get("api_key"):
        message = (
            "a key in a file is easily shared by mistake: put it into the environment instead; it is used"
        )
        yield document.problem(("api_key",), message, "warning")
    yield from _address_problems(document, data.get("base_url"), {provider, fallback})
    yield from _ensemble_problems(document)


def _address_problems(document: Document, url: str | None, providers: set[str | None]) -> Iterator[Problem]:
    path = ("base_url",)
    if not url:
        for name in NEED_ADDRESS:
            if name in providers:
                yield document.problem((), f"the provider {name} needs 'base_url', its server's address")
        return
    if secrets.address_fault(url):
        yield document.problem(path, secrets.address_fault(url))
    elif secrets.has_user_info(url):
        yield document.problem(path, "the address holds a password in plain text", "warning")
    owners = [name for group in (SELF_HOSTED, HOSTED) for name in group if name in providers]
    if not owners:
        yield document.problem(path, "no provider in this file uses it, ignored", "warning")
    elif all(name in SELF_HOSTED for name in owners) or all(name in HOSTED for name in owners):
        yield from _owned_address(document, owners)


def _owned_address(document: Document, owners: list[str]) -> Iterator[Problem]:
    """Two servers of a kind cannot share an address; a company's key goes to another address than its own."""
    path = ("base_url",)
    if len(owners) > 1:
        message = f"there is one address for two servers: use only one of {owners[0]} and {owners[1]}"
        yield document.problem(path, message)
    elif owners[0] in HOSTED:
        message = f"{owners[0]} is asked at this address instead of its own, and its key is sent there"
        yield document.problem(path, message, "warning")


def _build(data: Mapping[str, Any]) -> AIVis:
    keep_alive = data.get("keep_alive", "10m")
    limits = data.get("limits") or {}
    prices = data.get("prices") or {}
    requests = limits.get("max_requests")
    return AIVis(
        provider=data["provider"],
        model=data.get("model") or "embedded",
        fallback_provider=data.get("fallback_provider"),
        fallback_model=_fallback_model(data),
        api_key=data.get("api_key") or "",
        base_url=data.get("base_url") or None,
        api=data.get("api", "chat"),
        num_ctx=int(data.get("num_ctx", 8192)),
        keep_alive=keep_alive if isinstance(keep_alive, str) else f"{int(keep_alive)}s",
        max_concurrent=int(data.get("max_concurrent", 1)),
        timeout_seconds=float(data.get("timeout_seconds", 180)),
        retries=int(data.get("retries", 2)),
        retry_delay_seconds=float(data.get("retry_delay_seconds", 5)),
        max_image_px=int(data.get("max_image_px", 1024)),
        limits=Limits(
            max_cost_usd=_float_or_none(limits.get("max_cost_usd")),
            max_requests=None if requests is None else int(requests),
        ),
        prices=_prices(prices),
        votes=int(data.get("votes", 1)),
        calls=data.get("calls", "separate"),
        ensemble=tuple(_opinion(entry) for entry in data.get("ensemble") or ()),
        disagreement=data.get("disagreement", "unclear"),
        pairwise=data.get("pairwise", True),
    )


def _opinion(data: Mapping[str, Any]) -> Opinion:
    return Opinion(
        provider=data["provider"],
        model=data["model"],
        base_url=data.get("base_url") or None,
        prices=_prices(data.get("prices") or {}),
    )


def _prices(data: Mapping[str, Any]) -> Prices:
    return Prices(input=_float_or_none(data.get("input")), output=_float_or_none(data.get("output")))


def _fallback_model(data: Mapping[str, Any]) -> str | None:
    if data.get("fallback_provider") == "embedded":
        return data.get("fallback_model") or "embedded"
    return data.get("fallback_model") or None


def _float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _ensemble_problems(document: Document) -> Iterator[Problem]:
    data: dict[str, Any] = document.data
    for number, entry in enumerate(data.get("ensemble") or ()):
        path = ("ensemble", number)
        url, provider = entry.get("base_url"), entry["provider"]
        if provider == "embedded":
            message = "measurements are no second opinion: name a model that sees pictures"
            yield document.problem((*path, "provider"), message)
        if (provider, entry["model"]) == (data["provider"], data.get("model")):
            yield document.problem(path, "the same model again is no second opinion: name another one")
        if not url and provider in NEED_ADDRESS:
            yield document.problem(path, f"the provider {provider} needs 'base_url', its server's address")
        elif url and secrets.address_fault(url):
            yield document.problem((*path, "base_url"), secrets.address_fault(url))
        elif url and secrets.has_user_info(url):
            message = "the address holds a password in plain text"
            yield document.problem((*path, "base_url"), message, "warning")
    if data.get("disagreement") and not data.get("ensemble"):
        message = "without 'ensemble' nobody can disagree, ignored"
        yield document.problem(("disagreement",), message, "warning")
