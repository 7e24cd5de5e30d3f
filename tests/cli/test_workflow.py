"""`iterativectl workflow list|show|check`, typed in a folder, with a fake ComfyUI."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image, PngImagePlugin
from tests.cli.shell import Shell
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources

RULES = "project: {name: barn}\nacceptance_criteria: [{field: golden, question: Is it golden?}]\n"
AIGEN = """\
backend: comfyui
workflow_file: WORKFLOW
model: {ckpt_name: tiny_sd15.safetensors}
comfyui: {url: URL, headers: {X-Key: "env:COMFYUI_KEY"}}
parameters: {denoise: 0.5, cfg: 7.0, steps: 4, seed: null, sampler_name: euler, scheduler: normal}
prompts: {positive: "barn", negative: ""}
"""
FILL_FILES = {
    "UNETLoader.unet_name": ["flux1-fill-dev.safetensors"],
    "VAELoader.vae_name": ["ae.safetensors"],
    "DualCLIPLoader.clip_name1": ["clip_l.safetensors", "t5xxl_fp16.safetensors"],
    "DualCLIPLoader.clip_name2": ["clip_l.safetensors", "t5xxl_fp16.safetensors"],
}
Started = Callable[..., FakeComfyUI]


@pytest.fixture
def servers() -> Iterator[Started]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(FakeComfyUI(*args, **options))


def shipped(name: str = "img2img_no_mask_api") -> dict[str, Any]:
    graph: dict[str, Any] = json.loads(resources.path("workflow", f"{name}.json").read_text(encoding="utf-8"))
    return graph


def placed(folder: Path, name: str, graph: Mapping[str, Any]) -> Path:
    """A workflow file in a folder's own workflow/."""
    path = folder / "workflow" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


@pytest.fixture
def barn(workspace: Path) -> Path:
    """A project whose workflow is its own, without an address."""
    root = workspace / "projects" / "barn"
    (root / "config").mkdir(parents=True)
    (root / "config" / "rules.yaml").write_text(RULES)
    settings(root, "http://127.0.0.1:9")
    return root


def settings(
    root: Path, url: str, workflow: str = "workflow/img2img_no_mask_api.json", more: str = ""
) -> None:
    text = AIGEN.replace("URL", url).replace("WORKFLOW", workflow) + more
    (root / "config" / "AIGen.yaml").write_text(text)


# --- list


def test_the_list_names_every_shipped_workflow(shell: Shell) -> None:
    said = shell("workflow", "list")
    names = [path.stem for path in resources.path("workflow").glob("*.json")]
    assert said.code == 0 and len(said.out.splitlines()) == len(names) + 1
    assert all(f"  {name} " in said.out for name in names)
    assert "flux_fill_api" in said.out and "Make anew what the mask shows, or take it away" in said.out
    assert "from" not in said.out.splitlines()[0] and "workflow show NAME" in said.err


def test_own_files_go_before_shipped_ones(shell: Shell, workspace: Path, barn: Path) -> None:
    placed(workspace, "img2img_no_mask_api.json", shipped())
    placed(workspace, "mine.json", shipped("txt2img_api"))
    mine = placed(barn, "mine.json", shipped("flux_fill_api"))
    listed = {
        entry["name"]: entry
        for entry in shell("workflow", "list", "--project", "barn", "--json").json["workflows"]
    }
    assert listed["mine"]["from"] == "project" and listed["mine"]["path"] == str(mine)
    assert (
        listed["mine"]["strategies"] == ["inpaint"]
        and listed["mine"]["workflow_file"] == "workflow/mine.json"
    )
    assert listed["img2img_no_mask_api"]["from"] == "workspace"
    assert listed["flux_fill_api"]["from"] == "shipped" and listed["flux_fill_api"]["family"] == ["Flux"]
    without = {entry["name"]: entry for entry in shell("workflow", "list", "--json").json["workflows"]}
    assert without["mine"]["from"] == "workspace" and without["mine"]["strategies"] == ["txt2img"]


def test_inside_a_project_its_own_are_listed(shell: Shell, barn: Path) -> None:
    placed(barn, "mine.json", shipped())
    shell.cwd = barn
    assert "project" in shell("workflow", "list").out


def test_a_file_that_cannot_be_read_is_listed_with_the_reason(shell: Shell, workspace: Path) -> None:
    placed(workspace, "editor.json", {"nodes": [], "links": []})
    placed(workspace, "told.json", shipped()).with_suffix(".yaml").write_text("titel: x\n")
    listed = {entry["name"]: entry for entry in shell("workflow", "list", "--json").json["workflows"]}
    assert "editor's own format" in listed["editor"]["problem"]
    assert "told.yaml" in listed["told"]["problem"] and "Did you mean 'title'" in listed["told"]["problem"]
    assert shell("workflow", "list").code == 0


