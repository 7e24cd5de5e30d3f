"""The end of a run of variants: a table with the best first, where the sheet is, and what to write down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, table
from iterativectl.cli.live import duration
from iterativectl.cli.status_view import spent
from iterativectl.comparing import FORMAT
from iterativectl.config.yaml_text import to_yaml
from iterativectl.errors import ExitCode
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths

if TYPE_CHECKING:
    from iterativectl.runner import Ended

Found = Mapping[str, Any]
TONES: dict[str, Tone] = {"passed": "good", "failed": "bad"}


def read(project: ProjectPaths, ended: Ended) -> Found:
    """What the run found: its variants.json."""
    return records.read(project.run(ended.run_id).variants, FORMAT)


def exit_code(found: Found) -> ExitCode:
    """0 all made and judged, 1 none could be made, 3 stopped before the end."""
    if found["status"] == "failed":
        return ExitCode.FAILED
    left = any(entry["status"] == "not made" for entry in found["variants"])
    return ExitCode.NOT_ACCEPTED if left else ExitCode.OK


def blocks(found: Found, project: ProjectPaths, ended: Ended, verbosity: int) -> list[Block]:
    """What `variants` ends with. Quiet: the table and the path."""
    shown: list[Block] = []
    if verbosity >= 0:
        tone = TONES.get(found["status"], "unsure")
        shown.append(Line(f"{found['reason'][:1].upper()}{found['reason'][1:]}.", tone))
    shown += [_table(found), Line(f"side by side: {project.root / found['sheet']}", "head", 1, whole=True)]
    if verbosity >= 0:
        cost = f", {spent(dict(ended.usage))}" if ended.usage.get("requests") else ""
        shown.append(Line(f"{duration(ended.seconds)}{cost}", "quiet", 1))
        shown += _next(found, project)
    return shown


def data(found: Found, project: ProjectPaths, ended: Ended) -> dict[str, Any]:
    """variants/1 with what a program needs beside the file."""
    body = {name: value for name, value in found.items() if name != "format"}
    return {
        "project": project.name,
        **body,
        "path": str(project.run(ended.run_id).variants),
        "sheet": str(project.root / found["sheet"]),
        "usage": dict(ended.usage),
        "seconds": ended.seconds,
        "exit_code": int(exit_code(found)),
    }


def _table(found: Found) -> Table:
    """The best first, then those without a picture in the order in which they were planned."""
    entries = sorted(found["variants"], key=lambda e: (e["rank"] is None, e["rank"] or e["iteration"]))
    return table(("nr", "variant", "score", "similarity", "result"), [_row(entry) for entry in entries])


def _row(entry: Found) -> tuple[Cell | str, ...]:
    number, name = str(entry["iteration"]), entry["name"]
    if entry["status"] == "failed":
        return number, name, "", "", Cell(f"not made: {entry['failure']['message']}", "bad")
    if entry["status"] != "ok":
        return number, name, "", "", Cell("not made: the run was stopped", "unsure")
    likeness = entry["similarity"]
    inside = likeness["inside_mask"]
    alike = likeness["measured"] if inside is None else inside
    lacks = [f"{word}: {', '.join(entry[word])}" for word in ("failed", "unclear") if entry[word]]
    result = Cell("passes", "good") if entry["passes"] else Cell("; ".join(lacks), "unsure")
    return number, name, f"{entry['score']:.0f}", f"{alike:.2f}", result


def _next(found: Found, project: ProjectPaths) -> list[Block]:
    """How to begin a run with the best."""
    if found["best"] is None:
        return []
    seed = f" --seed {found['run_seed']}" if found["run_seed"] is not None else ""
    run = f"`iterativectl run --project {project.name}{seed}`"
    if not found["to_use"]:
        return [
            Line(
                f"next: {run} begins with number {found['best']}, as AIGen.yaml says it", indent=1, whole=True
            )
        ]
    text = f"next: to begin a run with number {found['best']}, write into {project.aigen}"
    lines = to_yaml(found["to_use"]).rstrip().splitlines()
    return [
        Line(text, indent=1, whole=True),
        *[Line(line, indent=3, whole=True) for line in lines],
        Line(f"then {run}", indent=1, whole=True),
    ]
