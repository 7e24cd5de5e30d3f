"""What was proposed for rules.yaml, as a diff, as lines and as data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iterativectl import rewriting
from iterativectl.cli.blocks import Block, Cell, Line, Tone, count, table
from iterativectl.cli.invocation import Invocation
from iterativectl.cli.status_view import spent
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths
from iterativectl.rewriting import Draft
from iterativectl.suggesting import BasePrompts, Suggestion

_WHAT = {"acceptance_criteria": "criterion", "questions": "question"}


def announce(invocation: Invocation, text: str) -> None:
    """Say what is waited for, where a person is looking."""
    if invocation.verbosity >= 0 and not invocation.as_json:
        invocation.err.show(Line(text, "quiet"))


def write(invocation: Invocation, draft: Draft, project: ProjectPaths) -> Path | None:
    """Write a draft that changes something; returns where the old file is kept. Raises as rewriting.write."""
    return rewriting.write(draft, project, invocation.env.clock.now()) if draft.changed else None


def show_diff(invocation: Invocation, draft: Draft) -> None:
    """The change on stdout: in colours on a terminal, else byte for byte, for `patch`."""
    out = invocation.out
    if not out.is_tty:
        out.write(draft.diff())
        return
    out.show(*(Line(line, _tone(line), whole=True) for line in draft.diff().splitlines()))


def suggestion_blocks(found: Suggestion, verbosity: int) -> list[Block]:
    """Why each proposal, what was not taken and why, and what it cost. Quiet: nothing but remarks."""
    if verbosity < 0:
        return _remarks(found.remarks)
    blocks: list[Block] = []
    proposals = found.vetted.proposals
    if proposals:
        blocks.append(Line(f"{found.by} proposes, and why:", "head"))
        rows: list[tuple[Cell | str, ...]] = []
        for proposal in proposals:
            rows.append((Cell(proposal.entry["field"], "good"), _WHAT[proposal.block], Cell(proposal.why)))
            rows += [("", "", Cell(f"mended: {text}", "quiet")) for text in proposal.mended]
        blocks.append(table(("", "", ""), rows))
    blocks += _dropped(found, verbosity)
    if found.vetted.notes:
        blocks.append(Line("It notes on the rules as a whole:", "head"))
        blocks += [Line(note, indent=1) for note in found.vetted.notes]
    return [*blocks, *_fared(found, verbosity), *_remarks(found.remarks), _spent(found.usage)]


def prompts_blocks(found: BasePrompts, verbosity: int) -> list[Block]:
    """The model's reason, what our own rules changed, and what it cost."""
    if verbosity < 0:
        return _remarks(found.remarks)
    blocks: list[Block] = [Line(f"{found.by}: {found.reason}", "head")] if found.reason else []
    if found.shaped:
        blocks.append(Line("The criteria's terms hold, whatever it wrote:"))
        blocks += [Line(text, indent=1) for text in found.shaped]
    return [*blocks, *_remarks(found.remarks), _spent(found.usage)]


def ending(
    draft: Draft, project: ProjectPaths, said: tuple[str, str], apply: bool, backup: Path | None
) -> list[Block]:
    """What became of it, and what can be done next. `said`: the command, and the goal it was given."""
    if not draft.changed:
        return [Line("rules.yaml stays as it is: there is nothing to write.", "head")]
    if apply:
        kept = f"The file before it: {backup.name}, beside it." if backup else ""
        return [
            Line(f"Written: {project.rules}", "good", whole=True),
            Line(kept, indent=1),
            Line(f"Next: iterativectl rules check --project {project.name}", indent=1, whole=True),
        ]
    command, goal = said
    wanted = f" --goal {shlex.quote(goal)}" if goal else ""
    again = f"iterativectl rules {command} --project {project.name}{wanted}"
    return [
        Line("Nothing was written.", "head"),
        Line(f"To write it: {again} --apply", indent=1, whole=True),
        Line("(the same answer is used, and not paid for again; --fresh asks for another)", "quiet", 1),
    ]


