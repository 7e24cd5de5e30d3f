"""Make an environment beside its place and rename it, or add the packages of an extra to the one there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from launcher import cures, stamp
from launcher.commands import CommandFailed, run
from launcher.installers import VERSION, Installer
from launcher.progress import Progress

EXTRAS = ("", "test")
NEW, OLD, KEPT = ".venv-new-", ".venv-old-", ".venv-kept-"
SOURCE_PATH = "iterativectl.pth"
ADDING = (
    "adding"  # in .venv while packages are added; found by a later start, it means half done: make it anew
)

Step = Callable[[Installer], None]


def make(root: Path, extra: str, tools: list[Installer], lock: int) -> None:
    """A new environment; the old one gives way only when the new one is whole. Raises cures.Unable."""
    new = root / f"{NEW}{os.getpid()}"
    lock_file = stamp.lock_of(str(root), extra)
    locks = _read_locks(root, extra)

    def create_and_install(tool: Installer) -> None:
        shutil.rmtree(new, ignore_errors=True)  # what a tool before this one began
        run([*tool.create, str(new)], progress, lock)
        run(tool.install(new, lock_file), progress, lock)

    title = f"setting up .venv with Python {VERSION} (once, about a minute)"
    try:
        with Progress(title, _package_count(lock_file)) as progress:
            _first_that_works(tools, create_and_install)
        _make_it_ours(root, new)
        _write_stamps(new, locks)
        _put_in_place(root, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def add(root: Path, extra: str, tools: list[Installer], lock: int) -> None:
    """The packages of an extra into .venv, where programs may be running meanwhile. Raises cures.Unable."""
    venv = Path(stamp.venv_of(str(root)))
    lock_file = stamp.lock_of(str(root), extra)
    locks = _read_locks(root, extra)
    (venv / ADDING).touch()
    with Progress(f"adding the {extra} packages to .venv (once)", _package_count(lock_file)) as progress:
        _first_that_works(tools, lambda tool: run(tool.install(venv, lock_file), progress, lock))
    _write_stamps(venv, locks)
    (venv / ADDING).unlink()


def is_half_added(root: Path) -> bool:
    """Whether an `add` began and did not end."""
    return (Path(stamp.venv_of(str(root))) / ADDING).exists()


def _first_that_works(tools: list[Installer], step: Step) -> None:
    """Raises cures.Unable with the last tool's words when none works."""
    output = ""
    for tool in tools:
        try:
            step(tool)
        except CommandFailed as failed:
            output = failed.output
        else:
            return
    raise cures.for_output(output)


def _make_it_ours(root: Path, new: Path) -> None:
    """The way to the source, relative: a checkout may be moved. And the final path in every script."""
    library = new / "lib" / f"python{VERSION}" / "site-packages"
    (library / SOURCE_PATH).write_text("../../../../src\n", encoding="utf-8")
    temporary, final = os.fsencode(new), os.fsencode(stamp.venv_of(str(root)))
    for path in [*(new / "bin").iterdir(), new / "pyvenv.cfg"]:
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if temporary in content:
                path.write_bytes(content.replace(temporary, final))


def _read_locks(root: Path, extra: str) -> dict[str, bytes]:
    """Read before anything is installed: a lock that changes meanwhile must not pass for the one we used.

    The lock of an extra holds the program's packages too.
    """
    return {name: stamp.lock_content(str(root), name) for name in {"", extra}}


def _write_stamps(venv: Path, locks: dict[str, bytes]) -> None:
    """Last of all: from now on the environment is whole."""
    line = stamp.interpreter_line(str(venv / "bin" / "python"))
    for extra, lock in locks.items():
        Path(stamp.path_of(str(venv), extra)).write_bytes(line + lock)


def _put_in_place(root: Path, new: Path) -> None:
    """Rename. An environment that somebody else made there is put aside, not deleted."""
    venv = Path(stamp.venv_of(str(root)))
    old = root / f"{OLD}{os.getpid()}"
    if venv.exists():
        ours = Path(stamp.path_of(str(venv), "")).exists()
        venv.rename(old if ours else _free_name(root))
    new.rename(venv)
    shutil.rmtree(old, ignore_errors=True)


def _free_name(root: Path) -> Path:
    number = 1
    while (root / f"{KEPT}{number}").exists():
        number += 1
    return root / f"{KEPT}{number}"


def _package_count(lock_file: str) -> int:
    """How many packages a lock names; one may have several lines, for different Pythons."""
    lines = Path(lock_file).read_text(encoding="utf-8").splitlines()
    return len({line.partition("==")[0] for line in lines if "==" in line and not line.startswith("#")})
