"""The seams: what a generator, a vision model, a cache, a ledger and a reporter must do.

A new backend satisfies one of these in one file and adds one line to its package's dict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from iterativectl.events import Event
from iterativectl.model import Call, Finding, Generation, Item, Picture, Plan, Settings, Ticket

Purpose = Literal[
    "describe_image",
    "ask_questions",
    "evaluate_criteria",
    "compare_images",
    "judge_at_once",
    "compare_results",
    "improve_prompts",
    "suggest_parameters",
    "locate_region",
    "suggest_rules",
    "base_prompts",
]


class Reporter(Protocol):
    """A sink for events. Must not raise: a run is never ended by its spectators."""

    def __call__(self, event: Event) -> None: ...


class Tickets(Protocol):
    """The written-down tickets of one iteration (plan/iteration_N_tickets.json)."""

    def all(self) -> Sequence[Ticket]:
        """Every ticket of this plan, oldest first."""

    def open(self, host: str) -> Ticket:
        """Choose a new lower-case UUID, write it down durably, then return it. Call before the POST."""

    def settle(self, ticket: str, outcome: Literal["collected", "lost", "failed", "cancelled"]) -> None:
        """Write down how a ticket ended."""

    def adopt(self, ticket: str, served_as: str) -> None:
        """The server answered with another id than ours (old servers): that one is used from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationInputs:
    """All a generator needs beside the plan.

    `source` is the picture to edit (PNG file); `mask` a PNG of its size: white (and transparent) is what may
    change, so that LoadImage's picture, its mask output and every channel of LoadImageMask say the same.
    `control_image` is a picture that steers the result (edges, depth). `destination` is where the finished
    picture goes (written `*.partial`, verified, renamed, by iterativectl.files); `graph_destination` gets the
    graph as sent.
    `attend` must be called at least once a second during any wait: it raises when a person asked to stop;
    then the generator cancels its own jobs (only those), settles the ticket as cancelled and lets it through.
    `preview`, if somebody wants to see it, is shown the picture in the making about once a second: the bytes
    of a small picture file, as they came. It is quick and never raises; a generator may have nothing to show.
    """

    source: Path
    mask: Path | None
    control_image: Path | None
    destination: Path
    graph_destination: Path
    tickets: Tickets
    attend: Callable[[], None]
    project: str
    run_id: str
    preview: Callable[[bytes], None] | None = None


class Generator(Protocol):
    """Makes pictures. `supports` names strategies: img2img, txt2img, inpaint, control."""

    name: str
    supports: frozenset[str]

    def check(self, settings: Settings) -> Sequence[Finding]:
        """Look whether these settings can be run, without making anything."""

    def reachable(self) -> bool:
        """Whether a server behind it answers at this moment; a backend without one is always reachable."""

    def strategy(self, workflow: str, mask: bool) -> str:
        """What this workflow does with the picture, one of `supports`. `mask`: whether one is in play.

        Raises GenerationError or ConfigError for a workflow that cannot be read.
        """

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        """Make (or, for a ticket already sent, collect) the plan's picture at inputs.destination.

        May be called from several threads at once, each with its own plan and inputs.
        Raises GenerationError when this picture failed, ServerUnavailable when every server is gone.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a request used. cost_usd None: the provider does not say and no price is configured."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionRequest:
    """One request to a model.

    `items` are what is asked about; `facts` are the values the prompt was rendered from, so that the embedded
    judge need not parse a prompt that people may rewrite. `images` are (label, picture), shown in this order.
    `schema` is the JSON Schema of the answer (None: free text). `sample` counts deliberate repetitions.
    `max_tokens` bounds the reply's length (None: the provider's own bound).
    """

    kind: Purpose
    prompt: str
    items: tuple[Item, ...] = ()
    images: tuple[tuple[str, Picture], ...] = ()
    schema: Mapping[str, Any] | None = None
    sample: int = 0
    max_tokens: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: the text as it is, never interpreted here.

    `served_by` names the upstream that answered;
        `finish` is the provider's finish word ("stop", "length", ...). `calls` are filled in by the router.
    """

    text: str
    usage: Usage
    seconds: float
    served_by: str
    provider: str
    model: str
    finish: str = "stop"
    calls: tuple[Call, ...] = ()


class VisionModel(Protocol):
    """A model behind one wire format. `wire_version` changes when the request we send changes."""

    name: str  # the provider's name in AIVis.yaml
    model: str
    wire_version: str
    sees_images: bool

    def check(self) -> Sequence[Finding]:
        """Look whether the model is there and sees pictures, without spending anything."""

    def ask(self, request: VisionRequest) -> Reply:
        """Send once, no retries. Raises iterativectl.vision.errors.ProviderError."""


class AnswerCache(Protocol):
    """Replies already paid for, by content key. A put is durable when it returns."""

    def get(self, key: str) -> Reply | None: ...

    def put(self, key: str, reply: Reply) -> None: ...


# Called with (requests, USD) spent so far; raises LimitReached when one more request would be too many.
Room = Callable[[int, float], None]


def any_room(requests: int, usd: float) -> None:
    """Room without limits."""


class Ledger(Protocol):
    """What was spent (usage.jsonl): reserve before a request, settle after; an orphan counts in full.

    May be used by several threads at once.
    """

    def reserve(
        self, purpose: str, provider: str, model: str, worst_cost_usd: float | None, room: Room = any_room
    ) -> str:
        """Write the reservation durably and return its id; nothing is written where `room` raises.

        From the call of `room` until the reservation counts nobody else can reserve: a limit that is looked
        at and then passed by two threads at once would be no limit.
        """

    def settle(self, reservation: str, usage: Usage | None, error: str | None = None) -> None:
        """Write what it really used. usage None: the request failed; its worst cost counts unless free."""

    def spent(self) -> tuple[int, float]:
        """(requests, USD) so far, orphaned reservations at their worst case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is found at a server's address.

    word: `wanted` answers as that kind of server does, `other` is something else, `silent` takes the
    connection and does not answer, `nothing` listens there. `argv` is the command line that it names as its
    own, if it does.
    """

    word: Literal["wanted", "other", "silent", "nothing"]
    argv: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that a server computes on; memory in bytes, None where it does not say."""

    name: str
    type: str
    vram_total: int | None
    vram_free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Jobs in a queue: of this program (whichever run), and of others."""

    ours: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What a server says of itself. `models`: the folders it knows, with the number of files in each."""

    version: str
    python: str
    pytorch: str
    devices: tuple[Device, ...]
    running: Jobs
    pending: Jobs
    models: Mapping[str, int]


class Server(Protocol):
    """A generating server looked at from outside a run. Nothing is changed."""

    def found(self) -> Found:
        """What is there, within seconds. Never raises for what it finds."""

    def status(self) -> ServerStatus:
        """What it says of itself. Raises ServerUnavailable."""

    def jobs_of_others(self) -> int:
        """Jobs in its queue that this program did not send. Raises ServerUnavailable."""
