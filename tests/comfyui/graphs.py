"""The graphs of tests/workflows (see README.md there): reading them, and computing what they expect."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.rules import ALL, BASE
from iterativectl.generation.comfyui.trace import trace

FOLDER = Path(__file__).resolve().parents[1] / "workflows"
Case = Mapping[str, Any]


def cases() -> dict[str, Case]:
    """Name -> case, for every file of the folder."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def case(name: str) -> Case:
    """One case by its name."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


def rules_of(name: str) -> set[str]:
    """The rules that a graph says it needs besides the base, by its name."""
    return set(name.split("__")[0].split("+")) - {"base"}


def content(case: Case) -> bytes:
    """The workflow file of a case, as a person would have it."""
    text = json.dumps(case["file"])
    return png(prompt=text) if case.get("wrapped") == "picture" else text.encode()


def png(**chunks: str) -> bytes:
    """A small PNG with text chunks, as SaveImage writes them."""
    info = PngImagePlugin.PngInfo()
    for key, text in chunks.items():
        info.add_text(key, text)
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def traced(case: Case, rules: Collection[str] = ALL) -> Roles:
    """The roles of a case's graph."""
    workflow = graphs.load(content(case), "graph.json", rules)
    return trace(workflow, case.get("roles", {}), rules)


def summary(roles: Roles) -> dict[str, Any]:
    """Roles as they stand in a case file: slots as `node.input`, without what is empty."""
    everything = {
        "strategy": roles.strategy,
        "sampler": roles.sampler,
        "later": list(roles.later),
        "settings": {name: ".".join(slot) for name, slot in roles.settings.items()},
        "handover": _slots(roles.handover),
        "positive": [".".join(slot) for slot in roles.positive],
        "negative": [".".join(slot) for slot in roles.negative],
        "ignores_negative": roles.ignores_negative,
        "shared": [[".".join(slot) for slot in way] for way in roles.shared],
        "image": _slots(roles.image),
        "mask": _slots(roles.mask),
        "mask_in_picture": roles.mask_in_picture,
        "inverted": list(roles.inverted),
        "control": _slots(roles.control),
        "guided": roles.guided,
        "size": " x ".join(_slots(slot) for slot in roles.size or ()),
        "checkpoint": _slots(roles.checkpoint),
        "save": roles.save,
        "save_replaced": roles.save_replaced,
        "notes": list(roles.notes),
    }
    return {name: value for name, value in everything.items() if value}


def outcome(case: Case, rules: Collection[str] = ALL) -> dict[str, Any]:
    """What comes of a case under these rules: as its file says it, under `expect` or `error`."""
    try:
        return {"expect": summary(traced(case, rules))}
    except WorkflowRejected as refused:
        return {"error": [refused.message, refused.hint]}


def meets(case: Case, rules: Collection[str] = ALL) -> bool:
    """Whether a case comes out as its file says."""
    return all(case.get(key) == value for key, value in outcome(case, rules).items())


def strays(rule: str, known: Mapping[str, Case]) -> Iterator[str]:
    """The graphs for which switching one rule off does something other than their names say."""
    for name, case in known.items():
        kept = meets(case, set(ALL) - {rule})
        if kept and rule in rules_of(name):
            yield f"{name}: does not need {rule}"
        if not kept and rule not in rules_of(name) and rule not in BASE:
            yield f"{name}: needs {rule}"


def _slots(slot: tuple[str, str] | None) -> str:
    return ".".join(slot or ())