def suggestion(found: Suggestion, project: ProjectPaths, apply: bool, backup: Path | None) -> dict[str, Any]:
    """rules_suggestion/1."""
    vetted = found.vetted
    return {
        "project": project.name,
        **_written(found.draft, project, apply, backup),
        "by": found.by,
        "proposals": [
            {"block": p.block, "entry": dict(p.entry), "why": p.why, "mended": list(p.mended)}
            for p in vetted.proposals
        ],
        "dropped": [{"what": d.what, "reason": d.reason, "there_already": d.there} for d in vetted.dropped],
        "notes": list(vetted.notes),
        "fared": {name: records.to_json(fared) for name, fared in found.experience.fared.items()},
        "remarks": list(found.remarks),
        "usage": dict(found.usage),
    }


def prompts(found: BasePrompts, project: ProjectPaths, apply: bool, backup: Path | None) -> dict[str, Any]:
    """base_prompts/1."""
    return {
        "project": project.name,
        **_written(found.draft, project, apply, backup),
        "by": found.by,
        "reason": found.reason,
        "global": records.to_json(found.whole),
        "masks": records.to_json(found.masks),
        "shaped": list(found.shaped),
        "remarks": list(found.remarks),
        "usage": dict(found.usage),
    }


def _written(draft: Draft, project: ProjectPaths, apply: bool, backup: Path | None) -> dict[str, Any]:
    return {
        "file": str(project.rules),
        "changed": draft.changed,
        "written": apply and draft.changed,
        "backup": str(backup) if backup else None,
        "diff": draft.diff(),
    }


def _dropped(found: Suggestion, verbosity: int) -> list[Block]:
    """What was not taken. What the rules have already is counted, and named with -v."""
    there = [dropped for dropped in found.vetted.dropped if dropped.there]
    unfit = [dropped for dropped in found.vetted.dropped if not dropped.there]
    shown = [*unfit, *(there if verbosity > 0 else [])]
    blocks: list[Block] = []
    if shown:
        blocks.append(Line("Not taken:", "head"))
        blocks.append(table(("", ""), [(Cell(d.what, "unsure"), Cell(d.reason)) for d in shown]))
    if there and verbosity == 0:
        blocks.append(
            Line(f"{count(len(there), 'proposal')} that the rules have already (-v names them).", "quiet")
        )
    if not found.vetted.proposals and not found.vetted.dropped:
        blocks.append(Line(f"{found.by} finds nothing missing.", "good"))
    return blocks


def _fared(found: Suggestion, verbosity: int) -> list[Block]:
    """The criteria that a person should look at; with -v how all of them fared."""
    rows = []
    for name, fared in found.experience.fared.items():
        stuck = fared.total > 1 and fared.total in (fared.failed, fared.unclear)
        if stuck or verbosity > 0:
            cure = ". No picture shows it: ask for something else in its place, and take it out"
            hint = cure if stuck and fared.unclear else ""
            rows.append((Cell(name, "unsure" if stuck else "plain"), Cell(fared.in_words() + hint)))
    runs = found.experience.runs
    head = "In the last run:" if runs == 1 else f"In the last {count(runs, 'run')}:"
    return [Line(head, "head"), table(("", ""), rows)] if rows else []


def _spent(usage: Mapping[str, Any]) -> Line:
    if not usage["requests"]:
        return Line("Spent: nothing, the answer was given before.", "quiet")
    return Line(f"Spent: {spent(dict(usage))}.", "quiet")


def _remarks(remarks: tuple[str, ...]) -> list[Block]:
    return [Line(f"Note: {remark}.", "unsure") for remark in remarks]


def _tone(line: str) -> Tone:
    if line.startswith(("---", "+++")):
        return "head"
    tones: dict[str, Tone] = {"+": "good", "-": "bad", "@": "quiet", "\\": "quiet"}
    return tones.get(line[:1], "plain")
