"""Whether a project's settings can be run on this server: findings, nothing is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from iterativectl.errors import IterativeError
from iterativectl.generation.comfyui import needs, steering
from iterativectl.generation.comfyui.cancel import INTERRUPT_BY_ID, release
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.graph import Graph, Workflow
from iterativectl.generation.comfyui.patch import Names, patch
from iterativectl.generation.comfyui.roles import Roles, describe
from iterativectl.model import Finding, Plan, Settings

# Below it: CVE-2026-56670 to -56673 (scripts stored by /view and /userdata, files read outside the folders).
SAFE_RELEASE = (0, 28, 0)


def check(
    client: Client, settings: Settings, traced: Callable[[], tuple[Workflow, Roles]], *, control: bool
) -> Sequence[Finding]:
    """Look at the server, the workflow, and whether the one can run the other.

    `control`: a control picture is configured.
    """
    findings = [*_address(client), *_server(client)]
    reachable = not any(finding.status == "error" for finding in findings)
    try:
        workflow, roles = traced()
    except IterativeError as error:
        return [*findings, Finding(status="error", what=f"workflow: {error.message}", todo=error.hint)]
    what = f"workflow {workflow.name}: {describe(workflow.graph, roles)}"
    findings.append(Finding(status="ok", what=what))
    findings += [Finding(status="warning", what=f"workflow: {note}") for note in roles.notes]
    steered = steering.notes(workflow.name, roles, mask=settings.mask is not None, control=control)
    findings += [Finding(status="warning", what=note) for note in steered]
    if reachable:
        findings += _runnable(client, workflow, roles, settings, control)
    return findings


def merged(found: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:
    """The findings of several servers, by address: what all say is said once.

    An error that only some of the servers have is a warning, because the others will do the work.
    """
    every = list(dict.fromkeys(finding for findings in found.values() for finding in findings))
    broken = [url for url, findings in found.items() if any(f.status == "error" for f in findings)]
    together: list[Finding] = []
    for finding in every:
        urls = [url for url, findings in found.items() if finding in findings]
        if len(urls) < len(found) and not any(url in finding.what for url in urls):
            finding = replace(finding, what=f"{', '.join(urls)}: {finding.what}")
        if finding.status == "error" and len(broken) < len(found):
            why = "; ".join(filter(None, (finding.why, "the other servers will do the work")))
            finding = replace(finding, status="warning", why=why)
        together.append(finding)
    return together


def _runnable(
    client: Client, workflow: Workflow, roles: Roles, settings: Settings, control: bool
) -> Iterator[Finding]:
    """Whether the server can run the workflow with these settings."""
    graph = workflow.graph
    try:
        if not control:
            graph = steering.graph(workflow, roles, client, set())
    except IterativeError as error:
        yield Finding(status="error", what=error.message, todo=error.hint)
    yield from _nodes(client, patch(graph, roles, _as_plan(settings, roles), Names(prefix="check")), roles)


def _address(client: Client) -> Iterator[Finding]:
    address = client.transport.address
    if address.headers and address.base_url.startswith("http://") and not address.is_loopback:
        yield Finding(
            status="warning",
            what=f"the configured headers go to {address.base_url} unencrypted",
            why="anybody on the way can read a password or key in them",
            todo="Use an https address in comfyui.url, or a tunnel.",
        )


def _server(client: Client) -> Iterator[Finding]:
    try:
        version = client.version()
    except IterativeError as error:
        yield Finding(status="error", what=error.message, todo=error.hint)
        return
    yield Finding(status="ok", what=f"ComfyUI {version or '(no version given)'} answers at {client.base_url}")
    if release(version) and release(version) < SAFE_RELEASE:
        yield Finding(
            status="warning",
            what=f"ComfyUI {version} has known security holes",
            why="below 0.28.0 a page or workflow can store scripts or read files (CVE-2026-56670 to -56673)",
            todo="Update ComfyUI, and keep it off networks that you do not trust.",
        )
    if release(version) < INTERRUPT_BY_ID:
        yield Finding(
            status="warning",
            what=f"ComfyUI {version or 'without a version'} may not stop a single job",
            why="it may stop whatever runs, so a job of ours that has started is left to end by itself",
            todo="Update ComfyUI to 0.3.64 or later.",
        )


def _nodes(client: Client, graph: Graph, roles: Roles) -> Iterator[Finding]:
    names = needs.classes(graph)
    try:
        described = {name: client.object_info(name).get(name) for name in names}
        found = needs.compared(graph, described, roles.checkpoint)
        known = list(client.object_info()) if found.missing else []
    except IterativeError as error:
        yield Finding(status="error", what=error.message, todo=error.hint)
        return
    yield from needs.findings(found, known)
    if not found.missing and not found.faults:
        yield Finding(
            status="ok", what=f"the server has all {len(names)} node classes and every file they name"
        )


def _as_plan(settings: Settings, roles: Roles) -> Plan:
    """The settings as a first plan would carry them."""
    return Plan(
        iteration=1,
        take=0,
        strategy=roles.strategy,
        parent=None,
        source="input",
        workflow=settings.workflow,
        ckpt_name=settings.ckpt_name,
        parameters=settings.parameters,
        prompts=settings.prompts,
        seed=settings.seed or 0,
        mask=settings.mask,
        reasons=(),
    )
