"""Where a local ComfyUI is, and which Python runs it.

Looked at in this order: what the caller names, COMFYUI_PATH, the workspaces that comfy-cli remembers.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iterativectl.errors import UsageError

VARIABLE = "COMFYUI_PATH"
_HOME = "HOME"
TORCH_SECONDS = 120.0  # importing it from a cold disk
_PORTABLE = "python_embeded"  # spelt so in the Windows package
_VENVS = (".venv", "venv")
_PYTHONS = ("bin/python", "bin/python3", "Scripts/python.exe")
# comfy-cli keeps its config.ini here (its constants.DEFAULT_CONFIG), by sys.platform.
_COMFY_CLI = {"darwin": "Library/Application Support/comfy-cli", "win32": "AppData/Local/comfy-cli"}
_COMFY_CLI_ELSEWHERE = ".config/comfy-cli"
_COMFY_CLI_KEYS = ("default_workspace", "recent_workspace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A folder or program that somebody named: who, and from which folder on; `~` is the home folder."""

    path: str
    by: str
    base: Path

    def absolute(self, environ: Mapping[str, str]) -> Path:
        """The whole path."""
        first, slash, rest = self.path.partition("/")
        if first == "~":
            return _home(environ) / rest
        return self.base / Path(self.path).expanduser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A ComfyUI: the folder with main.py, who named it, its version ("" when it does not say)."""

    root: Path
    by: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """A Python for it. `by` says where it is from, for people."""

    path: Path
    by: str


def find(named: Sequence[Named | None], environ: Mapping[str, str], cwd: Path) -> Installation:
    """The first that is named, which has to be one. Raises UsageError, saying where it looked.

    Only comfy-cli may remember folders that are gone: those are passed over.
    """
    variable = environ.get(VARIABLE)
    from_variable = Named(path=variable, by=VARIABLE, base=cwd) if variable else None
    first = next((each for each in (*named, from_variable) if each is not None), None)
    if first is not None:
        return _required(first, environ)
    remembered = list(_remembered(environ))
    for each in remembered:
        root = root_of(each.absolute(environ))
        if root is not None:
            return _installation(root, each.by)
    looked = [VARIABLE + " (not set)", *(f"{each.path} ({each.by})" for each in remembered)]
    if not remembered:
        looked.append(f"comfy-cli's workspaces ({comfy_cli_file(environ)} names none)")
    raise UsageError(
        f"no local ComfyUI is known; looked at --path, comfyui.path in AIGen.yaml, {', '.join(looked)}",
        f"Name its folder, the one with main.py: --path DIR, comfyui.path in AIGen.yaml, or {VARIABLE}.",
    )


def root_of(folder: Path) -> Path | None:
    """The folder with main.py: this one, or `ComfyUI` in it (portable package, comfy-cli's workspaces)."""
    return next((each for each in (folder, folder / "ComfyUI") if _is_one(each)), None)


def python_for(
    installation: Installation,
    configured: Named | None,
    environ: Mapping[str, str],
    current: Path | None = None,
) -> Python:
    """The Python to run it with: the configured one, its own, or `current` (else ours) if that has PyTorch.

    Raises UsageError when there is none.
    """
    if configured:
        return _configured(configured, environ)
    ours = current or Path(sys.executable)
    looked = []
    for place in _own_places(installation.root):
        looked.append(str(place))
        python = _runnable(place)
        if python is not None and not _same(place, ours.parent.parent):
            return Python(path=python, by=f"its own, {place}")
    if _imports_torch(ours, environ):
        return Python(path=ours, by="the one that runs this program; it has PyTorch")
    raise UsageError(
        f"no Python for the ComfyUI in {installation.root} was found; looked at {', '.join(looked)}, "
        f"and {ours} cannot import torch",
        "Name the one that you start ComfyUI with by hand: --python FILE, or comfyui.python in AIGen.yaml.",
    )


def comfy_cli_file(environ: Mapping[str, str]) -> Path:
    """Where comfy-cli keeps its settings; its home is not moved by XDG variables."""
    return _home(environ) / _COMFY_CLI.get(sys.platform, _COMFY_CLI_ELSEWHERE) / "config.ini"


def _required(named: Named, environ: Mapping[str, str]) -> Installation:
    folder = named.absolute(environ)
    root = root_of(folder)
    if root is not None:
        return _installation(root, named.by)
    what = "is no ComfyUI: " + _lacks(folder) if folder.is_dir() else "does not exist"
    raise UsageError(
        f"{named.by}: {folder} {what}",
        "Name the folder in which ComfyUI's main.py lies.",
    )


def _installation(root: Path, by: str) -> Installation:
    return Installation(root=root, by=by, version=_version(root))


def _is_one(folder: Path) -> bool:
    return folder.is_dir() and not _lacks(folder)


def _lacks(folder: Path) -> str:
    """What of a ComfyUI is not there, "" when all is."""
    marks = [("main.py", (folder / "main.py").is_file()), ("the folder comfy", (folder / "comfy").is_dir())]
    said = [(folder / name).is_file() for name in ("comfyui_version.py", "pyproject.toml")]
    marks.append(("comfyui_version.py or pyproject.toml", any(said)))
    missing = [name for name, there in marks if not there]
    return f"it lacks {' and '.join(missing)}" if missing else ""


def _version(root: Path) -> str:
    for name, pattern in (
        ("comfyui_version.py", r'^__version__\s*=\s*"([^"]+)"'),
        ("pyproject.toml", r'^version\s*=\s*"([^"]+)"'),
    ):
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if match := re.search(pattern, text, re.MULTILINE):
            return match.group(1)
    return ""


def _remembered(environ: Mapping[str, str]) -> Iterator[Named]:
    """The workspaces in comfy-cli's config.ini: the default one, then the last one used."""
    reader = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        reader.read_string(comfy_cli_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error):
        return  # not there, or no settings: comfy-cli's own matter
    for key in _COMFY_CLI_KEYS:
        value = reader.defaults().get(key)
        if value:
            yield Named(path=value, by=f"comfy-cli's {key}", base=_home(environ))


def _own_places(root: Path) -> list[Path]:
    """Where an installation keeps its Python: in it or beside it."""
    return [root.parent / _PORTABLE, *(folder / name for folder in (root, root.parent) for name in _VENVS)]


def _runnable(place: Path) -> Path | None:
    """The Python of an environment. Not resolved: a link into it is what makes it that environment's."""
    names = ("python.exe",) if place.name == _PORTABLE else _PYTHONS
    return next((place / name for name in names if os.access(place / name, os.X_OK)), None)


def _configured(configured: Named, environ: Mapping[str, str]) -> Python:
    path = configured.absolute(environ)
    if path.is_dir():  # an environment's folder
        path = _runnable(path) or path
    if path.is_file() and os.access(path, os.X_OK):
        return Python(path=path, by=configured.by)
    what = "is not there" if not path.exists() else "cannot be executed"
    raise UsageError(
        f"{configured.by}: {path} {what}",
        "Name the Python that you start ComfyUI with by hand; with a .venv of its own none is needed.",
    )


def _imports_torch(python: Path, environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(
            [str(python), "-c", "import torch"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TORCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get(_HOME) or Path.home())
