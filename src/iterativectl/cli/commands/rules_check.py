"""`iterativectl rules check --project NAME`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current
from iterativectl.errors import ExitCode


@click.command(name="check")
@options.project
@options.json_output
@options.common
def command(project: str | None) -> int:
    """Check rules.yaml, and AIGen.yaml, AIVis.yaml and prompts.yaml with it. Exit code 2 on errors.

    Beside what makes a file unusable it finds rules that work against each other: a term that one criterion
    needs and another bans, questions nobody uses, masks that name unknown criteria, unknown placeholders in
    prompts.
    """
    from iterativectl.cli.blocks import Line, Tone, count
    from iterativectl.doctor import settings_problems

    invocation = current()
    paths = invocation.project(project)
    problems = settings_problems(invocation.workspace(), paths)
    errors = sum(problem.severity == "error" for problem in problems)
    if invocation.as_json:
        found = [
            {"severity": p.severity, "where": p.where, "path": p.path, "message": p.message} for p in problems
        ]
        invocation.print_json("rules_check/1", project=paths.name, ok=errors == 0, problems=found)
        return ExitCode.USAGE if errors else ExitCode.OK
    out = invocation.out
    for problem in problems:
        out.show(Line(f"{problem.severity}: {problem}", "bad" if problem.severity == "error" else "unsure"))
    warnings = len(problems) - errors
    if not problems:
        out.show(Line(f"{paths.name}: nothing to complain about.", "good"))
    else:
        tone: Tone = "bad" if errors else "unsure"
        out.show(Line(f"{paths.name}: {count(errors, 'error')}, {count(warnings, 'warning')}.", tone))
    return ExitCode.USAGE if errors else ExitCode.OK
