"""Judging one picture without a run: measured, asked and ruled as in a run.

Nothing is generated, compared in words or advised, and no step is a file: what was paid for is kept by the
router's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from iterativectl import files, masked
from iterativectl.assessing import DESCRIPTION_FORMAT
from iterativectl.clock import Clock
from iterativectl.config.types import Criterion, Rules
from iterativectl.errors import JudgeError
from iterativectl.images.normalise import Pixels, to_picture, to_pixels
from iterativectl.images.similarity import working_size
from iterativectl.judging import merged, rulings
from iterativectl.judging.judge import Judge, Pictures, Stakes
from iterativectl.measuring import Original, measure
from iterativectl.model import Picture, Similarity, Value, Verdict
from iterativectl.policy import stages
from iterativectl.ports import Reply, VisionRequest
from iterativectl.project import records
from iterativectl.project.usage import FromNow

Verdicts = tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is being done: picture `number` of `total`, asking `asking` of `askings`.

    `purpose` is that of the question, "" while it is measured.
    """

    number: int
    total: int
    name: str
    purpose: str
    asking: int = 1
    askings: int = 1


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All that pictures are judged with.

    `original` is the file (its name, its bytes) that they are compared with, `masks` the names of those in
    play, in order. `ready` is called once, before the first question: sentences about a judge that is not
    there; it raises JudgeUnavailable when no other is. `judge(nth)` asks as for the nth time; `merged`: all
    at once. `description` keeps the original in words.
    """

    rules: Rules
    masks: tuple[str, ...]
    regions: masked.Regions
    original: tuple[str, bytes]
    max_image_px: int
    merged: bool
    ready: Callable[[], tuple[str, ...]]
    judge: Callable[[int], Judge]
    description: Path
    ledger: FromNow
    clock: Clock

    @property
    def mask(self) -> str | None:
        """The last one in play: what it and those before it demand counts."""
        return self.masks[-1] if self.masks else None

    def criteria(self, mask: str | None) -> tuple[Criterion, ...]:
        """What counts for a picture that was made with this mask."""
        return stages.in_force(self.rules, self.masks, mask)

    @cached_property
    def pixels(self) -> Pixels:
        """The original. Raises ImageError."""
        name, data = self.original
        return to_pixels(data, name=name)

    @cached_property
    def compared(self) -> Pixels:
        """The original as comparisons take it."""
        return working_size(self.pixels)

    @cached_property
    def shown(self) -> Picture:
        """The original as a model is shown it."""
        name, data = self.original
        return to_picture(data, max_px=self.max_image_px, name=name)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Sentences about a judge that is not there, looked at once. Raises JudgeUnavailable."""
        return self.ready()


