"""What a look at a workflow finds: roles, model files, and what a server has of it."""

from __future__ import annotations

from dataclasses import dataclass

from iterativectl.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role of the graph: its name, the node and input it is, and the rule that found it."""

    role: str
    where: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNeed:
    """A model file that a graph names. `folder` is below models/, "" where it is not known.

    `node` is the loader's id, `where` the loader for people; `chosen` says that AIGen.yaml's model.ckpt_name
    takes its place. `there` is None as long as no server was asked.
    """

    file: str
    folder: str
    node: str
    input: str
    where: str
    chosen: bool = False
    there: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNeed:
    """A node class that the server does not have. `pack` and `page` are "" where no pack is known."""

    class_type: str
    where: str
    pack: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A workflow without a server: what it does, its roles, the model files it needs. `notes`: sentences.

    `guidance`: cfg is written to the model's own guidance. `depth`: the control picture is a depth map, which
    may be made on the server.
    """

    name: str
    strategy: str
    summary: str
    roles: tuple[Role, ...]
    models: tuple[ModelNeed, ...]
    guidance: bool
    depth: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server has of it. It can run the workflow when no finding is an error."""

    url: str
    version: str
    models: tuple[ModelNeed, ...]
    missing: tuple[NodeNeed, ...]
    findings: tuple[Finding, ...]
