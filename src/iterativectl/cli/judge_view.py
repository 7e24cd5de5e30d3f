"""What `judge` ends with: a table for each picture, a summary, what it cost; the same as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, count, table
from iterativectl.cli.live import duration
from iterativectl.cli.status_view import TONES, spent
from iterativectl.errors import ExitCode
from iterativectl.judging.flips import flips
from iterativectl.project import records

if TYPE_CHECKING:
    from iterativectl.compose_bench import Set
    from iterativectl.judgement import Judged, Session
    from iterativectl.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A session with what it was: on which bench, since when, how often each picture was asked about."""

    laid: Set
    session: Session
    began: datetime
    repeat: int

    @property
    def usage(self) -> dict[str, Any]:
        """What all pictures took."""
        return self.laid.bench.ledger.totals()


def exit_code(session: Session) -> ExitCode:
    """4 the judge is missing, 2 a picture cannot be read, 3 one does not pass, 0 all pass."""
    if session.stopped is not None:
        return session.stopped.exit_code
    if any(judged.fault is not None for judged in session.pictures):
        return ExitCode.USAGE
    return ExitCode.OK if all(judged.passed for judged in session.pictures) else ExitCode.NOT_ACCEPTED


def blocks(view: View, verbosity: int, junit: str | None) -> list[Block]:
    """The tables and the summary. Quiet: the tables and the first line of the summary."""
    shown: list[Block] = []
    for judged in view.session.pictures:
        shown += [*_picture(judged, view), Line("")]
    shown.append(_summary(view))
    if verbosity >= 0:
        shown += [Line(text, "quiet", 1) for text in _foot(view, junit)]
    return shown


def data(view: View) -> dict[str, Any]:
    """judge/1."""
    bench = view.laid.bench
    return {
        "project": view.laid.name,
        "judge": view.laid.judge,
        "original": bench.original[0],
        "mask": bench.mask,
        "repeat": view.repeat,
        "passed": all(judged.passed for judged in view.session.pictures),
        "pictures": [_data(judged, view.repeat) for judged in view.session.pictures],
        "stopped": _stopped(view.session),
        "usage": view.usage,
        "answers": str(view.laid.kept / "answers"),
        "exit_code": int(exit_code(view.session)),
    }


def flip_shares(judged: Judged) -> dict[str, float | None]:
    """Field -> how often two askings about it differ, 0-1; None where it was asked about once."""
    said = zip(*judged.askings, strict=True)
    return {verdicts[0].field: flips([[v.verdict for v in verdicts]]).share for verdicts in said}


def said(verdicts: Sequence[Verdict]) -> str:
    """`4 passed, 1 failed`."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def per_cent(share: float | None) -> str:
    """A share for people; "" for None."""
    return "" if share is None else f"{100 * share:.0f} %"


def fault_of(judged: Judged) -> str:
    """Why a picture was not judged, its name in front."""
    message = judged.fault.message if judged.fault else ""
    return message if message.startswith(judged.name) else f"{judged.name}: {message}"


def _picture(judged: Judged, view: View) -> list[Block]:
    if judged.fault is not None:
        shown: list[Block] = [Line(fault_of(judged), "bad", whole=True)]
        return [*shown, *([Line(judged.fault.hint, indent=1)] if judged.fault.hint else [])]
    words, tone = _in_words(judged, view)
    return [Line(f"{judged.name}: {words}", tone, whole=True), _table(judged, view)]


def _in_words(judged: Judged, view: View) -> tuple[str, Tone]:
    score = f"score {judged.score:.0f}"
    wanted = view.laid.bench.rules.pass_score
    if judged.passed:
        return f"passes, {score}", "good"
    if any(verdict.verdict == "failed" for verdict in judged.verdicts):
        needed = f", {wanted:g} needed" if wanted < 100 else ""
        return f"does not pass, {score}{needed}", "bad"
    return f"unclear, {score}", "unsure"


def _table(judged: Judged, view: View) -> Table:
    shares = flip_shares(judged)
    askings = {verdicts[0].field: verdicts for verdicts in zip(*judged.askings, strict=True)}
    questions = {c.field: c.question for c in view.laid.bench.rules.acceptance_criteria}
    rows = []
    for verdict in judged.verdicts:
        several = len(judged.askings) > 1
        confidence = "" if several or verdict.confidence is None else f"{verdict.confidence:.2f}"
        share = shares[verdict.field] if several else None
        rows.append(
            (
                verdict.field,
                Cell(verdict.verdict, TONES[verdict.verdict]),
                confidence,
                said(askings[verdict.field]) if several else "",
                Cell(per_cent(share), "unsure" if share else "quiet"),
                verdict.reason or questions.get(verdict.field, ""),
            )
        )
    return table(("criterion", "verdict", "confidence", "asked", "flips", "reason"), rows)


def _summary(view: View) -> Line:
    pictures = view.session.pictures
    passing = sum(judged.passed for judged in pictures)
    total = count(len(pictures), "picture")
    if passing == len(pictures):
        return Line(f"{total}: all pass." if len(pictures) > 1 else "The picture passes.", "good")
    open_ones = Counter(
        f"{verdict.field} {verdict.verdict}"
        for judged in pictures
        for verdict in judged.verdicts
        if verdict.verdict != "passed" and not judged.passed
    )
    lacks = [f"{what} ({number})" if len(pictures) > 1 else what for what, number in open_ones.most_common()]
    unread = sum(judged.fault is not None for judged in pictures)
    lacks += [f"{unread} not judged"] if unread else []
    return Line(f"{passing} of {total} {'passes' if passing == 1 else 'pass'}: {', '.join(lacks)}.", "bad")


def _foot(view: View, junit: str | None) -> list[str]:
    usage, lines = view.usage, []
    seconds = duration(sum(judged.seconds for judged in view.session.pictures))
    if view.session.stopped is not None:
        lines.append(view.session.stopped.hint)
    if view.repeat > 1:
        lines.append(f"asked {view.repeat} times; flips: how often two askings of one picture differ")
    cost = spent(usage) if usage["requests"] else "nothing was asked: measured, or answered before"
    lines.append(f"judge {view.laid.judge}, {seconds}, {cost}")
    if usage["requests"]:
        lines.append(f"answers are kept in {view.laid.kept / 'answers'}: the same again costs nothing")
    return [*(line for line in lines if line), *([f"report: {junit}"] if junit else [])]


def _data(judged: Judged, repeat: int) -> dict[str, Any]:
    shares = flip_shares(judged) if repeat > 1 else {}
    askings = {verdicts[0].field: verdicts for verdicts in zip(*judged.askings, strict=True)}
    verdicts = []
    for verdict in judged.verdicts:
        body: dict[str, Any] = dict(records.to_json(verdict))
        if repeat > 1:
            body["askings"] = [one.verdict for one in askings[verdict.field]]
            body["flips"] = shares[verdict.field]
        verdicts.append(body)
    return {
        "image": judged.name,
        "passed": judged.passed,
        "score": judged.score,
        "similarity": records.to_json(judged.similarity),
        "verdicts": verdicts,
        "fault": records.to_json(judged.fault),
        "usage": dict(judged.usage),
        "seconds": judged.seconds,
    }


def _stopped(session: Session) -> Mapping[str, str] | None:
    error = session.stopped
    return {"code": error.code, "message": error.message, "hint": error.hint} if error else None
