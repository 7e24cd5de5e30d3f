"""What ComfyUI says went wrong, and what its record of a job means. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from iterativectl.errors import ExecutionFailed, OutOfMemory
from iterativectl.generation.comfyui import schema
from iterativectl.generation.comfyui.graph import EXPORT_HINT, Graph, title

_MEMORY = re.compile(
    r"out ?of ?memory|not enough memory|allocation on device|alloc_failed|can't allocate memory", re.I
)
_LOGIN = re.compile(r"please login first", re.I)


@dataclass(frozen=True, slots=True)
class ServedImage:
    """A picture as the server names it. All three are needed: without the folder /view may serve another."""

    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a recorded job ended. `failure` is the server's execution_error data."""

    kind: Literal["success", "failed", "interrupted", "unclear"]
    images: tuple[ServedImage, ...] = ()
    failure: Mapping[str, Any] | None = None


def outcome(record: Mapping[str, Any], save: str) -> Outcome:
    """Read a history record. A failure and an interruption look alike but for their last message."""
    status = record.get("status")
    status = status if isinstance(status, Mapping) else {}
    messages = {entry[0]: entry[1] for entry in status.get("messages") or () if _is_message(entry)}
    if "execution_error" in messages:
        return Outcome("failed", failure=messages["execution_error"])
    if "execution_interrupted" in messages:
        return Outcome("interrupted")
    images = _images(record, save)
    if status.get("status_str") == "success" or (images and not status):
        return Outcome("success", images)
    return Outcome("unclear")


def execution_error(data: Mapping[str, Any], base_url: str) -> ExecutionFailed:
    """The error for people behind an execution_error; OutOfMemory where that is its kind."""
    where = f"node {data.get('node_id')} ({data.get('node_type')})"
    words = " ".join(str(data.get("exception_message") or "no reason given").split())[:500]
    kind = str(data.get("exception_type") or "")
    message = f"ComfyUI: {where} failed: {words}" + (f" [{kind}]" if kind else "")
    if _MEMORY.search(kind) or _MEMORY.search(words):
        return OutOfMemory(
            message,
            "The server freed its memory and tried once more in vain. Use a smaller picture or model, or end "
            "other programs on its graphics card.",
        )
    if _LOGIN.search(words):
        return ExecutionFailed(
            message, "The node calls a paid service: set COMFYUI_API_KEY to the key of a ComfyUI account."
        )
    return ExecutionFailed(message, f"The full story is in the log of ComfyUI at {base_url}.")


def rejection(body: Mapping[str, Any], graph: Graph, described: Mapping[str, Any]) -> tuple[str, str]:
    """(message, hint) for a refused graph: node, class, input and allowed values.

    `described`: object_info of the classes at fault, for lists that the server shortens.
    """
    faults = node_faults(body.get("node_errors"), graph, described)
    error = body.get("error")
    error = error if isinstance(error, Mapping) else {}
    if faults:
        return "ComfyUI refused the workflow: " + "; ".join(
            faults
        ), "Correct AIGen.yaml or the workflow file."
    words = " ".join(str(part) for part in (error.get("message"), error.get("details")) if part)
    if error.get("type") in ("missing_node_type", "invalid_prompt"):
        return (
            f"ComfyUI refused the workflow: {words}",
            "Install the custom node on the server (ComfyUI-Manager: Install Missing Custom Nodes). "
            + EXPORT_HINT,
        )
    return f"ComfyUI refused the workflow: {words or 'without a reason'}", EXPORT_HINT


def node_faults(node_errors: object, graph: Graph, described: Mapping[str, Any]) -> list[str]:
    """One sentence for each fault of each node."""
    sentences = []
    for node, entry in node_errors.items() if isinstance(node_errors, Mapping) else ():
        where = title(graph, node) if node in graph else f"{node} ({entry.get('class_type')})"
        for fault in sorted(entry.get("errors") or (), key=str):
            sentences.append(f"node {where}: {_fault(fault, entry.get('class_type', ''), described)}")
    return sentences


def touches(node_errors: object, save: str) -> bool:
    """Whether an output was dropped because of these errors."""
    entries = node_errors if isinstance(node_errors, Mapping) else {}
    return save in entries or any(
        save in (entry.get("dependent_outputs") or ()) for entry in entries.values()
    )


def is_missing_picture(node_errors: object, node: str) -> bool:
    """Whether the server no longer has the picture that this node loads."""
    entry = node_errors.get(node) if isinstance(node_errors, Mapping) else None
    faults = (entry.get("errors") or ()) if isinstance(entry, Mapping) else ()
    return any("Invalid image file" in str(fault.get("details")) for fault in faults)


def _fault(fault: Mapping[str, Any], class_type: str, described: Mapping[str, Any]) -> str:
    extra = fault.get("extra_info")
    extra = extra if isinstance(extra, Mapping) else {}
    name = str(extra.get("input_name") or "")
    if fault.get("type") == "value_not_in_list":
        allowed = schema.choices(extra.get("input_config")) or _listed(described.get(class_type), name)
        if allowed is not None:
            return f"{name}: {schema.expected(extra.get('received_value'), allowed)}"
    if fault.get("type") == "required_input_missing":
        return f"the input {name or fault.get('details')} is missing"
    details = str(fault.get("details") or "").strip().splitlines()
    return f"{name + ': ' if name else ''}{fault.get('message')}" + (f" ({details[0]})" if details else "")


def _listed(description: object, name: str) -> Sequence[Any] | None:
    if not isinstance(description, Mapping):
        return None
    known = {**schema.inputs(description, "optional"), **schema.inputs(description, "required")}
    return schema.choices(known.get(name))


def _images(record: Mapping[str, Any], save: str) -> tuple[ServedImage, ...]:
    outputs = record.get("outputs")
    output = outputs.get(save) if isinstance(outputs, Mapping) else None
    images = output.get("images") if isinstance(output, Mapping) else None
    return tuple(
        ServedImage(image["filename"], str(image.get("subfolder") or ""), str(image.get("type") or "output"))
        for image in (images if isinstance(images, list) else ())
        if isinstance(image, Mapping) and isinstance(image.get("filename"), str)
    )


def _is_message(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], Mapping)
