"""config/AIGen.yaml and working/AIGen.yaml: load, check, write back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from iterativectl.config import secrets
from iterativectl.config.check import check, in_order, refuse_errors
from iterativectl.config.heads import schema_head
from iterativectl.config.rules import build_prompts
from iterativectl.config.types import AIGen, ComfyUI, MaskFile, Masking
from iterativectl.config.yaml_source import Document, parse_yaml, read_yaml, require_mapping
from iterativectl.config.yaml_text import to_yaml
from iterativectl.errors import Problem
from iterativectl.model import Parameters, Settings

ALL_MASKS = "all"  # as active_mask: one mask after the other
_WRITTEN_HEAD = (
    "# The settings as they stand now, rewritten after every iteration. An edit between iterations is used\n"
    "# for the next one and recorded; the start settings stay in config/AIGen.yaml.\n"
)


def load_aigen(path: Path) -> tuple[AIGen, tuple[Problem, ...]]:
    """The settings and the warnings of a file. Raises ConfigError with every problem of the file."""
    return _aigen(read_yaml(path))


def parse_aigen(text: str, name: str = "AIGen.yaml") -> tuple[AIGen, tuple[Problem, ...]]:
    """Like load_aigen, from text; `name` is what problems call it."""
    return _aigen(parse_yaml(text, name))


def dump_aigen(aigen: AIGen) -> str:
    """The text of working/AIGen.yaml: every key, always the same text for the same settings.

    Loading it gives an equal AIGen, but for secrets, which are left out: headers with a plain secret and
    `user:password@` in an address. `env:NAME` is kept as written.
    """
    return schema_head("AIGen") + _WRITTEN_HEAD + to_yaml(aigen_to_json(aigen))


def aigen_from_json(data: Any, name: str = "run.json: settings") -> AIGen:
    """Settings from what `aigen_to_json` made. Raises ConfigError when it cannot be that."""
    return _aigen(Document(name, data))[0]


def aigen_to_json(aigen: AIGen) -> dict[str, Any]:
    """The settings in the shape of AIGen.yaml, every key written out, without secrets (see dump_aigen)."""
    settings = aigen.settings
    parameters = settings.parameters
    return {
        "backend": aigen.backend,
        **({"workflow_file": settings.workflow} if settings.workflow else {}),
        "model": {"ckpt_name": settings.ckpt_name, "ckpt_name_inpaint": settings.ckpt_name_inpaint},
        "comfyui": _comfyui_json(aigen.comfyui),
        "parameters": {
            "denoise": parameters.denoise,
            "cfg": parameters.cfg,
            "steps": parameters.steps,
            "seed": settings.seed,
            "sampler_name": parameters.sampler_name,
            "scheduler": parameters.scheduler,
        },
        "prompts": {"positive": settings.prompts.positive, "negative": settings.prompts.negative},
        "tuning": {"suggest": aigen.tuning_suggest},
        "masking": {
            "enabled": aigen.masking.enabled,
            "active_mask": aigen.masking.active_mask,
            "masks": [{"name": mask.name, "file": mask.file} for mask in aigen.masking.masks],
            "composite": aigen.masking.composite,
            "grow": aigen.masking.grow,
            "feather": aigen.masking.feather,
        },
        "control_image": aigen.control_image,
        "roles": dict(aigen.roles),
    }


def _comfyui_json(comfyui: ComfyUI) -> dict[str, Any]:
    return {
        "host": comfyui.host,
        "port": comfyui.port,
        "url": comfyui.url and secrets.without_user_info(comfyui.url),
        "hosts": [secrets.without_user_info(host) for host in comfyui.hosts],
        "path": comfyui.path,
        "python": comfyui.python,
        "args": list(comfyui.args),
        "headers": secrets.writable_headers(comfyui.headers),
        "timeout_seconds": comfyui.timeout_seconds,
        "queue_timeout_seconds": comfyui.queue_timeout_seconds,
        "wait_seconds": comfyui.wait_seconds,
        "preview": comfyui.preview,
    }


def _aigen(document: Document) -> tuple[AIGen, tuple[Problem, ...]]:
    data = require_mapping(document)
    problems = check(document, "AIGen")
    if all(problem.severity == "warning" for problem in problems):
        problems = in_order(document, [*problems, *_semantic_problems(document)])
    warnings = refuse_errors(problems)
    return _build(data), warnings


def _semantic_problems(document: Document) -> Iterator[Problem]:
    data: dict[str, Any] = document.data
    if data.get("backend", "comfyui") == "comfyui" and not data.get("workflow_file"):
        yield document.problem((), "the key 'workflow_file' is missing: the ComfyUI graph to run")
    comfyui = data.get("comfyui") or {}
    yield from _address_problems(document, comfyui)
    for header, value in (comfyui.get("headers") or {}).items():
        path = ("comfyui", "headers", header)
        fault = secrets.header_fault(header, value)
        if fault:
            yield document.problem(path, fault)
        elif secrets.is_plain_secret(header, value):
            message = "this looks like a secret in plain text: put it into the environment and write env:NAME"
            yield document.problem(path, message, "warning")
    seen: set[str] = set()
    for index, mask in enumerate((data.get("masking") or {}).get("masks") or ()):
        if mask["name"] in seen:
            yield document.problem(("masking", "masks", index, "name"), f"'{mask['name']}' is used twice")
        if mask["name"] == ALL_MASKS:
            yield document.problem(
                ("masking", "masks", index, "name"), "'all' means every mask: use another name"
            )
        seen.add(mask["name"])


def _address_problems(document: Document, comfyui: Mapping[str, Any]) -> Iterator[Problem]:
    url, hosts = comfyui.get("url"), comfyui.get("hosts") or []
    addresses: list[tuple[tuple[str | int, ...], str]] = [
        *([(("comfyui", "url"), url)] if url else []),
        *((("comfyui", "hosts", index), host) for index, host in enumerate(hosts)),
    ]
    for path, address in addresses:
        if secrets.address_fault(address):
            yield document.problem(path, secrets.address_fault(address))
        elif secrets.has_user_info(address):
            message = 'the address holds a password in plain text: use headers: {Authorization: "env:NAME"}'
            yield document.problem(path, message, "warning")
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        if host.rstrip("/") in seen:
            yield document.problem(("comfyui", "hosts", index), "this server stands twice in the list")
        seen.add(host.rstrip("/"))
    used = "hosts" if hosts else "url" if url else ""
    ignored = [key for key in ("url", "host", "port") if comfyui.get(key) and key != used]
    if used and ignored:
        words = " and ".join(f"'{key}'" for key in ignored)
        verb = "is" if len(ignored) == 1 else "are"
        yield document.problem(("comfyui", used), f"'{used}' is used, {words} {verb} ignored", "warning")


def _build(data: Mapping[str, Any]) -> AIGen:
    masking = _masking(data.get("masking") or {})
    return AIGen(
        backend=data.get("backend", "comfyui"),
        settings=_settings(data, masking),
        comfyui=_comfyui(data.get("comfyui") or {}),
        tuning_suggest=(data.get("tuning") or {}).get("suggest", True),
        masking=masking,
        control_image=data.get("control_image") or None,
        roles={role: str(node) for role, node in (data.get("roles") or {}).items()},
    )


def _settings(data: Mapping[str, Any], masking: Masking) -> Settings:
    model = data.get("model") or {}
    parameters = data.get("parameters") or {}
    seed = parameters.get("seed")
    return Settings(
        workflow=data.get("workflow_file", ""),
        ckpt_name=model.get("ckpt_name") or "",
        ckpt_name_inpaint=model.get("ckpt_name_inpaint") or None,
        parameters=Parameters(
            denoise=float(parameters.get("denoise", 0.5)),
            cfg=float(parameters.get("cfg", 7.0)),
            steps=int(parameters.get("steps", 25)),
            sampler_name=parameters.get("sampler_name", "dpmpp_2m"),
            scheduler=parameters.get("scheduler", "karras"),
        ),
        prompts=build_prompts(data.get("prompts")),
        seed=None if seed is None else int(seed),
        mask=masking.active_mask if masking.enabled else None,
    )


def _comfyui(data: Mapping[str, Any]) -> ComfyUI:
    return ComfyUI(
        host=data.get("host", "localhost"),
        port=int(data.get("port", 8188)),
        url=data.get("url") or None,
        hosts=tuple(data.get("hosts") or ()),
        path=data.get("path") or None,
        python=data.get("python") or None,
        args=tuple(data.get("args") or ()),
        headers=dict(data.get("headers") or {}),
        timeout_seconds=float(data.get("timeout_seconds", 1800)),
        queue_timeout_seconds=float(data.get("queue_timeout_seconds", 43200)),
        wait_seconds=float(data.get("wait_seconds", 900)),
        preview=bool(data.get("preview", False)),
    )


def _masking(data: Mapping[str, Any]) -> Masking:
    return Masking(
        enabled=data.get("enabled", True),
        active_mask=data.get("active_mask"),
        masks=tuple(MaskFile(name=mask["name"], file=mask["file"]) for mask in data.get("masks") or ()),
        composite=data.get("composite", True),
        grow=int(data.get("grow", 0)),
        feather=int(data.get("feather", 8)),
    )
