"""What the page asks for ahead of time is what its modules import, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from iterativectl import resources

IMPORTED = re.compile(r'^(?:import|export)\b[^;]*?"(\.[^"]+)";$', re.MULTILINE)


def imported(viewer: Path, start: str) -> set[str]:
    """The modules that one needs, and those that they need, without the one itself."""
    found: set[str] = set()
    waiting = [viewer / "js" / start]
    while waiting:
        module = waiting.pop()
        for name in IMPORTED.findall(module.read_text("utf-8")):
            path = (module.parent / name).resolve()
            if str(path) not in found and path.is_file():
                found.add(str(path))
                waiting.append(path)
    return {Path(path).relative_to(viewer.resolve()).as_posix() for path in found}


def named(viewer: Path, table: str) -> set[str]:
    """The modules that early.js asks for, by the name of its table."""
    text = (viewer / "js" / "early.js").read_text("utf-8")
    names = re.search(rf"{table} = `([^`]*)`", text)
    assert names is not None
    return {f"js/{name}.js" for name in names.group(1).split()}


def test_the_modules_of_every_page_are_asked_for_at_once() -> None:
    viewer = resources.path("viewer")
    assert named(viewer, "EVERY_PAGE") == imported(viewer, "app.js")


def test_the_modules_of_a_run_are_asked_for_at_once() -> None:
    viewer = resources.path("viewer")
    wanted = imported(viewer, "pages/run.js") | {"js/pages/run.js"}
    assert named(viewer, "RUN_PAGE") == wanted - named(viewer, "EVERY_PAGE")
