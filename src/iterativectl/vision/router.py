"""The way of one question: cache, limits, retries, the fallback provider; every attempt on the record.

A reply is stored before it is settled and used: a crash can cost the request in flight, never a second
purchase. A reservation that a crash leaves behind counts at its worst case.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

from iterativectl.clock import Clock
from iterativectl.config.types import Limits
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.model import Call, Finding, Picture
from iterativectl.ports import AnswerCache, Ledger, Reply, Usage, VisionModel, VisionRequest
from iterativectl.vision.errors import PAUSING, Kind, ProviderError
from iterativectl.vision.limits import require_room
from iterativectl.vision.wire import bound

LOG = logging.getLogger(__name__)
TICK = 1.0  # seconds between two looks at what a person asked for
_NOTHING = Usage(cost_usd=0.0)
Native = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


def here(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Work on pixels is done by whoever asks."""
    return work


@runtime_checkable
class Metered(Protocol):
    """A VisionModel behind a server: its requests are counted, cached and tried again.

    A model without these runs in this process: free, never retried, nothing to store.
    """

    @property
    def options(self) -> Any:
        """What beside the request decides the answer; part of a cached answer's key."""

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most; 0 free, None unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and after how long a failed request is sent again, and the run's limits."""

    retries: int = 2
    delay_seconds: float = 5.0
    limits: Limits = Limits()


@dataclass(kw_only=True)
class Router:
    """A VisionModel over one or two others. Several threads may ask at once.

    `attend` raises when a person asked to stop. `shrink` makes a picture smaller for a model that finds it
    too large; None: that is not tried. `native` hands what works on pixels to the thread that may do that.
    """

    primary: VisionModel
    fallback: VisionModel | None
    cache: AnswerCache
    ledger: Ledger
    patience: Patience
    clock: Clock
    attend: Callable[[], None] = field(default=lambda: None)
    shrink: Callable[[Picture], Picture] | None = None
    native: Native = field(default=here)

    @property
    def name(self) -> str:
        """The first provider's name."""
        return self.primary.name

    @property
    def model(self) -> str:
        """The first provider's model."""
        return self.primary.model

    @property
    def wire_version(self) -> str:
        """The first provider's."""
        return self.primary.wire_version

    @property
    def sees_images(self) -> bool:
        """Whether the first provider's model does."""
        return self.primary.sees_images

    def check(self) -> Sequence[Finding]:
        """The findings of both; what is wrong with the fallback is only a warning."""
        found = list(self.primary.check())
        for finding in self.fallback.check() if self.fallback else ():
            status = "warning" if finding.status == "error" else finding.status
            found.append(replace(finding, status=status, what=f"fallback: {finding.what}"))
        return found

    def ask(self, request: VisionRequest) -> Reply:
        """The stored reply, else the first provider's, else the fallback's.

        Raises LimitReached (nothing was sent past a limit), JudgeUnavailable (no provider can be used at
        all: the run pauses) or JudgeError (this request has no answer: the run goes on); all carry `calls`.
        """
        stored = self._stored(request)
        if stored is not None:
            return stored
        calls: list[Call] = []
        failures: list[ProviderError] = []
        for model, is_fallback in self._models():
            route = _Route(router=self, model=model, fallback=is_fallback, request=request, calls=calls)
            try:
                return route.reply()
            except ProviderError as error:
                LOG.warning("%s %s: %s", request.kind, model.name, error.message)
                failures.append(error)
            except LimitReached as error:
                error.calls = tuple(calls)
                raise
        raise _given_up(failures, calls)

    def wait(self, seconds: float) -> None:
        """Let time pass, looking every TICK at what a person asked for."""
        end = self.clock.monotonic() + seconds
        self.attend()
        while (left := end - self.clock.monotonic()) > 0:
            self.clock.sleep(min(TICK, left))
            self.attend()

    def _models(self) -> Iterator[tuple[VisionModel, bool]]:
        yield self.primary, False
        if self.fallback is not None:
            yield self.fallback, True

    def _stored(self, request: VisionRequest) -> Reply | None:
        """What either provider has answered already: a paid answer is never bought twice."""
        for model, _ in self._models():
            reply = self.cache.get(key) if (key := cache_key(model, request)) else None
            if reply is not None:
                return replace(reply, calls=tuple(replace(call, cached=True) for call in reply.calls))
        return None


