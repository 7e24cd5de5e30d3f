"""Look at a workflow file, and at what a server has of it; nothing is made, nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from iterativectl.config.types import AIGen
from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import depth, needs, steering
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.graph import Graph, Slot, Workflow
from iterativectl.generation.comfyui.roles import Roles, describe, rows
from iterativectl.generation.comfyui.trace import trace
from iterativectl.generation.inspection import Answer, Inspection, Role
from iterativectl.model import Finding


class Inspected:
    """A workflow that was read and traced. Raises WorkflowRejected when that cannot be done.

    `told` are the roles that AIGen.yaml names. With `aigen`, its model, sampler and scheduler are written
    into the graph, and its control picture counts; without it the graph is taken as it is.
    """

    def __init__(
        self, content: bytes, name: str, told: Mapping[str, str], aigen: AIGen | None = None
    ) -> None:
        self._workflow = graphs.load(content, name)
        self._roles = trace(self._workflow, told)
        self._control = aigen is not None and aigen.control_image is not None
        if aigen is not None:
            self._workflow = replace(self._workflow, graph=_set(self._workflow, self._roles, aigen))

    @property
    def inspection(self) -> Inspection:
        """What it does and needs, without asking a server."""
        graph, roles = self._workflow.graph, self._roles
        guided = roles.settings.get("cfg", ("", ""))[1] != "cfg" and "cfg" in roles.settings
        return Inspection(
            name=self._workflow.name,
            strategy=roles.strategy,
            summary=describe(graph, roles),
            roles=tuple(Role(role=row.role, where=row.where, how=row.how) for row in rows(graph, roles)),
            models=needs.models(graph, roles.checkpoint),
            guidance=guided,
            depth=roles.control is not None and depth.wants_depth(graph, roles.control),
            notes=roles.notes,
        )

    def ask(self, client: Client, pages: Mapping[str, Sequence[str]]) -> Answer:
        """What the server has of it. `pages`: file name -> where people get it. Raises ServerUnavailable."""
        version = client.version()
        graph, findings = self._with_control(client)
        classes = needs.classes(graph)
        described = {name: client.object_info(name).get(name) for name in classes}
        found = needs.compared(graph, described, self._roles.checkpoint)
        known = list(client.object_info()) if found.missing else []
        findings += needs.findings(found, known, pages)
        if not findings:
            what = f"the server has all {len(classes)} node classes and every file they name"
            findings.append(Finding(status="ok", what=what))
        return Answer(
            url=client.base_url,
            version=version,
            models=found.models,
            missing=found.missing,
            findings=tuple(findings),
        )

    def _with_control(self, client: Client) -> tuple[Graph, list[Finding]]:
        """The graph as it would be sent, with a depth node where there is no control picture."""
        if self._control:
            return self._workflow.graph, []
        try:
            return steering.graph(self._workflow, self._roles, client, set()), []
        except WorkflowRejected as error:
            return self._workflow.graph, [Finding(status="error", what=error.message, todo=error.hint)]


def _set(workflow: Workflow, roles: Roles, aigen: AIGen) -> Graph:
    """The graph with the names that AIGen.yaml gives."""
    graph = {key: {**node, "inputs": dict(node["inputs"])} for key, node in workflow.graph.items()}
    for (node, name), value in _names(roles, aigen):
        graph[node]["inputs"][name] = value
    return graph


def _names(roles: Roles, aigen: AIGen) -> Iterator[tuple[Slot, str]]:
    settings = aigen.settings
    masked = roles.strategy == "inpaint" and settings.mask is not None
    model = (masked and settings.ckpt_name_inpaint) or settings.ckpt_name
    if roles.checkpoint and model:
        yield roles.checkpoint, model
    chosen = {"sampler_name": settings.parameters.sampler_name, "scheduler": settings.parameters.scheduler}
    yield from ((roles.settings[name], value) for name, value in chosen.items() if name in roles.settings)
