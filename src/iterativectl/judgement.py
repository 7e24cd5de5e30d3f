"""Rules against any pictures: one after the other, each with its verdicts and what it took."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iterativectl.bench import Bench, Doing, Verdicts, judged
from iterativectl.errors import ImageError, IterativeError, JudgeUnavailable, LimitReached
from iterativectl.images.decode import MAX_BYTES
from iterativectl.judging.flips import majority
from iterativectl.judging.score import score
from iterativectl.model import Assessment, Comparison, Failure, Similarity, Verdict
from iterativectl.policy import stages
from iterativectl.project.usage import NOTHING, between


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
        try:
            found = _left(doing, stopped) if stopped else _counted(bench, path, doing, report)
        except (JudgeUnavailable, LimitReached) as error:
            stopped, found = error, _left(doing, error)
        report(found)
        done.append(found)
    return Session(pictures=tuple(done), stopped=stopped)


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
    """The file's bytes; what is no file, or too large to be looked at, is not read."""
    try:
        about = path.stat()
        if not (stat.S_ISREG(about.st_mode) or stat.S_ISFIFO(about.st_mode)):
            raise ImageError(f"{name} cannot be read: it is not a file", "Give the path of a picture.")
        if about.st_size > MAX_BYTES:
            size = f"{about.st_size / 2**20:.0f} MB, at most {MAX_BYTES // 2**20} MB are read"
            raise ImageError(f"{name} is too large: {size}", "Scale it down first.")
        return path.read_bytes()
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise ImageError(f"{name} cannot be read: {why}", "Give the path of a picture.") from error
