"""A small checkout with the real launcher, a stand-in program, and packages made on the spot.

The installer is the real venv and pip, or a stand-in for `uv`, found on the PATH as the real one is. It makes
a real environment in a tenth of a second, and can be told to wait, or to fail.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 100
MADE = ["venv --no-project", "pip install"]  # what uv is asked for one environment

# Prints what it was told, and what it finds.
PROGRAM = """
import importlib.util, json, os, sys
found = importlib.util.find_spec("tiny") is not None
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix, "tiny": found}))
"""

WITHOUT_ENSUREPIP = """
import sys
sys.modules["ensurepip"] = None
sys.path.insert(0, {root!r} + "/src")
from launcher import build
build.ensure({root!r}, "")
"""

UV = """#!{python}
import sys, time, venv
from pathlib import Path
here = Path(__file__).parent
with (here / "uv.log").open("a") as log:
    print(*sys.argv[1:3], file=log)
if (here / "fail").exists():
    sys.exit("error: os error 28")
if sys.argv[1] == "venv":
    venv.create(sys.argv[-1], symlinks=True)
else:
    deadline = time.monotonic() + {deadline}
    while (here / "wait").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
"""


@dataclass(frozen=True)
class Checkout:
    """`root` is the checkout, `bin` a folder at the head of the PATH."""

    root: Path
    bin: Path

    def environ(self, **more: str) -> dict[str, str]:
        """PATH without this machine's own tools but the shell's; no index, so that nothing is fetched."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        path = f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return {**kept, "PATH": path, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **more}

    def command(self, *arguments: str, python: str = sys.executable) -> list[str]:
        """Start the launcher by this Python, whatever python3 is on the PATH."""
        return [python, str(self.root / "iterativectl"), *arguments]

    def start(
        self, *arguments: str, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def set_up_without_ensurepip(self, environment: Path) -> subprocess.CompletedProcess[str]:
        """Make .venv with a Python as some systems package it: no ensurepip. There is no uv on the PATH."""
        program = WITHOUT_ENSUREPIP.format(root=str(self.root))
        return subprocess.run(
            [environment / "bin" / "python", "-I", "-c", program],
            env=self.environ(PATH=os.devnull),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def lock(self, text: str, extra: str = "") -> None:
        """Write a lock file."""
        name = f"requirements-{extra}.lock" if extra else "requirements.lock"
        (self.root / name).write_text(text)

    def tool_calls(self) -> list[str]:
        """What the stand-in for uv was asked to do."""
        log = self.bin / "uv.log"
        return log.read_text().splitlines() if log.exists() else []

    def wait_for_call(self, number: int) -> None:
        """Until the stand-in has been asked so many times."""
        deadline = time.monotonic() + DEADLINE
        while len(self.tool_calls()) < number:
            assert time.monotonic() < deadline, f"uv was not asked {number} times"
            time.sleep(0.02)

    def hold(self) -> None:
        """The stand-in waits in its installing from now on."""
        (self.bin / "wait").touch()

    def release(self) -> None:
        """... and goes on."""
        (self.bin / "wait").unlink()

    def leftovers(self) -> list[str]:
        """What a set-up left beside .venv."""
        return sorted(path.name for path in self.root.glob(".venv-*"))


def said(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the stand-in program printed."""
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def make(folder: Path, *, uv: bool) -> Checkout:
    """A checkout whose lock files are empty."""
    root, tools = folder / "checkout", folder / "bin"
    (root / "src" / "iterativectl").mkdir(parents=True)
    tools.mkdir()
    for name in ("iterativectl", "iterative_imagination.py"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(
        ROOT / "src" / "launcher", root / "src" / "launcher", ignore=shutil.ignore_patterns("__pycache__")
    )
    (root / "src" / "iterativectl" / "__init__.py").touch()
    (root / "src" / "iterativectl" / "__main__.py").write_text(PROGRAM)
    made = Checkout(root, tools)
    made.lock("# nothing yet\n")
    made.lock("# nothing yet\n", "test")
    if uv:
        (tools / "uv").write_text(UV.format(python=sys.executable, deadline=DEADLINE))
        (tools / "uv").chmod(0o755)
    return made


def wheel(folder: Path, name: str, files: dict[str, str], scripts: Sequence[str] = ()) -> str:
    """Build a wheel by hand; returns the line that a lock file wants."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\n"
        + "".join(f"{one}={name}:main\n" for one in scripts),
    }
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for inner, text in contents.items():
            archive.writestr(inner, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{inner},sha256={digest},{len(text.encode())}\n"
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return f"{name} @ {path.as_uri()}\n"
