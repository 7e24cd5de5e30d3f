"""Why a graph cannot be read, in words that say what to write into AIGen.yaml. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui.graph import Graph, Workflow, title
from iterativectl.generation.comfyui.roles import ROLE_NAMES
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.search import Search

_TEXTS = ("text", "prompt", "positive", "value")


def _checked(workflow: Workflow, told: Mapping[str, str]) -> Mapping[str, str]:
    """`roles:` of AIGen.yaml. Raises WorkflowRejected for what is no role or no node."""
    for role, value in told.items():
        if role not in ROLE_NAMES:
            raise WorkflowRejected(
                f"roles: {role!r} is not a role", f"The roles are {', '.join(ROLE_NAMES)}."
            )
        if value not in workflow.graph:
            raise WorkflowRejected(
                f"{workflow.name}: roles: {role} names node {value!r}, which is not in the graph",
                all_nodes(workflow.graph),
            )
    return told


TOLD: tuple[Rule[Callable[[Workflow, Mapping[str, str]], Mapping[str, str]]], ...] = (
    Rule("told_roles", _checked),
)


def unfit(search: Search, role: str, node: str, why: str) -> WorkflowRejected:
    """A node that was named for a role and cannot have it."""
    where = title(search.graph, node)
    return WorkflowRejected(f"{search.workflow.name}: roles: {role}: {where} {why}", all_nodes(search.graph))


def refused(search: Search) -> WorkflowRejected:
    """What was found, what was not, and what to write to say it."""
    found = ", ".join(f"{role} {where}" for role, where in search.found.items()) or "nothing"
    lacking = "; ".join(f"{role} ({missing.what})" for role, missing in search.missing.items())
    return WorkflowRejected(
        f"{search.workflow.name}: cannot be read without help. Not found: {lacking}. Found: {found}",
        " ".join(_advice(search)),
    )


def _advice(search: Search) -> Iterator[str]:
    if "save" in search.missing and not search.missing["save"].likely:
        yield "Add a SaveImage node to the graph in ComfyUI and export it again."
    example = ", ".join(
        f'{role}: "{next(iter(missing.likely), "ID")}"' for role, missing in search.missing.items()
    )
    yield f"Name the nodes by their ids in AIGen.yaml, for example roles: {{{example}}}."
    for role, missing in search.missing.items():
        names = ", ".join(title(search.graph, node) for node in missing.likely[:8])
        yield f"Likely for {role}: {names}." if names else f"No node looks right for {role}."
    yield all_nodes(search.graph)


def with_words(graph: Graph) -> list[str]:
    """The nodes in which a prompt may stand: those with a text of some length, or an input named for one."""
    return [node for node in graph if any(map(_is_text, graph[node]["inputs"].items()))]


def _is_text(named: tuple[str, object]) -> bool:
    name, value = named
    return isinstance(value, str) and (name in _TEXTS or " " in value.strip())


def all_nodes(graph: Graph, limit: int = 40) -> str:
    """Every node with its id, as people see them in the editor."""
    shown = ", ".join(title(graph, node) for node in list(graph)[:limit])
    return f"The nodes are: {shown}{' ...' if len(graph) > limit else ''}"