@dataclass(kw_only=True)
class _Route:
    """One request at one provider."""

    router: Router
    model: VisionModel
    fallback: bool
    request: VisionRequest
    calls: list[Call]
    _attempts: int = 0
    _cures: set[str] = field(default_factory=set)

    def reply(self) -> Reply:
        """Send until there is an answer or sending again is pointless. Raises ProviderError, LimitReached."""
        request = self.request
        left = self.router.patience.retries if isinstance(self.model, Metered) else 0
        while True:
            try:
                return self._send(request)
            except ProviderError as error:
                changed = self._cured(error, request)
                if changed is not None:
                    request = changed
                    continue
                if not error.retryable or left == 0:
                    raise
                left -= 1
                delay = self.router.patience.delay_seconds
                self.router.wait(delay if error.wait_seconds is None else error.wait_seconds)

    def _cured(self, error: ProviderError, request: VisionRequest) -> VisionRequest | None:
        """The request changed so that it may pass, each cure once; None when there is none."""
        cure = f"{error.kind} {error.parameter or ''}"
        if cure in self._cures or not isinstance(self.model, Metered):
            return None
        self._cures.add(cure)
        if error.kind == "truncated":
            return replace(request, max_tokens=2 * bound(request))
        if error.kind == "unsupported":
            return request  # the provider leaves the parameter out from now on
        if error.kind == "too_large" and self.router.shrink and request.images:
            shrink = self.router.native(self.router.shrink)
            smaller = tuple((label, shrink(picture)) for label, picture in request.images)
            return replace(request, images=smaller)
        return None

    def _send(self, request: VisionRequest) -> Reply:
        """One attempt, counted before it is made and recorded after."""
        self.router.attend()
        reservation = self._reserve(request)
        started = self.router.clock.monotonic()
        self._attempts += 1
        try:
            ask = self.model.ask if isinstance(self.model, Metered) else self.router.native(self.model.ask)
            reply = ask(request)
        except ProviderError as error:
            used = error.usage or (_NOTHING if error.unbilled else None)
            text = f"{error.kind}: {error.message}"
            if reservation is not None:
                self.router.ledger.settle(reservation, used, text)
            seconds = self.router.clock.monotonic() - started
            self.calls.append(self._call(used or Usage(), seconds, error=text))
            raise
        self.calls.append(self._call(reply.usage, reply.seconds, served_by=reply.served_by))
        reply = replace(reply, calls=tuple(self.calls))
        if key := cache_key(self.model, self.request):
            self.router.cache.put(key, reply)
        if reservation is not None:
            self.router.ledger.settle(reservation, reply.usage)
        return reply

    def _reserve(self, request: VisionRequest) -> str | None:
        """Write down what this may cost. Raises LimitReached. None for a model in this process."""
        model, ledger = self.model, self.router.ledger
        if not isinstance(model, Metered):
            return None
        worst = model.worst_cost_usd(request)
        room = partial(require_room, self.router.patience.limits, worst, self.model.model)
        return ledger.reserve(request.kind, self.model.name, self.model.model, worst, room)

    def _call(self, usage: Usage, seconds: float, *, served_by: str = "", error: str | None = None) -> Call:
        call = _call(self.request, self.model, self.fallback, attempts=self._attempts)
        return replace(
            call,
            tokens={"input": usage.input_tokens, "output": usage.output_tokens},
            cost_usd=usage.cost_usd,
            seconds=seconds,
            served_by=served_by,
            error=error,
        )


def cache_key(model: VisionModel, request: VisionRequest) -> str | None:
    """SHA-256 (hex) of all that decides the answer. None for a model in this process."""
    if not isinstance(model, Metered):
        return None
    content = {
        "provider": model.name,
        "model": model.model,
        "wire": model.wire_version,
        "kind": request.kind,
        "prompt": request.prompt,
        "images": [[label, picture.sha256] for label, picture in request.images],
        "schema": request.schema,
        "options": model.options,
        "max_tokens": bound(request),
        "sample": request.sample,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def _call(request: VisionRequest, model: VisionModel, fallback: bool, *, attempts: int) -> Call:
    """`attempts`: how often the request had been sent to this provider, this time included."""
    return Call(
        purpose=request.kind,
        provider=model.name,
        model=model.model,
        attempts=attempts,
        tokens={"input": 0, "output": 0},
        cost_usd=None,
        seconds=0.0,
        served_by="",
        fallback=fallback,
    )


def _given_up(failures: Sequence[ProviderError], calls: Sequence[Call]) -> JudgeError:
    """One error of the providers' last ones: the run pauses only if no other question could fare better."""
    pauses = all(failure.kind in PAUSING for failure in failures)
    error = (JudgeUnavailable if pauses else JudgeError)(
        "; the fallback failed too: ".join(failure.message for failure in failures),
        " Or: ".join(dict.fromkeys(failure.hint for failure in failures if failure.hint)),
    )
    error.calls = tuple(calls)
    return error


class Absent:
    """A provider that could not be set up (no key): it says so when it is needed, not before."""

    wire_version = "absent/1"
    sees_images = False

    def __init__(self, name: str, model: str, reason: JudgeError, kind: Kind = "auth") -> None:
        self.name = name
        self.model = model
        self._reason = reason
        self._kind = kind

    def check(self) -> Sequence[Finding]:
        """Why it is not there."""
        what = f"{self.name} {self.model} cannot be asked"
        return [Finding(status="error", what=what, why=self._reason.message, todo=self._reason.hint)]

    def ask(self, request: VisionRequest) -> Reply:
        """Raises ProviderError, always."""
        raise ProviderError(self._kind, self._reason.message, self._reason.hint)