def test_outside_a_workspace_the_shipped_ones_are_there(shell: Shell, tmp_path: Path) -> None:
    shell.cwd = tmp_path
    assert "flux_fill_api" in shell("workflow", "list").out


# --- show


@pytest.mark.parametrize(
    "name", ["flux_fill_api", "flux_fill", "flux_fill_api.json", "workflow/flux_fill_api.json"]
)
def test_a_workflow_may_be_named_in_several_ways(shell: Shell, name: str) -> None:
    said = shell("workflow", "show", name)
    assert said.code == 0 and said.out.startswith("Make anew what the mask shows, or take it away\n")


def test_show_tells_what_a_newcomer_needs(shell: Shell) -> None:
    said = shell("workflow", "show", "flux_fill").out
    for words in (
        "diffusion_models/flux1-fill-dev.safetensors",
        "https://huggingface.co/black-forest-labs/FLUX.1-Fill-dev",
        "10 to 20, begin with 20 (written as cfg: the model's own guidance)",
        "does not read a negative prompt",
        "5 (LoadImageMask 'Mask: white is made anew') image",
        "iterativectl mask create",
    ):
        assert words in said, words


def test_a_depth_map_may_be_made_and_a_pose_not(shell: Shell, workspace: Path) -> None:
    made = "Leave control_image out to have a depth map made"
    assert made in shell("workflow", "show", "flux_depth").out
    assert made not in shell("workflow", "show", "flux_canny").out
    text = json.dumps(shipped("control_depth_img2img_api"))
    placed(workspace, "pose.json", json.loads(text.replace("epth", "ose")))
    said = shell("workflow", "show", "pose").out
    assert "control_image: input/control.png" in said and made not in said


@pytest.mark.parametrize("name", sorted(path.stem for path in resources.path("workflow").glob("*.json")))
def test_the_settings_that_are_shown_can_be_used(shell: Shell, barn: Path, name: str) -> None:
    """What stands below `In the project's config/AIGen.yaml` is copied into one, and it is sound."""
    lines = shell("workflow", "show", name).out.splitlines()
    begin = lines.index("In the project's config/AIGen.yaml") + 1
    block = [line.strip() for line in lines[begin:] if line.startswith("  ")]
    keys = ("workflow_file:", "model:", "parameters:", "control_image:")
    own = yaml.safe_load("\n".join(line for line in block if line.startswith(keys)))
    assert own["workflow_file"] == f"workflow/{name}.json"
    assert own["model"]["ckpt_name" if "checkpoint_api" not in name or "any" in name else "ckpt_name_inpaint"]
    own["model"].setdefault("ckpt_name", "any.safetensors")
    (barn / "config" / "AIGen.yaml").write_text(yaml.safe_dump({"backend": "comfyui", **own}))
    checked = shell("workflow", "check", "--project", "barn", "--json").json
    assert checked["ok"] and checked["project"] == "barn" and checked["workflow"] == name


def test_show_of_an_own_export_tells_what_was_found(shell: Shell, workspace: Path) -> None:
    path = placed(workspace, "mine.json", shipped())
    said = shell("workflow", "show", path)
    assert said.code == 0 and "checkpoints/realisticVisionV60B1_v51VAE.safetensors" in said.out
    assert "read by 1 (CheckpointLoaderSimple 'Checkpoint')" in said.out and "What suits it" not in said.out
    data = shell("workflow", "show", path, "--json").json
    assert data["format"] == "workflow/1" and data["told"] is None and data["strategy"] == "img2img"
    assert {"role": "mask"} not in data["roles"] and data["models"][0]["there"] is None
    role = next(role for role in data["roles"] if role["role"] == "image")
    assert role["where"] == "2 (LoadImage 'Picture to edit') image" and role["how"]


