"""ComfyUI over HTTP and WebSocket: graphs, their patching, and the jobs that run them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from iterativectl.clock import Clock, SystemClock
from iterativectl.config.types import AIGen
from iterativectl.generation.comfyui import partner
from iterativectl.generation.comfyui.generator import ComfyUIGenerator
from iterativectl.generation.comfyui.order import Sent
from iterativectl.generation.comfyui.pool import Pool
from iterativectl.generation.comfyui.transport import Address, Transport
from iterativectl.generation.comfyui.waiting import Pace
from iterativectl.generation.comfyui.workflows import Workflows

_FROM_ENVIRONMENT = "env:"


def build(
    aigen: AIGen,
    find_workflow: Callable[[str], Path],
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    pace: Pace | None = None,
) -> ComfyUIGenerator | Pool:
    """The generator that AIGen.yaml describes: of one server, or of all `comfyui.hosts`.

    `find_workflow` says where a workflow file lies (project, workspace, shipped). Header values `env:NAME`
    are taken from `environ`; a missing one is reported when the server is first needed.
    """
    settings, clock, pace = aigen.comfyui, clock or SystemClock(), pace or Pace()
    workflows, sent = Workflows(find_workflow, aigen.roles), Sent()
    control = aigen.control_image is not None
    generators = [
        ComfyUIGenerator(
            Transport(address_at(url, settings.headers, environ), pace, clock),
            settings,
            workflows,
            sent,
            control=control,
        )
        for url in settings.base_urls
    ]
    return Pool(generators, sent, clock, pace) if len(generators) > 1 else generators[0]


def address(aigen: AIGen, environ: Mapping[str, str]) -> Address:
    """The (first) server's address, with user and password moved from the URL into a header, out of sight."""
    return address_at(aigen.comfyui.base_urls[0], aigen.comfyui.headers, environ)


def address_at(url: str, configured: Mapping[str, str], environ: Mapping[str, str]) -> Address:
    """Like `address`, of one URL and the configured headers."""
    parts = urlsplit(url)
    headers, missing = {}, []
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    for name, value in configured.items():
        if not value.startswith(_FROM_ENVIRONMENT):
            headers[name] = value
        elif value.removeprefix(_FROM_ENVIRONMENT) in environ:
            headers[name] = environ[value.removeprefix(_FROM_ENVIRONMENT)]
        else:
            missing.append(value.removeprefix(_FROM_ENVIRONMENT))
    return Address(
        base_url=urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")),
        headers=headers,
        verify=environ.get("REQUESTS_CA_BUNDLE") or True,
        missing=tuple(missing),
        partner_key=environ.get(partner.VARIABLE, ""),
    )
