"""Which ComfyUI and which Python are meant, and what is said when there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.processes.machine import install

from iterativectl.errors import UsageError
from iterativectl.processes.installation import (
    Installation,
    Named,
    comfy_cli_file,
    find,
    python_for,
    root_of,
)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Variables with a home folder."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "PATH": os.defpath}


def remember(environ: dict[str, str], **workspaces: object) -> None:
    """What comfy-cli writes down."""
    path = comfy_cli_file(environ)
    path.parent.mkdir(parents=True)
    lines = [f"{key} = {value}" for key, value in workspaces.items()]
    path.write_text("\n".join(["[DEFAULT]", "enable_tracking = False", *lines, "user_id = 50%s"]))


def test_comfy_clis_settings_are_where_it_keeps_them(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for name in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", name)
        found[name] = comfy_cli_file(home).relative_to(home["HOME"]).as_posix()
    assert found == {
        "linux": ".config/comfy-cli/config.ini",
        "darwin": "Library/Application Support/comfy-cli/config.ini",
        "win32": "AppData/Local/comfy-cli/config.ini",
    }


def test_who_is_asked_first(tmp_path: Path, home: dict[str, str]) -> None:
    option, setting, variable, default, recent = (
        install(tmp_path / name) for name in ("option", "setting", "variable", "default", "recent")
    )
    asked = [
        Named(path=str(option), by="--path", base=tmp_path),
        Named(path="setting", by="s", base=tmp_path),
    ]
    remember(home, recent_workspace=recent, default_workspace=default)
    environ = {**home, "COMFYUI_PATH": "variable"}
    assert find(asked, environ, tmp_path).root == option
    assert find([None, asked[1]], environ, tmp_path).root == setting
    found = find([None, None], environ, tmp_path)
    assert (found.root, found.by) == (variable, "COMFYUI_PATH")
    found = find([], home, tmp_path)
    assert (found.root, found.by, found.version) == (default, "comfy-cli's default_workspace", "0.33.0")


def test_comfy_cli_may_remember_what_is_gone(tmp_path: Path, home: dict[str, str]) -> None:
    recent = install(tmp_path / "recent" / "ComfyUI")
    remember(home, default_workspace="/gone", recent_workspace=tmp_path / "recent")
    found = find([], home, tmp_path)
    assert (found.root, found.by) == (recent, "comfy-cli's recent_workspace")


def test_what_a_person_names_must_be_there(tmp_path: Path, home: dict[str, str]) -> None:
    install(tmp_path / "other")
    environ = {**home, "COMFYUI_PATH": str(tmp_path / "other")}
    with pytest.raises(UsageError, match=r"--path: .*nowhere does not exist"):
        find([Named(path="nowhere", by="--path", base=tmp_path)], environ, tmp_path)
    (tmp_path / "half" / "comfy").mkdir(parents=True)
    (tmp_path / "half" / "pyproject.toml").touch()
    with pytest.raises(UsageError, match=r"half is no ComfyUI: it lacks main\.py$"):
        find([Named(path="half", by="--path", base=tmp_path)], environ, tmp_path)


def test_without_any_it_says_where_it_looked(tmp_path: Path, home: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        find([None], home, tmp_path)
    assert str(comfy_cli_file(home)) in caught.value.message
    assert "COMFYUI_PATH (not set)" in caught.value.message
    remember(home, default_workspace="/gone")
    with pytest.raises(UsageError, match=r"/gone \(comfy-cli's default_workspace\)"):
        find([None], home, tmp_path)


@pytest.mark.parametrize(
    "text", ["", "no section", "[DEFAULT]\n", "\xff\xfe", "[DEFAULT]\ndefault_workspace\n"]
)
def test_settings_of_comfy_cli_that_cannot_be_read_name_none(
    text: str, tmp_path: Path, home: dict[str, str]
) -> None:
    path = comfy_cli_file(home)
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match="no local ComfyUI is known"):
        find([], home, tmp_path)


def test_a_tilde_is_the_home_folder(tmp_path: Path, home: dict[str, str]) -> None:
    root = install(Path(home["HOME"]) / "ComfyUI")
    assert find([Named(path="~/ComfyUI", by="--path", base=tmp_path)], home, tmp_path).root == root
    assert find([Named(path="~", by="--path", base=tmp_path)], home, tmp_path).root == root


def test_the_portable_package_is_recognised(tmp_path: Path, home: dict[str, str]) -> None:
    package = tmp_path / "ComfyUI_windows_portable"
    root = install(package / "ComfyUI", venv="")
    python = package / "python_embeded" / "python.exe"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    assert root_of(package) == root
    assert python_for(at(root), None, home).path == python


def test_the_version_may_stand_in_pyproject(tmp_path: Path, home: dict[str, str]) -> None:
    root = install(tmp_path / "ComfyUI")
    (root / "comfyui_version.py").unlink()
    (root / "pyproject.toml").write_text('[project]\nname = "ComfyUI"\nversion = "0.3.10"\n')
    assert find([Named(path=str(root), by="x", base=tmp_path)], home, tmp_path).version == "0.3.10"


def at(root: Path) -> Installation:
    return Installation(root=root, by="the test", version="")


@pytest.mark.parametrize("venv", [".venv", "venv", "../.venv", "../venv"])
def test_its_own_python_is_in_it_or_beside_it(venv: str, tmp_path: Path, home: dict[str, str]) -> None:
    root = install(tmp_path / "ComfyUI", venv=venv)
    found = python_for(at(root), None, home)
    assert os.path.normpath(found.path) == os.path.normpath(root / venv / "bin" / "python")


def test_the_configured_python_comes_first(tmp_path: Path, home: dict[str, str]) -> None:
    root = install(tmp_path / "ComfyUI")
    wanted = tmp_path / "my-python"
    wanted.symlink_to(sys.executable)
    named = Named(path="my-python", by="--python", base=tmp_path)
    assert python_for(at(root), named, home).path == wanted
    folder = Named(path="ComfyUI/.venv", by="--python", base=tmp_path)
    assert python_for(at(root), folder, home).path == root / ".venv" / "bin" / "python"
    gone = Named(path="no-python", by="comfyui.python in AIGen.yaml", base=tmp_path)
    with pytest.raises(UsageError, match=r"comfyui\.python in AIGen\.yaml: .*no-python is not there"):
        python_for(at(root), gone, home)


def test_our_own_python_only_with_pytorch(tmp_path: Path, home: dict[str, str]) -> None:
    root = install(tmp_path / "ComfyUI", venv="")
    ours = tmp_path / "ours" / "bin" / "python"
    ours.parent.mkdir(parents=True)
    ours.symlink_to(os.path.realpath(sys.executable))
    with pytest.raises(UsageError, match=r"no Python for .*cannot import torch") as caught:
        python_for(at(root), None, home, ours)
    assert str(root / ".venv") in caught.value.message and "--python FILE" in caught.value.hint
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "torch.py").touch()
    with_torch = {**home, "PYTHONPATH": str(tmp_path / "packages")}
    assert python_for(at(root), None, with_torch, ours).path == ours


def test_our_own_environment_beside_it_is_not_its_own(tmp_path: Path, home: dict[str, str]) -> None:
    """ComfyUI lies in our checkout: the .venv beside it is ours, and has no PyTorch."""
    root = install(tmp_path / "ComfyUI", venv="../.venv")
    ours = tmp_path / ".venv" / "bin" / "python"
    with pytest.raises(UsageError, match="cannot import torch"):
        python_for(at(root), None, home, ours)
