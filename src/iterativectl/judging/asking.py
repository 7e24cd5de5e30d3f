"""Sending one request to a model, and what is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iterativectl.errors import JudgeError, JudgeUnavailable
from iterativectl.judging import critique
from iterativectl.judging.finding import FAILURES
from iterativectl.judging.replies import Reading
from iterativectl.judging.votes import Vote
from iterativectl.model import Call, Flaw, Verdict
from iterativectl.ports import Reply, VisionRequest

Ask = Callable[[VisionRequest], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a step keeps of its requests: raw replies with how they were read, and the calls.

    `votes`: the answers that the verdicts follow from. `critique`: what the judge finds wrong. `opinions`: by
    field what each of two judges says. `warnings`: sentences for the person who watches.
    """

    raw: tuple[Mapping[str, Any], ...] = ()
    calls: tuple[Call, ...] = ()
    votes: tuple[Vote, ...] = ()
    critique: tuple[Flaw, ...] = ()
    opinions: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @staticmethod
    def joined(*parts: Record) -> Record:
        """Several steps' records as one; the first critique counts."""
        return Record(
            raw=tuple(entry for part in parts for entry in part.raw),
            calls=tuple(call for part in parts for call in part.calls),
            votes=tuple(vote for part in parts for vote in part.votes),
            critique=next((part.critique for part in parts if part.critique), ()),
            opinions={name: said for part in parts for name, said in part.opinions.items()},
            warnings=tuple(warning for part in parts for warning in part.warnings),
        )

    def noted(self, **entry: Any) -> Record:
        """With this beside every raw reply."""
        return replace(self, raw=tuple({**raw, **entry} for raw in self.raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request's reply as it came (None: it failed, `why` says so) and its record.

    `alone`: the reply holds other things beside what is read here.
    """

    reply: Reply | None
    record: Record
    why: str = ""
    alone: bool = False

    @property
    def by(self) -> str:
        """Who answered, or failed to, as it stands in a verdict."""
        if self.reply is not None:
            return f"{self.reply.provider}/{self.reply.model}"
        last = self.record.calls[-1:]
        return f"{last[0].provider}/{last[0].model}" if last else "nobody"

    def criticised(self, pointing: critique.Asked | None) -> Asked:
        """With the critique that the reply holds on record; `pointing` is how it was asked for, None: not."""
        if self.reply is None or pointing is None:
            return self
        reading = critique.read_critique(self.reply.text, self.reply.finish, pointing, self.reply.model)
        record = replace(self.record, critique=reading.flaws)
        return replace(
            self, record=record.noted(left_out=list(reading.left_out)) if reading.left_out else record
        )

    def read(self, parse: str, failure: str) -> Record:
        """The record, with how the reply was read."""
        return self.record.noted(parse=parse, failure=FAILURES.get(failure, ""))

    def read_as(self, reading: Reading) -> Record:
        """The record, with how the reply was read and what stayed unclear."""
        return self.read(reading.parse, reading.failure).noted(unclear=dict(reading.unclear))


def send(ask: Ask, request: VisionRequest) -> Asked:
    """Ask. A request that fails leaves no reply; raises JudgeUnavailable, and what else is no JudgeError."""
    raw: dict[str, Any] = {
        "purpose": request.kind,
        "sample": request.sample,
        "prompt_sha256": hashlib.sha256(request.prompt.encode()).hexdigest(),
        "shown": [label for label, _ in request.images],
    }
    try:
        reply = ask(request)
    except JudgeUnavailable:
        raise
    except JudgeError as error:
        raw |= {"error": error.message, "text": None}
        return Asked(reply=None, record=Record(raw=(raw,), calls=error.calls), why=error.message)
    raw |= {"by": f"{reply.provider}/{reply.model}", "finish": reply.finish, "text": reply.text}
    return Asked(reply=reply, record=Record(raw=(raw,), calls=reply.calls))
