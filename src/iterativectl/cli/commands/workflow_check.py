"""`iterativectl workflow check [FILE] [--server] [--project P]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ExitCode, UsageError, WorkflowRejected

if TYPE_CHECKING:
    from iterativectl.cli.workflows import Shelved
    from iterativectl.config.sidecar import Sidecar
    from iterativectl.config.types import AIGen, ComfyUI
    from iterativectl.generation.inspection import Answer, Inspection
    from iterativectl.model import Finding
    from iterativectl.project.layout import ProjectPaths


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked. `aigen`: the project's settings, where it is the project's own workflow."""

    shelved: Shelved
    told: Sidecar | None
    project: ProjectPaths | None
    aigen: AIGen | None
    comfyui: ComfyUI


@dataclass(frozen=True, slots=True)
class Result:
    """What was found; without `inspection` it could not be read."""

    inspection: Inspection | None
    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way."""
        return all(finding.status != "error" for finding in self.findings)


@click.command(name="check")
@click.argument("file", metavar="[FILE]", required=False)
@options.project
@click.option("--server", is_flag=True, help="Ask ComfyUI whether it has the nodes and the model files.")
@click.option("--url", metavar="URL", help="Ask the ComfyUI at this address, not at the project's.")
@options.json_output
@options.common
def command(file: str | None, project: str | None, server: bool, url: str | None) -> int:
    """Whether a workflow can be read and run. Exit code 2 when it cannot, 4 when no server answers.

    FILE is a name from `workflow list`, a path, or a PNG that ComfyUI saved; without one it is the project's
    own workflow, which is checked with the project's settings. With --server, or --url, ComfyUI is asked: at
    the project's address, else at http://localhost:8188. Nothing is made.
    """
    invocation = current()
    subject = _subject(invocation, file, project)
    result = _checked(invocation, subject, _urls(subject, server, url))
    if invocation.as_json:
        invocation.print_json("workflow_check/1", **_data(subject, result))
    else:
        _show(invocation, subject, result, asked=server or url is not None)
    return ExitCode.OK if result.ok else ExitCode.USAGE


def _subject(invocation: Invocation, file: str | None, project: str | None) -> Subject:
    from iterativectl.cli import workflows
    from iterativectl.config.types import ComfyUI

    paths = workflows.project_meant(invocation, project)
    if paths is None:
        if file is None:
            raise UsageError("which workflow? Name a FILE, or a project with --project.", workflows.LIST)
        shelved = workflows.meant(invocation, None, file)
        return Subject(shelved, shelved.sidecar(), None, None, ComfyUI())
    aigen = workflows.settings(paths)
    own = None
    if file is None or aigen.backend == "comfyui":
        own = workflows.project_workflow(invocation, paths, aigen)
    chosen = workflows.meant(invocation, paths, file) if file is not None else own
    assert chosen is not None  # without a file, project_workflow gave one or raised
    is_own = own is not None and own.path.resolve() == chosen.path.resolve()
    return Subject(chosen, chosen.sidecar(), paths, aigen if is_own else None, aigen.comfyui)


def _urls(subject: Subject, server: bool, url: str | None) -> tuple[str, ...]:
    """The addresses to ask."""
    if url is not None:
        return (url.rstrip("/"),)
    return subject.comfyui.base_urls if server else ()


def _checked(invocation: Invocation, subject: Subject, urls: tuple[str, ...]) -> Result:
    from iterativectl import compose
    from iterativectl.cli import workflow_view
    from iterativectl.model import Finding

    shelved, aigen = subject.shelved, subject.aigen
    roles = aigen.roles if aigen else {}
    try:
        inspected = compose.inspect_workflow(shelved.content(), shelved.path.name, roles, aigen)
    except WorkflowRejected as error:
        return Result(None, (), (Finding(status="error", what=error.message, todo=error.hint),))
    pages = workflow_view.pages(subject.told)
    answers = []
    for url in urls:  # headers may hold a key: they go to the project's own servers alone
        headers = subject.comfyui.headers if url in subject.comfyui.base_urls else {}
        client = compose.comfyui_client(url, headers, invocation.world)
        answers.append(inspected.ask(client, pages))
    return Result(inspected.inspection, tuple(answers), tuple(_findings(inspected.inspection, answers)))


def _findings(inspection: Inspection, answers: list[Answer]) -> Iterator[Finding]:
    from dataclasses import replace

    from iterativectl.model import Finding

    yield Finding(status="ok", what=inspection.summary)
    for answer in answers:
        yield Finding(status="ok", what=f"ComfyUI {answer.version} answers at {answer.url}")
        for need in answer.models:
            if need.there:
                folder = f" in models/{need.folder}" if need.folder else ""
                yield Finding(status="ok", what=f"model file {need.file} is there{folder}")
        several = f"{answer.url}: " if len(answers) > 1 else ""
        yield from (replace(finding, what=f"{several}{finding.what}") for finding in answer.findings)


def _show(invocation: Invocation, subject: Subject, result: Result, *, asked: bool) -> None:
    from iterativectl.cli import findings as view
    from iterativectl.cli.blocks import Line

    out = invocation.out
    whose = f", with the settings of {subject.project.name}" if subject.aigen and subject.project else ""
    out.show(Line(f"{subject.shelved.path}{whose}", "head", whole=True))
    *found, summary = view.blocks(list(dict.fromkeys(result.findings)), invocation.verbosity)
    out.show(*found, Line("The graph can be read.", "good") if result.ok and not asked else summary)
    if result.inspection and invocation.verbosity >= 0:
        out.show(*(Line(f"note: {note}", "quiet") for note in result.inspection.notes))
    if result.inspection and not asked:
        files = ", ".join(need.file for need in result.inspection.models)
        needs = f"It needs {files}. " if files else ""
        out.show(Line(f"{needs}No server was asked: add --server.", "quiet"))


def _data(subject: Subject, result: Result) -> dict[str, Any]:
    from iterativectl.cli import workflow_view
    from iterativectl.project import records

    found, told = result.inspection, subject.told
    return {
        "workflow": subject.shelved.name,
        "path": str(subject.shelved.path),
        "project": subject.project.name if subject.aigen and subject.project else None,
        "ok": result.ok,
        "strategy": found.strategy if found else None,
        "roles": records.to_json(found.roles) if found else [],
        "models": [workflow_view.model(need, told) for need in found.models] if found else [],
        "notes": list(found.notes) if found else [],
        "findings": records.to_json(result.findings),
        "servers": [
            {
                "url": answer.url,
                "version": answer.version,
                "ok": all(finding.status != "error" for finding in answer.findings),
                "models": [workflow_view.model(need, told) for need in answer.models],
                "missing_nodes": records.to_json(answer.missing),
            }
            for answer in result.answers
        ],
    }
