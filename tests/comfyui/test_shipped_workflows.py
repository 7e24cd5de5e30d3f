"""The workflows that ship, against the node definitions that two real releases gave, and their sidecars."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.comfyui.rig import SETTINGS, Rig
from tests.fakes.comfyui import DATA, FakeComfyUI
from tests.papers import ROOT, section, tables, text_of

from iterativectl import resources
from iterativectl.config.check import load_schema
from iterativectl.config.sidecar import Sidecar, load_sidecar, sidecar_of
from iterativectl.errors import ConfigError
from iterativectl.generation.comfyui import depth, needs, schema
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import Workflow, link, title, upstream
from iterativectl.generation.comfyui.roles import ROLE_NAMES, Roles
from iterativectl.generation.comfyui.trace import trace

FILES = sorted(resources.path("workflow").glob("*.json"))
CASES = Path(__file__).resolve().parents[1] / "cases" / "shipped"
RELEASES = ("A", "B")
PUBLISHERS = {"huggingface.co", "civitai.com"}
KINDS: dict[str, type | tuple[type, ...]] = {
    "INT": int,
    "FLOAT": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
}

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
every_release = pytest.mark.parametrize("release", RELEASES)


@cache
def definitions(release: str) -> dict[str, Any]:
    """What a real server of this release said of its nodes."""
    known: dict[str, Any] = json.loads((DATA / f"object_info_{release}.json").read_text(encoding="utf-8"))
    return known


def read(path: Path) -> tuple[Workflow, Roles]:
    workflow = graphs.load(path.read_bytes(), path.name)
    return workflow, trace(workflow, {})


def told(path: Path) -> Sidecar:
    sidecar, warnings = load_sidecar(sidecar_of(path))
    assert warnings == ()
    return sidecar


# --- the graph against the definitions


def faults(graph: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    """Everything a server of this release would object to, or quietly pass over."""
    for node_id, node in graph.items():
        where = title(graph, node_id)
        if node["class_type"] not in known:
            yield f"{where}: unknown class"
            continue
        described = known[node["class_type"]]
        wanted = schema.inputs(described, "required")
        taken = {**schema.inputs(described, "optional"), **wanted}
        yield from (f"{where}: {name} is missing" for name in wanted if name not in node["inputs"])
        for name, value in node["inputs"].items():
            if name in taken:
                yield from (f"{where}: {name}: {fault}" for fault in _value(graph, known, value, taken[name]))
            elif not _is_of_the_other_release(node["class_type"], name):
                yield f"{where}: {name} is no input of it"


def _is_of_the_other_release(class_type: str, name: str) -> bool:
    """An input that one of the releases wants, and the other passes over."""
    both = [definitions(release).get(class_type, {}) for release in RELEASES]
    return any(name in schema.inputs(known, "required") for known in both)


def _value(graph: dict[str, Any], known: dict[str, Any], value: Any, specification: Any) -> Iterator[str]:
    kind, options = specification[0], specification[1] if len(specification) > 1 else {}
    allowed = schema.choices(specification)
    if found := link(value):
        source = known.get(graph[found[0]]["class_type"], {}).get("output", [])
        if found[1] >= len(source) or source[found[1]] != kind:
            yield f"a link of another type than {kind}"
    elif allowed is not None:
        weights = str(value).endswith(needs.WEIGHTS)
        if not weights and not schema.is_upload(specification) and value not in allowed:
            yield f"{value!r} is not one of its choices"
    elif kind not in KINDS:
        yield f"{kind} is not linked"
    elif not isinstance(value, KINDS[kind]) or (kind != "BOOLEAN" and isinstance(value, bool)):
        yield f"{value!r} is no {kind}"
    elif kind in ("INT", "FLOAT") and not options.get("min", value) <= value <= options.get("max", value):
        yield f"{value!r} is out of range"


@every_file
@every_release
def test_every_node_and_value_is_legal(path: Path, release: str) -> None:
    assert list(faults(json.loads(path.read_text(encoding="utf-8")), definitions(release))) == []


PLANTED: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("an unknown class", lambda graph: graph["8"].update(class_type="SavePicture"), "unknown class"),
    ("a missing input", lambda graph: graph["6"]["inputs"].pop("cfg"), "cfg is missing"),
    ("an unknown input", lambda graph: graph["6"]["inputs"].update(colour=1), "no input of it"),
    ("an unknown sampler", lambda graph: graph["6"]["inputs"].update(sampler_name="eulr"), "not one of"),
    ("a text for a number", lambda graph: graph["6"]["inputs"].update(steps="20"), "no INT"),
    ("a truth for a number", lambda graph: graph["6"]["inputs"].update(steps=True), "no INT"),
    ("too large a number", lambda graph: graph["6"]["inputs"].update(cfg=101.0), "out of range"),
    ("too small a number", lambda graph: graph["6"]["inputs"].update(seed=-1), "out of range"),
    ("a loose model", lambda graph: graph["6"]["inputs"].update(model="m"), "MODEL is not linked"),
    ("a latent for a picture", lambda graph: graph["8"]["inputs"].update(images=["6", 0]), "another type"),
    ("an output that is not there", lambda graph: graph["3"]["inputs"].update(vae=["1", 3]), "another type"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED]
)
def test_a_planted_fault_is_found(change: Callable[[dict[str, Any]], None], words: str) -> None:
    graph = json.loads(resources.path("workflow", "img2img_no_mask_api.json").read_text(encoding="utf-8"))
    assert list(faults(graph, definitions("B"))) == []
    change(graph)
    (fault,) = list(faults(graph, definitions("B")))
    assert words in fault


@every_file
def test_people_find_their_way_in_the_editor(path: Path) -> None:
    """Every node has a title of its own words, and no title stands twice."""
    graph = json.loads(path.read_text(encoding="utf-8"))
    titles = [node["_meta"]["title"] for node in graph.values()]
    assert len(set(titles)) == len(titles)
    assert not {node["class_type"] for node in graph.values()} & set(titles)
    assert all(
        value == "" for node in graph.values() for name, value in node["inputs"].items() if name == "text"
    )


# --- tracing


def found(path: Path) -> dict[str, Any]:
    """What tracing finds, by the titles that a person sees."""
    workflow, roles = read(path)
    graph = workflow.graph

    def at(slot: tuple[str, str] | None) -> str | None:
        return f"{graph[slot[0]]['_meta']['title']}: {slot[1]}" if slot else None

    return {
        "strategy": roles.strategy,
        "guided": roles.guided,
        "ignores_negative": roles.ignores_negative,
        "sampler": graph[roles.sampler]["_meta"]["title"],
        "positive": [at(slot) for slot in roles.positive],
        "negative": [at(slot) for slot in roles.negative],
        "image": at(roles.image),
        "mask": at(roles.mask),
        "control": at(roles.control),
        "checkpoint": at(roles.checkpoint),
        "save": graph[roles.save]["_meta"]["title"],
        "size": [at(slot) for slot in roles.size or ()],
        "settings": {name: at(slot) for name, slot in sorted(roles.settings.items())},
    }


@every_file
def test_the_roles_are_found(path: Path) -> None:
    assert found(path) == json.loads((CASES / path.name).read_text(encoding="utf-8"))


def test_every_case_has_its_workflow() -> None:
    assert [path.name for path in sorted(CASES.glob("*"))] == [path.name for path in FILES]
    assert len(FILES) >= 16


def keeps_the_original(workflow: Workflow) -> bool:
    """Whether what is saved is the result inside the mask, laid upon the picture to edit."""
    graph, roles = workflow.graph, trace(workflow, {})
    last = link(graph[roles.save]["inputs"]["images"])
    if not (last and roles.mask and roles.image):
        return False
    inputs = graph[last[0]]["inputs"]
    return (
        graph[last[0]]["class_type"] == "ImageCompositeMasked"
        and inputs["destination"] == [roles.image[0], 0]
        and inputs["mask"] == [roles.mask[0], 0]
        and (inputs["x"], inputs["y"], inputs["resize_source"]) == (0, 0, True)
        and roles.sampler in upstream(graph, inputs["source"][0])
        and graph[roles.mask[0]]["inputs"]["channel"] == "red"
    )


@every_file
def test_a_masked_one_ends_in_a_composite_with_the_original(path: Path) -> None:
    workflow, roles = read(path)
    assert keeps_the_original(workflow) == (roles.strategy == "inpaint")


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph["11"]["inputs"].update(images=["9", 0]),
        lambda graph: graph["10"]["inputs"].update(destination=["9", 0], source=["2", 0]),
        lambda graph: graph["10"]["inputs"].update(x=1),
        lambda graph: graph["3"]["inputs"].update(channel="alpha"),
        lambda graph: graph["10"]["inputs"].update(resize_source=False),
    ],
)
def test_a_composite_that_keeps_too_little_is_noticed(change: Callable[[dict[str, Any]], None]) -> None:
    path = resources.path("workflow", "inpaint_any_checkpoint_api.json")
    graph = json.loads(path.read_text(encoding="utf-8"))
    assert keeps_the_original(Workflow(name="w", graph=graph))
    change(graph)
    assert not keeps_the_original(Workflow(name="w", graph=graph))


# --- sidecars


@every_file
def test_the_sidecar_names_every_model_file_and_no_other(path: Path) -> None:
    workflow, roles = read(path)
    needed = needs.models(workflow.graph, roles.checkpoint)
    known = {model.file: model for model in told(path).models}
    assert sorted(known) == sorted({need.file for need in needed})
    assert len(known) == len(told(path).models)
    for need in needed:
        assert known[need.file].folder == need.folder
        assert (known[need.file].chosen_by is not None) == need.chosen
    for model in known.values():
        assert model.pages and model.what
        assert {urlsplit(page).hostname for page in model.pages} <= PUBLISHERS


@every_file
def test_the_sidecars_strategies_are_those_of_the_tracing(path: Path) -> None:
    _, roles = read(path)
    strategies = told(path).strategies
    assert strategies[0] == roles.strategy
    assert set(strategies) == {
        *(["inpaint"] if roles.mask else []),
        *(["control"] if roles.control or roles.guided else []),
        *(["img2img"] if roles.image and not roles.mask else []),
        *(["txt2img"] if not roles.image else []),
    }


@every_file
def test_the_sidecars_ranges_fit_the_graph_and_aigen(path: Path) -> None:
    workflow, roles = read(path)
    sidecar = told(path)
    parameters = load_schema("AIGen")["properties"]["parameters"]["properties"]
    written = {name: slot for name, slot in roles.settings.items() if name in ("denoise", "cfg", "steps")}
    guidance = roles.settings["cfg"][1] == "guidance"
    assert set(sidecar.ranges) == {"guidance" if name == "cfg" and guidance else name for name in written}
    for name, slot in written.items():
        known = sidecar.ranges["guidance" if name == "cfg" and guidance else name]
        assert parameters[name]["minimum"] <= known.min <= known.start <= known.max
        assert known.max <= parameters[name].get("maximum", 100)
        assert workflow.graph[slot[0]]["inputs"][slot[1]] == known.start
    for name, values in (("sampler_name", sidecar.samplers), ("scheduler", sidecar.schedulers)):
        node, slot_name = roles.settings[name]
        assert workflow.graph[node]["inputs"][slot_name] == values[0]
        for release in RELEASES:
            described = definitions(release)[workflow.graph[node]["class_type"]]
            assert set(values) <= set(schema.choices(schema.inputs(described, "required")[slot_name]) or ())


@every_file
def test_the_sidecar_says_what_has_no_effect(path: Path) -> None:
    _, roles = read(path)
    notes = " ".join(told(path).notes)
    assert ("does not read a negative prompt" in notes) == roles.ignores_negative
    assert ("denoise has no effect" in notes) == ("denoise" not in roles.settings)
    assert ("Outside the mask the result is the original" in notes) == (roles.mask is not None)


SIDECAR = sidecar_of(FILES[0])
WRONG = [
    ("title: ", "titel: ", "unknown key. Did you mean 'title'?"),
    ("strategies: [control", "strategies: [controll", "Did you mean 'control'?"),
    ("https://", "http://", "must be an https address"),
    ("chosen_by: ckpt_name", "chosen_by: checkpoint", "chosen_by"),
    ("{start: ", "{begin: ", "start"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG)
def test_a_faulty_sidecar_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = SIDECAR.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "w.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_sidecar(path)
    assert words in str(caught.value) and all(p.where.startswith("w.yaml:") for p in caught.value.problems)


# --- the program's own check, as `doctor` and `workflow check` make it


PREPROCESSOR = {
    "input": {
        "required": {"image": ["IMAGE"]},
        "optional": {
            "ckpt_name": [["depth_anything_v2_vitl.pth"], {"default": "depth_anything_v2_vitl.pth"}],
            "resolution": ["INT", {"default": 512, "min": 64, "max": 16384, "step": 64}],
        },
    },
    "output": ["IMAGE"],
    "name": "DepthAnythingV2Preprocessor",
}


def _files(path: Path) -> dict[str, list[str]]:
    workflow, roles = read(path)
    lists: dict[str, list[str]] = {}
    for need in needs.models(workflow.graph, roles.checkpoint):
        lists.setdefault(f"{workflow.graph[need.node]['class_type']}.{need.input}", []).append(need.file)
    return lists


@every_file
@every_release
def test_a_server_with_the_files_can_run_it(
    path: Path, release: str, rigged: Callable[..., tuple[FakeComfyUI, Rig]]
) -> None:
    lists = _files(path)
    lists.setdefault("CheckpointLoaderSimple.ckpt_name", [])
    fake, rig = rigged(release, models=lists)
    rig.workflow = path
    workflow, roles = read(path)
    node, name = roles.checkpoint or ("", "")
    settings = replace(SETTINGS, ckpt_name=workflow.graph[node]["inputs"][name])
    if roles.control:
        fake.known["DepthAnythingV2Preprocessor"] = PREPROCESSOR
    found = [finding for finding in rig.generator.check(settings) if finding.status == "error"]
    assert found == []
    del fake.known["VAEDecode"]
    assert any("no node 'VAEDecode'" in finding.what for finding in rig.generator.check(settings))


# --- docs/workflows.md


def unnamed(text: str) -> list[str]:
    """Workflows that the paper's table does not name with the families of their sidecars."""
    rows = {
        (name, family.strip())
        for row in next(iter(tables(section(text, "Which for what"))))
        for name in re.findall(r"`(\w+)`", row["workflow"])
        for family in row["models of"].split(",")
    }
    real = {(path.stem, family) for path in FILES for family in told(path).family}
    return sorted(f"{name}: {family}" for name, family in rows ^ real)


def test_the_paper_names_every_workflow_and_field() -> None:
    text = text_of(ROOT / "docs" / "workflows.md")
    assert unnamed(text) == []
    assert unnamed(text.replace("`flux_fill_api`", "`flux_fil_api`", 1)) == [
        "flux_fil_api: Flux",
        "flux_fill_api: Flux",
    ]
    fields = load_schema("workflow")["properties"]
    names = [
        *fields,
        *fields["parameters"]["properties"],
        *load_schema("workflow")["$defs"]["model"]["properties"],
    ]
    paper = section(text, "A sidecar")
    assert [name for name in names if not re.search(rf"[`.]{name}`|`{name}[.\[]", paper)] == []
    roles = section(text, "Roles")
    assert [role for role in ROLE_NAMES if f"`{role}`" not in roles] == []
    nodes = section(text, "Depth maps and edges")
    assert [name for name in depth.PREPROCESSORS if f"`{name}`" not in nodes] == []
