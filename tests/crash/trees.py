"""Trees to compare: every file of a project, less what may differ between two runs of the same work."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iterativectl.errors import ImageError
from iterativectl.images.png import without_text

# The one list of what differs: file -> keys, at any depth. Times, random ids, and where an answer came from.
TIMES = frozenset({"at", "timestamp", "seconds"})
VOLATILE: Mapping[str, frozenset[str]] = {
    "working/checkpoint.json": frozenset({"updated_at"}),
    "working/RUN*/checkpoint.json": frozenset({"updated_at"}),
    "working/RUN*/run.json": frozenset({"started_at", "seed_id"}),
    # a ticket that a kill kept from being sent is lost, and there is another
    "working/RUN*/plan/*_tickets.json": frozenset({"tickets"}),
    "working/RUN*/workflow/*_api.json": frozenset({"ticket", "filename_prefix"}),
    "working/RUN*/answers/*.json": TIMES,
    "working/descriptions/*.json": TIMES | {"cached"},
    "working/RUN*/questions/*.json": TIMES | {"cached"},
    "working/RUN*/evaluation/*.json": TIMES | {"cached"},
    "working/RUN*/comparison/*.json": TIMES | {"cached"},
    "working/RUN*/advice/*.json": TIMES | {"cached"},
    "working/RUN*/metadata/*.json": TIMES | {"cached", "ticket"},
    # its usage is the run's: a request in flight at a kill counts too
    "output/output_metadata.json": TIMES | {"cached", "ticket", "usage"},
}
# A hash of a file with volatile keys is volatile too: it is checked against the file it names.
HASHED = "files"
# Notes of a picture that tell what happened to it on the way.
NOTES = ("made again: ", "the server had forgotten the job")
# What happened, kills included (each line is checked on its own), and who holds the lock.
NAMES = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d|[0-9a-f]{64}")
LOGS = ("events.jsonl", "usage.jsonl", "run.lock", "app.log")


def tree(project: Path) -> dict[str, Any]:
    """Every file and folder: pictures without text chunks, JSON less its volatile keys, the rest as it is.

    Run ids become RUN1, RUN2 in their order: a run that was killed before it began begins later. The hash of
    a picture becomes the hash of it without text chunks: ComfyUI's carry the ticket.
    """
    names = _names(project)
    found = {}
    for path in sorted(project.rglob("*")):
        name = _renamed(path.relative_to(project).as_posix(), names)
        if path.is_dir():
            found[f"{name}/"] = "a folder"
        elif path.name not in LOGS:
            found[name] = _content(path, name, names, project)
    return found


def difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """In words where two trees differ; [] when they do not."""
    lines = [f"missing: {name}" for name in sorted(expected.keys() - found.keys())]
    lines += [f"too many: {name}" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        if expected[name] != found[name]:
            lines.append(f"differs: {name}: {'; '.join(_where(expected[name], found[name]))[:600]}")
    return lines


def _names(project: Path) -> dict[str, str]:
    """What takes the place of times and hashes that are names."""
    runs = sorted(path.parent.name for path in project.glob("working/*/run.json"))
    put_aside = sorted(path.name for path in project.glob("working/*/superseded/*"))
    pictures = {
        hashlib.sha256(path.read_bytes()).hexdigest(): _picture(path) for path in project.rglob("*.png")
    }
    return (
        {name: f"TIME{number}" for number, name in enumerate(put_aside, 1)}
        | {run: f"RUN{number}" for number, run in enumerate(runs, 1)}
        | pictures
    )


def _picture(path: Path) -> str:
    try:
        return hashlib.sha256(without_text(path.read_bytes())).hexdigest()
    except ImageError as error:
        return f"not a picture: {error.message}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return NAMES.sub(lambda match: names.get(match[0], match[0]), text)


def _content(path: Path, name: str, names: Mapping[str, str], project: Path) -> Any:
    if path.suffix == ".png":
        return _picture(path)
    content = path.read_bytes()
    if path.suffix != ".json":
        return _renamed(content.decode(errors="replace"), names)
    try:
        value = json.loads(content)
    except ValueError as error:
        return f"not JSON: {error}"
    keys = next((keys for pattern, keys in VOLATILE.items() if fnmatch.fnmatch(name, pattern)), frozenset())
    return _stable(value, keys, names, project)


def _stable(value: Any, keys: frozenset[str], names: Mapping[str, str], project: Path) -> Any:
    if isinstance(value, dict):
        kept = {}
        for key, entry in value.items():
            if key == HASHED and isinstance(entry, dict):
                kept[key] = {_renamed(n, names): _matches(project / n, digest) for n, digest in entry.items()}
            elif key not in keys:
                kept[key] = _stable(entry, keys, names, project)
        return kept
    if isinstance(value, list):
        kept_entries = [entry for entry in value if not (isinstance(entry, str) and entry.startswith(NOTES))]
        return [_stable(entry, keys, names, project) for entry in kept_entries]
    return _renamed(value, names) if isinstance(value, str) else value


def _matches(path: Path, digest: str) -> str:
    if not path.is_file():
        return "the file is not there"
    same = hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return "as the file" if same else "not as the file"


def _where(expected: Any, found: Any, at: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        lines = []
        for key in [*expected, *(found.keys() - expected.keys())]:
            if expected.get(key) != found.get(key):
                lines += _where(expected.get(key), found.get(key), f"{at}.{key}")
        return lines
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            line
            for i, (a, b) in enumerate(zip(expected, found, strict=True))
            if a != b
            for line in _where(a, b, f"{at}[{i}]")
        ]
    return [f"{at} {expected!r} -> {found!r}"]
