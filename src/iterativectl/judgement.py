"""Rules against any pictures, without a run: measured, asked, judged one after the other.

What a picture must satisfy, what is measured and what is asked are those of a run. Nothing is generated,
compared in words or advised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.assessing import DESCRIPTION_FORMAT, measure
from iterativectl.clock import Clock
from iterativectl.config.types import Criterion, Rules
from iterativectl.errors import ImageError, IterativeError, JudgeUnavailable, LimitReached
from iterativectl.images.normalise import Pixels, to_picture, to_pixels
from iterativectl.images.similarity import working_size
from iterativectl.judging import rulings
from iterativectl.judging.flips import majority
from iterativectl.judging.judge import Judge, Pictures
from iterativectl.judging.score import score
from iterativectl.masked import Regions
from iterativectl.model import Assessment, Comparison, Failure, Picture, Similarity, Verdict
from iterativectl.policy import stages
from iterativectl.project import records
from iterativectl.project.usage import NOTHING, FromNow, between

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One picture's judgement.

    `askings` are the verdicts of every asking; `verdicts` their majority, whose confidence is the share of
    askings that gave it, or the very verdicts of a single one. `fault` says why there are none. `usage` has
    requests, input_tokens, output_tokens, cost_usd, unknown; `seconds` wall time.
    """

    name: str
    verdicts: Verdicts = ()
    askings: tuple[Verdicts, ...] = ()
    similarity: Similarity | None = None
    score: float | None = None
    passed: bool = False
    fault: Failure | None = None
    usage: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What came of all pictures, in their order; `stopped` is what kept the last ones from being judged."""

    pictures: tuple[Judged, ...]
    stopped: IterativeError | None = None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All that pictures are judged with.

    `original` is the file (its name, its bytes) that they are compared with, `masks` the names of those in
    play, in order. `ready` is called once, before the first question: sentences about a judge that is not
    there; it raises JudgeUnavailable when no other is. `judge(nth)` asks as for the nth time. `description`
    keeps the original in words.
    """

    rules: Rules
    masks: tuple[str, ...]
    regions: Regions
    original: tuple[str, bytes]
    max_image_px: int
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
        """The original as comparisons take it. Raises ImageError."""
        name, data = self.original
        return working_size(to_pixels(data, name=name))

    @cached_property
    def shown(self) -> Picture:
        """The original as a model is shown it."""
        name, data = self.original
        return to_picture(data, max_px=self.max_image_px, name=name)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Sentences about a judge that is not there, looked at once. Raises JudgeUnavailable."""
        return self.ready()


Report = Callable[["Doing | Judged | str"], None]  # a text is a note, and may be repeated


def judge_all(bench: Bench, pictures: Sequence[tuple[str, Path]], askings: int, report: Report) -> Session:
    """Judge every picture (its name, its file). One that cannot be used is named, and the others are judged.

    When the judge is gone or a limit is reached, the pictures left are not judged and `stopped` says why.
    Raises ImageError for an original that cannot be used.
    """
    done: list[Judged] = []
    stopped: IterativeError | None = None
    _ = bench.pixels  # an original that cannot be used is nobody's picture's fault
    for number, (name, path) in enumerate(pictures, 1):
        doing = Doing(number=number, total=len(pictures), name=name, purpose="", askings=askings)
        judged = _left(doing, stopped) if stopped else None
        if judged is None:
            try:
                judged = _counted(bench, path, doing, report)
            except (JudgeUnavailable, LimitReached) as error:
                stopped, judged = error, _left(doing, error)
        report(judged)
        done.append(judged)
    return Session(pictures=tuple(done), stopped=stopped)


def judged(
    bench: Bench, data: bytes, mask: str | None, doing: Doing, report: Report
) -> tuple[tuple[Verdicts, ...], Similarity]:
    """The verdicts on one picture, one tuple an asking; and how alike it is.

    The questions are asked once: what is repeated is what `votes` repeat. What no model decides is not
    repeated. Raises ImageError, and what a Judge raises.
    """
    report(doing)
    result = to_pixels(data, name=doing.name)
    likeness, measured = measure(bench.pixels, result, bench.regions, mask)
    criteria = bench.criteria(mask)
    judge = bench.judge(0)
    if judge.gate(criteria, measured) is not None or len(rulings.fixed(criteria, measured)) == len(criteria):
        pictures = Pictures(original=bench.shown, result=bench.shown, measured=measured)
        return (judge.verdicts(criteria, pictures, {})[0],), likeness
    for note in bench.absent:
        report(note)
    pictures = Pictures(
        original=bench.shown,
        result=to_picture(data, max_px=bench.max_image_px, name=doing.name),
        description=_description(bench, judge, doing, report),
        measured=measured,
    )
    report(replace(doing, purpose="ask_questions"))
    answers = judge.answers(bench.rules.questions, pictures)[0] if bench.rules.questions else {}
    found = []
    for nth in range(doing.askings):
        report(replace(doing, purpose="evaluate_criteria", asking=nth + 1))
        found.append(bench.judge(nth).verdicts(criteria, pictures, answers)[0])
    return tuple(found), likeness


def combined(askings: Sequence[Verdicts]) -> Verdicts:
    """The majority of several askings, criterion by criterion; one asking as it is."""
    if len(askings) == 1:
        return askings[0]
    return tuple(_most(said) for said in zip(*askings, strict=True))


def _most(said: Verdicts) -> Verdict:
    outcome = majority([verdict.verdict for verdict in said])
    agreeing = [verdict for verdict in said if verdict.verdict == outcome]
    if not agreeing:
        counts = Counter(verdict.verdict for verdict in said)
        why = f"no majority: {', '.join(f'{count} {name}' for name, count in counts.most_common())}"
        return replace(said[0], verdict="unclear", value=None, confidence=None, reason=why)
    return replace(agreeing[0], confidence=round(len(agreeing) / len(said), 4))


def _counted(bench: Bench, path: Path, doing: Doing, report: Report) -> Judged:
    """One picture, with what it took."""
    began, before = bench.clock.monotonic(), bench.ledger.totals()
    name, fault = doing.name, None
    askings: tuple[Verdicts, ...] = ()
    likeness: Similarity | None = None
    try:
        askings, likeness = judged(bench, _content(path, name), bench.mask, doing, report)
    except ImageError as error:
        fault = Failure(code=error.code, message=error.message, hint=error.hint)
    verdicts = combined(askings) if askings else ()
    assessment = _assessment(bench, verdicts, likeness) if likeness else None
    after = bench.ledger.totals()
    return Judged(
        name=name,
        verdicts=verdicts,
        askings=askings,
        similarity=likeness,
        score=assessment.score if assessment else None,
        passed=stages.passes(assessment, bench.rules),
        fault=fault,
        usage=between(before, after),
        seconds=round(bench.clock.monotonic() - began, 3),
    )


def _assessment(bench: Bench, verdicts: Verdicts, likeness: Similarity) -> Assessment:
    return Assessment(
        answers={},
        verdicts=verdicts,
        comparison=Comparison(similarity=likeness),
        score=score(verdicts, bench.criteria(bench.mask)),
    )


def _left(doing: Doing, error: IterativeError) -> Judged:
    """A picture that nobody judged."""
    fault = Failure(code=error.code, message=f"not judged: {error.message}", hint=error.hint)
    return Judged(name=doing.name, fault=fault, usage=NOTHING, seconds=0.0)


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise ImageError(f"{name} cannot be read: {why}", "Give the path of a picture.") from error


def _description(bench: Bench, judge: Judge, doing: Doing, report: Report) -> str:
    """The original in words, asked for once and kept; a run does the same, and finds it here."""
    path = bench.description
    if path.exists():
        return str(records.read(path, DESCRIPTION_FORMAT).get("text", ""))
    report(replace(doing, purpose="describe_image"))
    text, record = judge.describe(bench.shown)
    if text:
        body = {"format": DESCRIPTION_FORMAT, "sha256": path.stem, "text": text}
        files.write_json(path, {**body, "raw": list(record.raw), "calls": records.to_json(record.calls)})
    return text


def samples(judged: Sequence[Judged]) -> Iterator[tuple[str, list[list[str]]]]:
    """Field -> what was said of it, a list for each picture."""
    found: dict[str, list[list[str]]] = {}
    for picture in judged:
        for said in zip(*picture.askings, strict=True):
            found.setdefault(said[0].field, []).append([verdict.verdict for verdict in said])
    yield from found.items()
