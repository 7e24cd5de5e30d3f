"""How ComfyUI checks a graph before it takes it: the same statuses and error shapes as were recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

LONG_LIST = 20  # a longer list of choices is not shown in the details


class Broken(Exception):
    """The real server answers this with HTTP 500."""


class Refused(Exception):
    """HTTP 400 with this body."""

    def __init__(self, error: Mapping[str, Any], node_errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(error["message"])
        self.body = {"error": error, "node_errors": node_errors or {}}


def validate(
    prompt: Any, known: Mapping[str, Any], generation: str, has_input: Callable[[str], bool]
) -> tuple[list[str], dict[str, Any]]:
    """(outputs that can run, node_errors). Raises Refused or Broken."""
    _classes(prompt, known, generation)
    outputs = [node for node in prompt if known[prompt[node]["class_type"]]["output_node"]]
    if not outputs:
        raise Refused(_error("prompt_no_outputs", "Prompt has no outputs"))
    _cycles(prompt, generation, outputs)
    errors: dict[str, Any] = {}
    good = []
    for output in outputs:
        bad = _checked(prompt, known, generation, has_input, output)
        for node, faults in bad.items():
            entry = errors.setdefault(
                node, {"errors": faults, "dependent_outputs": [], "class_type": prompt[node]["class_type"]}
            )
            entry["dependent_outputs"].append(output)
        if not bad:
            good.append(output)
    if not good:
        raise Refused(_error("prompt_outputs_failed_validation", "Prompt outputs failed validation"), errors)
    return good, errors


def links(node: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """(input, target, slot) of everything that looks like a link."""
    inputs = node.get("inputs", {})
    return [(name, v[0], v[1]) for name, v in inputs.items() if isinstance(v, list) and len(v) == 2]


def upstream(prompt: Mapping[str, Any], start: str) -> list[str]:
    """All nodes that `start` needs, in an order in which they can run, `start` last."""
    order: list[str] = []

    def visit(node: str) -> None:
        for _, target, _ in links(prompt[node]):
            if isinstance(target, str) and target in prompt and target not in order:
                visit(target)
        if node not in order:
            order.append(node)

    visit(start)
    return order


def _classes(prompt: Any, known: Mapping[str, Any], generation: str) -> None:
    if isinstance(prompt, list) and not prompt and generation == "A":
        raise Refused(_error("prompt_no_outputs", "Prompt has no outputs"))
    if not isinstance(prompt, dict):
        raise Broken
    for node_id, node in prompt.items():
        if not isinstance(node, dict) and not (isinstance(node, list) and generation == "A"):
            raise Broken
        class_type = node.get("class_type") if isinstance(node, dict) else None
        if class_type not in known:
            raise Refused(_unknown(node_id, class_type, generation))


def _unknown(node_id: str, class_type: str | None, generation: str) -> dict[str, Any]:
    details = f"Node ID '#{node_id}'"
    if generation == "A":
        message = "Cannot execute because a node is missing the class_type property."
        if class_type is not None:
            message = f"Cannot execute because node {class_type} does not exist."
        return _error("invalid_prompt", message, details)
    message = f"Node '{class_type}' not found. The custom node may not be installed."
    if class_type is None:
        reason = "The workflow may be corrupted or a custom node is missing."
        message = f"Node 'ID #{node_id}' has no class_type. {reason}"
    extra = {"node_id": node_id, "class_type": class_type, "node_title": class_type}
    return {**_error("missing_node_type", message, details), "extra_info": extra}


def _cycles(prompt: Mapping[str, Any], generation: str, outputs: list[str]) -> None:
    needs = {node: [t for _, t, _ in links(prompt[node]) if isinstance(t, str)] for node in prompt}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as cycle:
        ring = list(reversed(cycle.args[1]))
        path = " -> ".join(f"{node} ({prompt[node]['class_type']})" for node in ring)
        fault = {
            "type": "dependency_cycle",
            "message": "Dependency cycle detected",
            "details": path,
            "extra_info": {"node_id": ring[0], "cycle_nodes": ring[:-1]},
        }
        entry = {"errors": [fault], "dependent_outputs": outputs, "class_type": prompt[ring[0]]["class_type"]}
        errors = {} if generation == "A" else {ring[0]: entry}
        error = _error("prompt_outputs_failed_validation", "Prompt outputs failed validation")
        raise Refused(error, errors) from None


def _checked(
    prompt: Mapping[str, Any],
    known: Mapping[str, Any],
    generation: str,
    has_input: Callable[[str], bool],
    output: str,
) -> dict[str, list[dict[str, Any]]]:
    bad: dict[str, list[dict[str, Any]]] = {}
    for node_id in upstream(prompt, output):
        node = prompt[node_id]
        section = known[node["class_type"]]["input"]
        faults = [
            fault
            for kind in ("required", "optional")
            for name, spec in section.get(kind, {}).items()
            for fault in _input(prompt, known, node, name, spec, kind == "required")
        ]
        if node["class_type"].startswith("LoadImage") and not faults:
            faults = _load_image(node["inputs"].get("image"), generation, has_input)
        if faults:
            bad[node_id] = faults
    return bad


def _input(
    prompt: Mapping[str, Any],
    known: Mapping[str, Any],
    node: Mapping[str, Any],
    name: str,
    spec: Any,
    required: bool,
) -> list[dict[str, Any]]:
    value = node["inputs"].get(name)
    if name not in node["inputs"]:
        missing = {"input_name": name}
        return (
            [_fault("required_input_missing", "Required input is missing", name, missing)] if required else []
        )
    if isinstance(value, list):
        return _link(prompt, known, name, spec, value)
    return _value(name, spec, value) if node["class_type"] not in ("LoadImage", "LoadImageMask") else []


def _link(
    prompt: Mapping[str, Any], known: Mapping[str, Any], name: str, spec: Any, value: list[Any]
) -> list[dict[str, Any]]:
    extra = {"input_name": name, "input_config": spec, "received_value": value}
    if len(value) != 2:
        words = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
        return [_fault("bad_linked_input", words, name, extra)]
    target, slot = value
    if not isinstance(target, str) or target not in prompt:
        more = {"input_name": name, "input_config": spec, "exception_message": repr(target)}
        more |= {"exception_type": "KeyError", "traceback": [], "linked_node": value}
        words = "Exception when validating inner node"
        return [_fault("exception_during_inner_validation", words, repr(target), more)]
    given = known[prompt[target]["class_type"]]["output"][slot]
    if isinstance(spec[0], str) and given != spec[0] and "*" not in (given, spec[0]):
        more = {"input_name": name, "input_config": spec, "received_type": given, "linked_node": value}
        words = f"{name}, received_type({given}) mismatch input_type({spec[0]})"
        return [_fault("return_type_mismatch", "Return type mismatch between linked nodes", words, more)]
    return []


def _value(name: str, spec: Any, value: Any) -> list[dict[str, Any]]:
    choices = _choices(spec)
    if choices is not None:
        if value in choices:
            return []
        long = len(choices) > LONG_LIST
        shown = f"(list of length {len(choices)})" if long else repr(choices)
        more = {"input_name": name, "input_config": None if long else spec, "received_value": value}
        return [_fault("value_not_in_list", "Value not in list", f"{name}: {value!r} not in {shown}", more)]
    if spec[0] not in ("INT", "FLOAT"):
        return []
    return _number(name, spec, value)


def _number(name: str, spec: Any, value: Any) -> list[dict[str, Any]]:
    try:
        number = int(value) if spec[0] == "INT" else float(value)
    except (TypeError, ValueError) as error:
        more = {
            "input_name": name,
            "input_config": spec,
            "received_value": value,
            "exception_message": str(error),
        }
        words = f"Failed to convert an input value to a {spec[0]} value"
        return [_fault("invalid_input_type", words, f"{name}, {value}, {error}", more)]
    limits = spec[1] if len(spec) > 1 else {}
    more = {"input_name": name, "input_config": spec, "received_value": number}
    if number < limits.get("min", number):
        words = f"Value {number} smaller than min of {limits['min']}"
        return [_fault("value_smaller_than_min", words, name, more)]
    if number > limits.get("max", number):
        words = f"Value {number} bigger than max of {limits['max']}"
        return [_fault("value_bigger_than_max", words, name, more)]
    return []


def _load_image(value: Any, generation: str, has_input: Callable[[str], bool]) -> list[dict[str, Any]]:
    escapes_on_a = generation == "A" and str(value).startswith("..")
    if escapes_on_a or has_input(str(value)):
        return []
    words = f"image - Invalid image file: {value}"
    return [
        _fault(
            "custom_validation_failed", "Custom validation failed for node", words, {"input_name": "image"}
        )
    ]


def _choices(spec: Any) -> list[Any] | None:
    if isinstance(spec[0], list):
        return spec[0]
    return spec[1]["options"] if spec[0] == "COMBO" else None


def _fault(kind: str, message: str, details: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": dict(extra)}


def _error(kind: str, message: str, details: str = "") -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": {}}
