"""The pictures that a workflow takes: which are sent, which are missing, and what that means for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import depth, schema, uploads
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.graph import Graph, Slot, Workflow
from iterativectl.generation.comfyui.patch import Names
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.uploads import Uploads
from iterativectl.ports import GenerationInputs

_LATENT_STEP = 8  # pixels of one cell of a latent, in each direction


def notes(workflow: str, roles: Roles, *, mask: bool, control: bool) -> Iterator[str]:
    """What happens where the pictures in play are not those that the workflow takes, in sentences."""
    takes_mask = roles.mask is not None or roles.mask_in_picture
    if mask and not takes_mask:
        yield (
            f"the workflow {workflow} takes no mask: it changes the whole picture, "
            "and only the masked part is kept"
        )
    if takes_mask and not mask:
        yield f"no mask is in use: the workflow {workflow} is sent an all-white one and may change everything"
    if control and roles.control is None:
        yield f"the workflow {workflow} takes no control picture: control_image is not used"
    if roles.control and not control:
        yield "control_image is not set: the server's own depth node makes the control picture"
    if roles.image is None:
        at = ", at the size of the picture" if _sizes(roles) else ""
        yield f"the workflow {workflow} takes no picture: it paints from the prompt alone{at}"


def graph(workflow: Workflow, roles: Roles, client: Client, nodes: set[str]) -> Graph:
    """The workflow's graph where there is no control picture: with a depth node in it, if it needs one.

    `nodes` are the classes the server is known to have; they are asked for when they are needed. Raises
    WorkflowRejected when the server has no such node, ServerUnavailable.
    """
    if roles.control is None:
        return workflow.graph
    found = _with_depth(workflow.graph, roles, client, nodes)
    if found is None:
        nodes.update(client.object_info())
        found = _with_depth(workflow.graph, roles, client, nodes)
    if found is None:
        wanted = "a depth map" if depth.wants_depth(workflow.graph, roles.control) else "a control picture"
        raise WorkflowRejected(
            f"the workflow {workflow.name} needs {wanted}; none is set, and {client.base_url} makes none",
            depth.cure(workflow.graph, roles.control, nodes),
        )
    return found


def _with_depth(found: Graph, roles: Roles, client: Client, nodes: set[str]) -> Graph | None:
    if roles.control is None or roles.image is None:
        return None
    files: Sequence[str] = ()
    if depth.known_core(nodes):  # ComfyUI's own node needs a file
        described = client.object_info(depth.CORE_NODE).get(depth.CORE_NODE, {})
        files = schema.choices(schema.inputs(described, "required").get("model_name")) or ()
    return depth.with_depth_node(found, roles.control, roles.image, nodes, files)


def sized(graph: Graph, roles: Roles, picture: Path) -> Graph:
    """The graph with its empty latent at the picture's size, in whole cells; the given one is not changed.

    Where a second sampler follows, the sizes belong together and stay as they are. Raises ImageError.
    """
    changed = {name: {**node, "inputs": {**node["inputs"]}} for name, node in graph.items()}
    for (node, name), extent in zip(_sizes(roles), uploads.size(picture), strict=False):
        cells = max(2, round(extent / _LATENT_STEP))
        changed[node]["inputs"][name] = cells * _LATENT_STEP
    return changed


def _sizes(roles: Roles) -> Sequence[Slot]:
    return () if roles.size is None or roles.later else roles.size


def names(roles: Roles, inputs: GenerationInputs, client: Client, sent: Uploads) -> Names:
    """Upload what the graph loads; the names it has on the server, without a prefix for the result."""
    image = mask = control = None
    if roles.image and roles.mask_in_picture:
        image = sent.with_hole(client, inputs.source, inputs.mask)
    elif roles.image:
        image = sent.file(client, inputs.source)
    if roles.mask and inputs.mask:
        mask = sent.file(client, inputs.mask)
    elif roles.mask:
        mask = sent.white(client, *uploads.size(inputs.source))
    if roles.control and inputs.control_image:
        control = sent.file(client, inputs.control_image)
    return Names(prefix="", image=image, mask=mask, control=control)