def test_a_picture_that_comfyui_saved_is_a_workflow_too(shell: Shell, workspace: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", json.dumps(shipped("flux_img2img_api")))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    (workspace / "saved.png").write_bytes(buffer.getvalue())
    said = shell("workflow", "show", "saved.png")
    assert said.code == 0 and "flux1-dev.safetensors" in said.out and str(workspace / "saved.png") in said.out


UNREADABLE = [
    ("flux_fil", "Did you mean 'flux_fill_api'?"),
    ("nothing_like_it", "workflow list"),
    ("no/such.json", "there is no file"),
]


@pytest.mark.parametrize(("name", "words"), UNREADABLE)
def test_a_name_that_is_not_there(shell: Shell, name: str, words: str) -> None:
    said = shell("workflow", "show", name)
    assert said.code == 2 and not said.out and words in said.err


def test_a_graph_that_cannot_be_read_says_what_to_do(shell: Shell, workspace: Path) -> None:
    path = placed(workspace, "editor.json", {"nodes": [], "links": []})
    said = shell("workflow", "show", path)
    assert said.code == 2 and "editor.json" in said.err and "Export (API)" in said.err


# --- check


def test_check_without_a_server_says_so(shell: Shell) -> None:
    said = shell("workflow", "check", "flux_fill")
    assert said.code == 0 and "inpaint: sampler 14" in said.out
    assert "It needs flux1-fill-dev.safetensors" in said.out and "add --server" in said.out
    assert "The graph can be read." in said.out and "All is well" not in said.out


def test_check_of_a_graph_that_cannot_be_traced(shell: Shell, workspace: Path) -> None:
    graph = shipped()
    graph["6"]["class_type"], graph["6"]["inputs"] = "OddSampler", {"pipe": ["3", 0]}
    said = shell("workflow", "check", placed(workspace, "odd.json", graph))
    assert said.code == 2 and "sampler" in said.out and "roles:" in said.out
    data = shell("workflow", "check", "odd", "--json").json
    assert not data["ok"] and data["roles"] == [] and data["findings"][0]["status"] == "error"


def test_check_needs_something_to_check(shell: Shell) -> None:
    said = shell("workflow", "check")
    assert said.code == 2 and "which workflow?" in said.err


@pytest.mark.parametrize("release", ["A", "B"])
def test_a_server_that_has_everything(shell: Shell, servers: Started, release: str) -> None:
    fake = servers(release, models=FILL_FILES)
    said = shell("workflow", "check", "flux_fill", "--url", fake.url)
    assert said.code == 0, said.out
    assert "model file ae.safetensors is there in models/vae" in said.out and "All is well." in said.out
    data = shell("workflow", "check", "flux_fill", "--url", fake.url, "--json").json
    assert data["ok"] and [model["there"] for model in data["servers"][0]["models"]] == [True] * 4
    assert fake.counters["accepted"] == fake.counters["uploads"] == 0


def test_a_model_file_that_is_not_there(shell: Shell, servers: Started) -> None:
    fake = servers("B", models={**FILL_FILES, "UNETLoader.unet_name": ["flux1-dev.safetensors"]})
    said = shell("workflow", "check", "flux_fill", "--url", fake.url)
    assert said.code == 2
    assert "unet_name: 'flux1-fill-dev.safetensors' is not one of" in said.out
    page = "https://huggingface.co/black-forest-labs/FLUX.1-Fill-dev"
    assert f"Get it from {page} and put it into ComfyUI's models/diffusion_models" in said.out
    (server,) = shell("workflow", "check", "flux_fill", "--url", fake.url, "--json").json["servers"]
    assert not server["ok"] and server["version"] == "0.33.0"
    assert {model["file"]: model["there"] for model in server["models"]} == {
        "flux1-fill-dev.safetensors": False,
        "clip_l.safetensors": True,
        "t5xxl_fp16.safetensors": True,
        "ae.safetensors": True,
    }


def test_nodes_that_are_not_there_name_their_pack(shell: Shell, workspace: Path, servers: Started) -> None:
    graph = shipped()
    graph["20"] = {"class_type": "UltimateSDUpscale", "inputs": {"image": ["7", 0]}}
    graph["21"] = {"class_type": "NobodysNode", "inputs": {"image": ["20", 0]}}
    graph["8"]["inputs"]["images"] = ["21", 0]
    url = servers("A").url
    path = placed(workspace, "custom.json", graph)
    said = shell("workflow", "check", path, "--url", url)
    assert said.code == 2
    assert "the server has no node 'UltimateSDUpscale'" in said.out
    assert (
        "Install ComfyUI_UltimateSDUpscale (https://github.com/ssitu/ComfyUI_UltimateSDUpscale)" in said.out
    )
    assert "No node pack with it is known here" in said.out
    (server,) = shell("workflow", "check", path, "--url", url, "--json").json["servers"]
    assert [(node["class_type"], node["pack"]) for node in server["missing_nodes"]] == [
        ("UltimateSDUpscale", "ComfyUI_UltimateSDUpscale"),
        ("NobodysNode", ""),
    ]


def test_a_depth_map_that_nobody_gives_or_makes(shell: Shell, servers: Started) -> None:
    files = {
        "CheckpointLoaderSimple.ckpt_name": ["realisticVisionV60B1_v51VAE.safetensors"],
        "ControlNetLoader.control_net_name": ["control_v11f1p_sd15_depth_fp16.safetensors"],
    }
    fake = servers("B", models=files)
    said = shell("workflow", "check", "control_depth_img2img", "--url", fake.url)
    assert said.code == 2 and "needs a depth map" in said.out
    assert "control_image" in said.out and "comfyui_controlnet_aux" in said.out
    fake.known["MiDaS-DepthMapPreprocessor"] = {
        "input": {"required": {"image": ["IMAGE"]}},
        "output": ["IMAGE"],
    }
    assert shell("workflow", "check", "control_depth_img2img", "--url", fake.url).code == 0


def test_the_projects_workflow_is_checked_with_its_settings(
    shell: Shell, barn: Path, servers: Started
) -> None:
    fake = servers("A")
    settings(barn, fake.url)
    shell.environ["COMFYUI_KEY"] = "secret"
    said = shell("workflow", "check", "--project", "barn", "--server")
    assert said.code == 0 and "with the settings of barn" in said.out
    assert "model file tiny_sd15.safetensors is there" in said.out
    assert {request.headers.get("x-key") for request in fake.log} == {"secret"}
    assert "secret" not in said.out + said.err
    text = (barn / "config" / "AIGen.yaml").read_text().replace("tiny_sd15", "tiny_sd51")
    (barn / "config" / "AIGen.yaml").write_text(text)
    said = shell("workflow", "check", "--project", "barn", "--server")
    assert said.code == 2 and "Did you mean 'tiny_sd15.safetensors'?" in said.out
    assert "set model.ckpt_name in AIGen.yaml" in said.out


def test_another_workflow_is_asked_about_at_the_projects_server_as_it_is(
    shell: Shell, barn: Path, servers: Started
) -> None:
    settings(barn, servers("A", models=FILL_FILES).url)
    shell.environ["COMFYUI_KEY"] = "secret"
    data = shell("workflow", "check", "flux_fill", "--project", "barn", "--server", "--json").json
    assert data["ok"] and data["project"] is None


def test_a_projects_headers_go_to_its_own_servers_alone(shell: Shell, barn: Path, servers: Started) -> None:
    own, stranger = servers("A"), servers("A")
    settings(barn, own.url)
    shell.environ["COMFYUI_KEY"] = "secret"
    assert shell("workflow", "check", "--project", "barn", "--url", stranger.url).code == 0
    assert stranger.log and not any("x-key" in request.headers for request in stranger.log)
    assert not own.log


def test_every_host_of_a_project_is_asked(shell: Shell, barn: Path, servers: Started) -> None:
    good, bad = servers("A"), servers("A", checkpoints=("other.safetensors",))
    settings(barn, good.url)
    text = (barn / "config" / "AIGen.yaml").read_text()
    text = text.replace(f"url: {good.url}", f"hosts: [{good.url}, {bad.url}]")
    (barn / "config" / "AIGen.yaml").write_text(text)
    shell.environ["COMFYUI_KEY"] = "secret"
    data = shell("workflow", "check", "--project", "barn", "--server", "--json").json
    assert [server["ok"] for server in data["servers"]] == [True, False] and not data["ok"]
    said = shell("workflow", "check", "--project", "barn", "--server")
    assert said.code == 2 and f"{bad.url}: workflow: node 1" in said.out


def test_a_server_that_is_not_there_is_exit_code_4(shell: Shell, servers: Started) -> None:
    fake = servers("A")
    url = fake.url
    fake.down()
    said = shell("workflow", "check", "flux_fill", "--url", url)
    assert said.code == 4 and "cannot be reached" in said.err


def test_a_project_of_the_painter_has_no_workflow(shell: Shell, barn: Path) -> None:
    text = (barn / "config" / "AIGen.yaml").read_text().replace("backend: comfyui", "backend: embedded")
    (barn / "config" / "AIGen.yaml").write_text(text)
    said = shell("workflow", "check", "--project", "barn")
    assert said.code == 2 and "has no workflow" in said.err
    assert shell("workflow", "check", "flux_fill", "--project", "barn").code == 0


def test_roles_of_the_project_are_used(shell: Shell, barn: Path) -> None:
    graph = shipped()
    graph["12"] = {"class_type": "LoadImage", "inputs": {"image": "b.png"}}
    graph["13"] = {"class_type": "ImageStitch", "inputs": {"image1": ["2", 0], "image2": ["12", 0]}}
    placed(barn, "mine.json", graph)
    settings(barn, "http://127.0.0.1:9", "workflow/mine.json", 'roles: {image: "12"}\n')
    data = shell("workflow", "check", "--project", "barn", "--json").json
    image = next(role for role in data["roles"] if role["role"] == "image")
    assert image["where"].startswith("12 (LoadImage)")
