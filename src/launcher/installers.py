"""Who can make an environment and fill it: uv where it is there, else Python's own venv and pip."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import cures

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PIP_OPTIONS = ["install", "--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]


@dataclass(frozen=True)
class Installer:
    """`create` is a command that wants a folder after it; `install(environment, lock)` is the next one."""

    name: str
    create: Sequence[str]
    install: Callable[[Path, str], list[str]]


def available() -> list[Installer]:
    """The tools of this machine, best first. Raises cures.Unable, naming the package to install, for none.

    Several are given because uv does not read pip's settings: where the packages come from a mirror that only
    pip knows, uv fails and pip does not.
    """
    found = [_uv(uv)] if (uv := shutil.which("uv")) else []
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        found.append(Installer("pip", [sys.executable, "-m", "venv"], _with_its_own_pip))
    elif importlib.util.find_spec("venv") and _pip_reaches_out():
        found.append(Installer("pip", [sys.executable, "-m", "venv", "--without-pip"], _with_our_pip))
    if not found:
        raise cures.for_no_installer(VERSION)
    return found


def python_in(environment: Path) -> str:
    """The interpreter of an environment."""
    return str(environment / "bin" / "python")


def _uv(uv: str) -> Installer:
    def install(environment: Path, lock: str) -> list[str]:
        where = ["--python", python_in(environment)]
        return [uv, "pip", "install", *where, "--no-deps", "--compile-bytecode", "-r", lock]

    return Installer("uv", [uv, "venv", "--no-project", "--python", sys.executable], install)


def _with_its_own_pip(environment: Path, lock: str) -> list[str]:
    return [python_in(environment), "-m", "pip", *PIP_OPTIONS, "-r", lock]


def _with_our_pip(environment: Path, lock: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--python", python_in(environment), *PIP_OPTIONS, "-r", lock]


def _pip_reaches_out() -> bool:
    """Whether the pip beside this Python can fill another environment: since 22.3 it has `--python`."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, timeout=60
    )
    words = answer.stdout.split()
    if answer.returncode or len(words) < 2:
        return False
    major, _, rest = words[1].partition(".")
    return (int(major), int(rest.partition(".")[0])) >= (22, 3)
