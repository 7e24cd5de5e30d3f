"""How a command asks the project's judge for a text, outside of any run.

What was asked and said is kept below working/rules/, and an answer is not bought twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from iterativectl import files
from iterativectl.assessing import DESCRIPTION_FORMAT
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.prompts import load_prompts
from iterativectl.config.types import AIGen
from iterativectl.drawing import settings
from iterativectl.errors import JudgeError, ProjectError, UsageError
from iterativectl.images.normalise import to_picture
from iterativectl.judging.judge import Judge
from iterativectl.loading import EMBEDDED, World, prompt_layers
from iterativectl.model import Call, Picture
from iterativectl.ports import Reply, VisionRequest
from iterativectl.project import records
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.usage import FromNow, UsageFile
from iterativectl.vision.router import Router
from iterativectl.vision.routes import build_models, build_router

ASKED_AGAIN = 1  # what cannot be used is asked once more, with what was wrong with it
QUOTED = 240  # characters of a reply in an error
FORMAT = "suggestion/1"
CURE = (
    "Name a vision model in AIVis.yaml (provider, model); docs/rules.md says how rules are written by hand."
)
Made = TypeVar("Made")


class NotSuggested(JudgeError):
    """A model answered, and there is nothing in it that can be used."""

    code = "not_suggested"


@dataclass(kw_only=True)
class Desk:
    """How one command asks: who, with what was answered before, and what it spends."""

    project: ProjectPaths
    workspace: WorkspacePaths
    router: Router
    ledger: FromNow
    aigen: AIGen
    longest: int
    by: str = ""
    calls: list[Call] = field(default_factory=list)

    @classmethod
    def of(cls, workspace: WorkspacePaths, project: ProjectPaths, fresh: bool, world: World) -> Desk:
        """Raises UsageError when AIVis.yaml names no model, ConfigError."""
        aivis = settings(project.aivis, load_aivis)
        models = [model for model in build_models(aivis, world.environ) if model and model.name != EMBEDDED]
        if not models:
            raise UsageError("the embedded judge measures light and colour: it cannot write rules", CURE)
        folder = project.rules_work
        ledger = FromNow(UsageFile(folder / "usage.jsonl", lambda: world.clock.now().isoformat()))
        router = build_router(
            aivis,
            (models[0], models[1] if len(models) > 1 else None),
            cache=_Kept(AnswerFiles(folder / "answers"), fresh),
            ledger=ledger,
            clock=world.clock,
        )
        return cls(
            project=project,
            workspace=workspace,
            router=router,
            ledger=ledger,
            aigen=settings(project.aigen, load_aigen),
            longest=aivis.max_image_px,
        )

    def usable(
        self,
        ask: Callable[[int, Sequence[str]], VisionRequest],
        read: Callable[[Reply, bool], tuple[Made, tuple[str, ...]]],
    ) -> Made:
        """What a reply says. `ask(sample, faults)` makes the request, `read(reply, last)` finds the faults.

        A reply with faults is asked for once more, and told them. Raises NotSuggested, and what Router.ask
        raises.
        """
        faults: tuple[str, ...] = ()
        for sample in range(1 + ASKED_AGAIN):
            request = ask(sample, faults)
            reply = self._answer(request)
            made, faults = read(reply, sample == ASKED_AGAIN)
            self._write_down(request, reply, faults)
            if not faults:
                return made
        raise self._no_use(reply, faults)

    def picture(self) -> Picture:
        """The input as the model is shown it. Raises ProjectError without one, ImageError."""
        return to_picture(self._input(), max_px=self.longest, name=self.project.input.name)

    def description(self) -> str:
        """The input in words: what a run wrote down, else asked for now, and kept for the runs.

        Raises what Router.ask raises.
        """
        data = self._input()
        digest = hashlib.sha256(data).hexdigest()
        path = self.project.description(digest)
        if path.exists():
            return str(records.read(path, DESCRIPTION_FORMAT).get("text", ""))
        templates = load_prompts(prompt_layers(self.workspace, self.project))
        text, record = Judge(ask=self.router.ask, templates=templates).describe(self.picture())
        if text:
            body = {"format": DESCRIPTION_FORMAT, "sha256": digest, "text": text}
            files.write_json(path, {**body, "raw": list(record.raw), "calls": records.to_json(record.calls)})
        return text

    def _input(self) -> bytes:
        path = self.project.input
        if not path.is_file():
            hint = "Put the picture there, or make the project with `project create NAME --input PICTURE`."
            raise ProjectError(f"{path} is missing", hint)
        return path.read_bytes()

    def _answer(self, request: VisionRequest) -> Reply:
        reply = self.router.ask(request)
        self.by = f"{reply.provider}/{reply.model}"
        self.calls += reply.calls
        return reply

    def _write_down(self, request: VisionRequest, reply: Reply, faults: Sequence[str]) -> None:
        """Keep what was asked and said: working/rules/KIND.json, the last one of each kind."""
        body: dict[str, Any] = {
            "format": FORMAT,
            "by": self.by,
            "prompt": request.prompt,
            "reply": reply.text,
            "finish": reply.finish,
            "faults": list(faults),
            "calls": records.to_json(self.calls),
        }
        files.write_json(self.project.rules_work / f"{request.kind}.json", body)

    def _no_use(self, reply: Reply, faults: Sequence[str]) -> NotSuggested:
        said = " ".join(reply.text.split())
        said = f"{said[:QUOTED]} ..." if len(said) > QUOTED else said
        quoted = f"\nIt replied: {said}" if said else ""
        error = NotSuggested(
            f"the reply of {self.by} cannot be used: {'; '.join(faults)}{quoted}",
            "Ask anew with --fresh, or name a larger model in AIVis.yaml.",
        )
        error.calls = tuple(self.calls)
        return error


class _Kept:
    """Answers that were given. `fresh`: those of earlier commands count as never given."""

    def __init__(self, answers: AnswerFiles, fresh: bool) -> None:
        self._answers = answers
        self._fresh = fresh

    def get(self, key: str) -> Reply | None:
        """The stored reply. Raises ProjectError when its file is damaged."""
        return None if self._fresh else self._answers.get(key)

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply; it takes the place of an earlier one."""
        self._answers.put(key, reply)
