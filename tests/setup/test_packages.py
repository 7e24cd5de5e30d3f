"""The lock files, the version, and the data folders that travel in the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.setup.checkouts import ROOT

import iterativectl
from iterativectl import resources

LOCKS = {"": "requirements.lock", "test": "requirements-test.lock", "lint": "requirements-lint.lock"}
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?P<marker> ; .+)?")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")  # Python 3.10 has no reader for it


def pins(extra: str) -> list[str]:
    lines = (ROOT / LOCKS[extra]).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def wanted(table: str) -> list[str]:
    """The names in one list of pyproject.toml."""
    block = re.search(rf"^{table} = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    assert block
    return [
        name.lower().replace(".", "-")
        for name in re.findall(r'^\s+"([A-Za-z0-9._-]+)', block[1], re.MULTILINE)
    ]


@pytest.mark.parametrize("extra", LOCKS)
def test_a_lock_holds_exact_pins_and_no_address(extra: str) -> None:
    assert [line for line in pins(extra) if not PIN.fullmatch(line)] == []
    text = (ROOT / LOCKS[extra]).read_text(encoding="utf-8")
    assert re.findall(r"://|--\w+-url|find-links|file:|(?<![\w.])/\w", text) == []


@pytest.mark.parametrize("extra", LOCKS)
def test_everything_that_is_wanted_is_pinned(extra: str) -> None:
    names = {match["name"] for line in pins(extra) if (match := PIN.fullmatch(line))}
    assert set(wanted("dependencies")) <= names
    assert not extra or set(wanted(extra)) <= names


@pytest.mark.parametrize("extra", ["test", "lint"])
def test_an_extra_has_the_programs_pins(extra: str) -> None:
    def by_name(lines: list[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for line in lines:
            match = PIN.fullmatch(line)
            assert match
            found.setdefault(match["name"], set()).add(match["version"])
        return found

    ours, theirs = by_name(pins("")), by_name(pins(extra))
    assert {name: theirs.get(name) for name in ours} == ours


def test_the_version_is_said_once() -> None:
    assert f'\nversion = "{iterativectl.__version__}"\n' in PROJECT


def test_in_a_checkout_the_data_is_the_checkouts() -> None:
    assert resources.root() == ROOT
    assert resources.checkout() == ROOT
    for folder in ("defaults", "workflow", "schemas", "rules", "projects/example"):
        assert list(resources.path(folder).iterdir())


def test_installed_the_data_is_the_packages_own(tmp_path: Path) -> None:
    package = tmp_path / "iterativectl"
    package.mkdir()
    for name in ("__init__.py", "resources.py"):
        shutil.copy(ROOT / "src" / "iterativectl" / name, package / name)
    (package / "_data" / "schemas").mkdir(parents=True)
    program = "from iterativectl import resources; print(resources.path('schemas'), resources.checkout())"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.split() == [str(package / "_data" / "schemas"), "None"]


def test_every_data_folder_is_in_the_source_archive_too() -> None:
    shipped = re.search(r"^DATA = \[(.*?)\]", (ROOT / "setup.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert shipped
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    for name in re.findall(r'"([^"]+)"', shipped[1]):
        assert re.search(rf"^(graft|include) .*\b{re.escape(name)}\b", manifest, re.MULTILINE), name


@pytest.mark.parametrize("name", ["iterativectl", ".ci/run", ".ci/lock"])
def test_what_is_started_can_be_started(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
