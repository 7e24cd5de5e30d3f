"""What lies on the disk of the current workspace: finished iterations, books, logs, all as one digest."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.crash import trees
from tests.crash.scenes import ROOT


@dataclass(frozen=True)
class Books:
    """usage.jsonl of all runs. `spent`: USD, what is unknown at its worst."""

    reserved: int
    settled: int
    spent: float

    @property
    def unknown(self) -> int:
        return self.reserved - self.settled

    def less(self, before: Books) -> Books:
        return Books(
            self.reserved - before.reserved, self.settled - before.settled, self.spent - before.spent
        )


def books(root: Path = ROOT) -> Books:
    worst: dict[str, float] = {}
    reserved = settled = 0
    spent = 0.0
    for path in root.glob("working/*/usage.jsonl"):
        for line in map(json.loads, _whole_lines(path)):
            if line["event"] == "reserved":
                reserved += 1
                worst[line["id"]] = line["worst_cost_usd"] or 0.0
            else:
                settled += 1
                cost, at_worst = line["cost_usd"], worst.pop(line["id"])
                spent += at_worst if cost is None else cost
    return Books(reserved, settled, spent + sum(worst.values()))


def unreadable_events() -> list[str]:
    """Complaints about events.jsonl: every whole line of it can be read."""
    complaints = []
    for path in ROOT.glob("working/*/events.jsonl"):
        for number, line in enumerate(_whole_lines(path), 1):
            try:
                json.loads(line)
            except ValueError:
                complaints.append(f"{path}:{number} is not JSON")
    return complaints


def finished_files() -> set[tuple[str, str]]:
    """Every committed iteration's record and picture, put aside or not, and their bytes: they stay."""
    found = set()
    for folder in ("working/*", "working/*/superseded/*"):
        for record in ROOT.glob(f"{folder}/metadata/*.json"):
            picture = record.parents[1] / "images" / record.name.replace("_metadata.json", ".png")
            if not picture.exists():  # put aside one after the other
                picture = record.parents[3] / "images" / picture.name
            found |= {(path.name, _sha256(path)) for path in (record, picture)}
    return found


def digest(workspace: Path) -> str:
    """Of all names and bytes of the project; of events, which no run reads, whether the last is whole."""
    known = hashlib.sha256()
    for folder, _, names in sorted(os.walk(workspace / ROOT)):
        known.update(os.path.relpath(folder, workspace).encode())
        for name in sorted(names):
            content = Path(folder, name).read_bytes()
            if name == "events.jsonl":
                content = content[-1:]
            known.update(name.encode() + b"\0" + content + b"\0")
    return known.hexdigest()


def shape(workspace: Path) -> dict[str, object]:
    """All files: what is in finished ones, how many lines logs have, and the names of half-written ones."""
    found: dict[str, object] = {
        name: "" if name.endswith(".partial") else content
        for name, content in trees.tree(workspace / ROOT).items()
    }
    logs = (workspace / ROOT).glob("working/*/*.jsonl")
    return found | {path.name: path.read_bytes().count(b"\n") for path in logs}


def _whole_lines(path: Path) -> list[bytes]:
    """Without what a kill has torn off at the end: the next line cuts it off."""
    return path.read_bytes().split(b"\n")[:-1]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
