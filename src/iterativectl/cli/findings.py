"""Findings (of `doctor` and `run --dry-run`) as blocks: what, why, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, count, table
from iterativectl.cli.invocation import Invocation
from iterativectl.errors import ExitCode
from iterativectl.model import Finding
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths

TONES: dict[str, Tone] = {"ok": "good", "warning": "unsure", "error": "bad"}


class DryRun(Protocol):
    """What `--dry-run` found: findings, and sentences on what would be done."""

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def lines(self) -> Sequence[str]: ...


def show_dry_run(invocation: Invocation, project: ProjectPaths, found: DryRun) -> ExitCode:
    """Print what `--dry-run` found, and say whether it would run."""
    wrong = any(finding.status == "error" for finding in found.findings)
    if invocation.as_json:
        body = {"ok": not wrong, "findings": records.to_json(found.findings), "lines": list(found.lines)}
        invocation.print_json("dry_run/1", project=project.name, **body)
    else:
        invocation.out.show(*(Line(line) for line in found.lines), Line(""))
        invocation.out.show(*blocks(found.findings, invocation.verbosity))
    return ExitCode.USAGE if wrong else ExitCode.OK


def blocks(findings: Sequence[Finding], verbosity: int = 0) -> list[Block]:
    """A table with the worst last, where the eye is, and a line that sums it up. Quiet: no `ok` rows."""
    order = ("ok", "warning", "error")
    shown = sorted(findings, key=lambda finding: order.index(finding.status))
    if verbosity < 0:
        shown = [finding for finding in shown if finding.status != "ok"]
    summary = _summary(findings)
    return [_table(shown), summary] if shown else [summary]


def _table(findings: Sequence[Finding]) -> Table:
    rows = []
    for finding in findings:
        status = Cell(finding.status, TONES[finding.status])
        rows.append((status, Cell(f"{finding.what}: {finding.why}" if finding.why else finding.what)))
        if finding.todo:
            tone: Tone = "quiet" if finding.status == "ok" else "head"
            rows.append((Cell(""), Cell(f"do: {finding.todo}", tone)))
    return table(("", ""), rows)


def _summary(findings: Sequence[Finding]) -> Line:
    errors = sum(finding.status == "error" for finding in findings)
    warnings = sum(finding.status == "warning" for finding in findings)
    if errors:
        return Line(f"{count(errors, 'thing')} must be mended, {count(warnings, 'warning')}.", "bad")
    if warnings:
        return Line(f"It will run; {count(warnings, 'warning')}.", "unsure")
    return Line("All is well.", "good")
