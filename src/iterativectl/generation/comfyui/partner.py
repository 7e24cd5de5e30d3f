"""The key of a ComfyUI account, for nodes that call paid services: for jobs that need it, and nowhere else.

It goes into the request's `extra_data` at the last moment and into no file: not the graph, not the picture.
ComfyUI leaves it out of its history; while a job waits, release 0.3.64 shows it to whoever reads the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.graph import Graph

VARIABLE = "COMFYUI_API_KEY"
_HIDDEN = "API_KEY_COMFY_ORG"  # how a node's description asks for it


def extra_data(client: Client, graph: Graph) -> dict[str, str]:
    """What a job's `extra_data` needs: the key, if there is one and a node of the graph asks for it.

    Raises WorkflowRejected where the key would go over a network unencrypted, ServerUnavailable.
    """
    address = client.transport.address
    if not address.partner_key or not _asks(client, graph):
        return {}
    if address.base_url.startswith("http://") and not address.is_loopback:
        raise WorkflowRejected(
            f"the workflow needs {VARIABLE}, and the way to {address.base_url} is not encrypted",
            "Use an https address in comfyui.url, or a tunnel: anybody on the way could read the key.",
        )
    return {"api_key_comfy_org": address.partner_key}


def _asks(client: Client, graph: Graph) -> bool:
    classes = dict.fromkeys(node["class_type"] for node in graph.values())
    return any(_wants(client.object_info(name).get(name)) for name in classes)


def _wants(description: Any) -> bool:
    """Nodes of the newer kind are only marked as calling a service; 0.3.64 has 77 of them and 23 others."""
    if not isinstance(description, Mapping):
        return False
    sections = description.get("input")
    hidden = sections.get("hidden") if isinstance(sections, Mapping) else None
    asks = _HIDDEN in hidden.values() if isinstance(hidden, Mapping) else False
    return asks or description.get("api_node") is True