Tell = Callable[["Doing | str"], None]  # a text is a note, and may be repeated


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One picture on the bench: what is measured, and what a model is shown."""

    bench: Bench
    data: bytes
    mask: str | None
    doing: Doing
    tell: Tell
    likeness: Similarity
    measured: Mapping[tuple[str, str], float]
    result: Pixels = field(repr=False)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        return self.bench.criteria(self.mask)

    @property
    def decided(self) -> bool:
        """Whether pixels decide everything: no model is asked then."""
        gate = rulings.failing_gate(self.criteria, self.measured)
        return gate is not None or len(rulings.fixed(self.criteria, self.measured)) == len(self.criteria)

    def pictures(self, description: str) -> Pictures:
        """What a model is shown; with a mask its region beside the whole."""
        bench = self.bench
        shown = Pictures(
            original=bench.shown,
            result=to_picture(self.data, max_px=bench.max_image_px, name=self.doing.name),
            description=description,
            measured=self.measured,
            size=(self.result.shape[1], self.result.shape[0]),
        )
        region = bench.regions.of(self.mask) if self.mask else None
        found = region and masked.enlarged(region, bench.pixels, self.result, bench.max_image_px)
        return replace(shown, region=found[0], regions=found[1]) if found else shown

    def asked(self, judge: Judge, pictures: Pictures, answers: Mapping[str, Value] | None) -> _Said:
        """The verdicts of one asking. `answers` of an earlier one, None: the questions are asked as well."""
        questions, said = self.bench.rules.questions, None
        if self.bench.merged:
            self.tell(replace(self.doing, purpose=merged.KIND))
            said = merged.said(judge.at_once(questions, self.criteria, pictures, self.likeness).raw)
        if questions and (answers is None or self.bench.merged):
            self.tell(replace(self.doing, purpose="ask_questions"))
            answers = judge.answers(questions, pictures, said)[0]
        answers = answers or {}
        self.tell(replace(self.doing, purpose="evaluate_criteria"))
        stakes = Stakes(
            pass_score=self.bench.rules.pass_score,
            noted={question.question: answers.get(question.field) for question in questions},
        )
        verdicts, record = judge.verdicts(self.criteria, pictures, answers, stakes, said)
        for warning in record.warnings:
            self.tell(warning)
        return _Said(verdicts=verdicts, answers=answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    verdicts: Verdicts
    answers: Mapping[str, Value]


def judged(
    bench: Bench, data: bytes, mask: str | None, doing: Doing, tell: Tell
) -> tuple[tuple[Verdicts, ...], Similarity]:
    """The verdicts on one picture, one tuple an asking; and how alike it is.

    The questions are asked once, unless all is asked at once: what is repeated is what `votes` repeat. What
    no model decides is not repeated. Raises ImageError, and what a Judge raises.
    """
    tell(doing)
    result = to_pixels(data, name=doing.name)
    original = Original(compared=bench.compared, whole=lambda: bench.pixels)
    likeness, measured = measure(original, result, bench.regions, mask, bench.criteria(mask))
    look = _Look(
        bench=bench,
        data=data,
        mask=mask,
        doing=doing,
        tell=tell,
        likeness=likeness,
        measured=measured,
        result=result,
    )
    if look.decided:
        pictures = Pictures(original=bench.shown, result=bench.shown, measured=measured)
        return (bench.judge(0).verdicts(look.criteria, pictures, {})[0],), likeness
    for note in bench.absent:
        tell(note)
    pictures = look.pictures(_description(bench, doing, tell))
    found: list[Verdicts] = []
    answers: Mapping[str, Value] | None = None
    for nth in range(doing.askings):
        now = replace(look, doing=replace(doing, asking=nth + 1))
        said = now.asked(bench.judge(nth), pictures, answers)
        answers = said.answers
        found.append(said.verdicts)
    return tuple(found), likeness


def requests(bench: Bench, data: bytes, mask: str | None, name: str) -> tuple[VisionRequest, ...]:
    """What judging a picture once would ask if every question were answered at once; nothing is sent.

    Raises ImageError.
    """
    caught: list[VisionRequest] = []

    def catch(request: VisionRequest) -> Reply:
        caught.append(request)
        raise JudgeError("not asked: this only looks at what would be")

    deaf = replace(bench.judge(0), ask=catch, second=None)
    dry = replace(bench, ready=tuple, judge=lambda nth: deaf)
    doing = Doing(number=1, total=1, name=name, purpose="")
    judged(dry, data, mask, doing, lambda told: None)
    return tuple(caught)


def _description(bench: Bench, doing: Doing, tell: Tell) -> str:
    """The original in words, asked for once and kept; a run does the same, and finds it here."""
    path = bench.description
    if path.exists():
        return str(records.read(path, DESCRIPTION_FORMAT).get("text", ""))
    tell(replace(doing, purpose="describe_image"))
    text, record = bench.judge(0).describe(bench.shown)
    if text:
        body = {"format": DESCRIPTION_FORMAT, "sha256": path.stem, "text": text}
        files.write_json(path, {**body, "raw": list(record.raw), "calls": records.to_json(record.calls)})
    return text
