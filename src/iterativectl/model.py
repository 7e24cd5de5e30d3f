"""The facts of a run. All frozen: a step makes a new fact, nothing is edited.

Words are those of docs/architecture.md: plan, generation, answers, verdicts, comparison, assessment, advice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Value = bool | int | float | str | Sequence[Any] | None
Outcome = Literal["passed", "failed", "unclear"]
SimilarityWord = Literal["same", "close", "different"]
Fault = Literal["prompt", "picture", "place"]
StopStatus = Literal["passed", "exhausted", "stopped", "no_progress", "unjudgeable", "paused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Sampler parameters. denoise in [0, 1], cfg in [1, 20], steps >= 1; names are ComfyUI's."""

    denoise: float
    cfg: float
    steps: int
    sampler_name: str
    scheduler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What the picture should show and what it should not."""

    positive: str
    negative: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What AIGen.yaml says of the picture: the start, or as it stands after an iteration.

    `seed` is None for "draw one each iteration". `mask` is the active mask's name, None without one.
    """

    workflow: str
    ckpt_name: str
    ckpt_name_inpaint: str | None = None
    parameters: Parameters
    prompts: Prompts
    seed: int | None = None
    mask: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an iteration will try, and why. Written first, frozen.

    `parent` is the iteration whose settings this starts from (None: the project's start settings);
    `source` is the picture that is edited: "input", or an iteration's number.
    `strategy` says what the workflow does with it: img2img, inpaint, control, txt2img.
    `take` counts how often this number was planned anew and is part of the rng seed.
    """

    iteration: int
    take: int
    strategy: str
    parent: int | None
    source: Literal["input"] | int
    workflow: str
    ckpt_name: str
    parameters: Parameters
    prompts: Prompts
    seed: int
    mask: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of making the picture, of those that a run of variants compares.

    `name` says in what it differs from the others. `sha256` is of the workflow's file, "" where the backend
    runs none. `reasons`: why its settings are not the project's own.
    """

    name: str
    workflow: str
    sha256: str
    ckpt_name: str
    strategy: str
    parameters: Parameters
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ComfyUI prompt_id chosen by us and written down before it is sent. `sent_at` is ISO 8601."""

    ticket: str
    host: str
    sent_at: str
    outcome: Literal["collected", "lost", "failed", "cancelled"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A picture that came back. `sha256` is of the file's bytes; size in pixels; `seconds` wall time.

    `notes` are sentences for people: "not understood: dragon", "the negative prompt is ignored by ...".
    """

    sha256: str
    width: int
    height: int
    ticket: str
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as a model is shown it: an upright 8-bit RGB PNG without text chunks."""

    png: bytes
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a model is asked about: a question, or a criterion with its tags."""

    field: str
    question: str
    type: str  # boolean | integer | number | string | array
    min: float | None = None
    max: float | None = None
    enum: tuple[Any, ...] = ()
    items: Mapping[str, Any] | None = None  # arrays: JSON schema of an element
    intent: str = ""  # criteria: change | preserve
    edit_strength: str = ""
    must_include: tuple[str, ...] = ()
    ban_terms: tuple[str, ...] = ()
    avoid_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One criterion's judgement.

    `value` is the typed answer (None when unclear), `confidence` in [0, 1] or None.
    `by` says who: "PROVIDER/MODEL", "measured:METRIC", "depends_on:FIELD", "gate:FIELD".
    """

    field: str
    verdict: Outcome
    value: Value
    confidence: float | None
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """0 a different picture - 1 identical, measured on pixels; `model` is the judge's word for it.

    `outside_before` is outside the mask as the workflow returned it, before the original was put back there.
    """

    measured: float
    inside_mask: float | None = None
    outside_mask: float | None = None
    outside_before: float | None = None
    changed_share: float = 0.0  # share of cells that changed, [0, 1]
    model: SimilarityWord | None = None

    @property
    def steering(self) -> float:
        """The figure that steers denoise: inside the active mask where there is one."""
        return self.measured if self.inside_mask is None else self.inside_mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the picture differs from the original: measured, and in a model's words."""

    similarity: Similarity
    differences: tuple[str, ...] = ()
    analysis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that the judge finds wrong with a picture: `mode` is one of judging.critique.MODES.

    `severity` is 1 (slight) to 3; `fault` is what failed. `box`: x, y, width, height in the picture's pixels.
    """

    mode: str
    severity: int | None = None
    fault: Fault | None = None
    what: str = ""
    box: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Two iterations of equal rank beside each other. `winner`: the one that is better in both orders."""

    newer: int
    older: int
    winner: int | None
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a model, for the record.

    tokens: {"input": n, "output": n}; cost_usd None: unknown.
    """

    purpose: str
    provider: str
    model: str
    attempts: int
    tokens: Mapping[str, int]
    cost_usd: float | None
    seconds: float
    served_by: str
    error: str | None = None
    fallback: bool = False
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All that the judge and the pixels say of one picture. `score` in [0, 100]."""

    answers: Mapping[str, Value]
    verdicts: tuple[Verdict, ...]
    comparison: Comparison
    score: float
    critique: tuple[Flaw, ...] = ()

    @property
    def unclear(self) -> int:
        """How many verdicts could not be read."""
        return sum(verdict.verdict == "unclear" for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a model suggested for the next try: a recorded fact, not an order. None: not asked or unusable."""

    prompts: Prompts | None = None
    parameters: Mapping[str, Any] | None = None  # any of denoise, cfg, steps, sampler_name, scheduler
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an iteration has no verdict: a code for programs, a message and a hint for people."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """One committed try. A failed one has a failure and no assessment, and has used up its number.

    `edited` holds the settings a person wrote into working/AIGen.yaml after this iteration: the base of
    the next plan.
    """

    plan: Plan
    status: Literal["ok", "failed"]
    assessment: Assessment | None = None
    advice: Advice | None = None
    failure: Failure | None = None
    edited: Settings | None = None

    @property
    def number(self) -> int:
        """The iteration's number, from 1."""
        return self.plan.iteration


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The set of committed iterations of a run, in order of number; holes are allowed.

    `edited_start` holds the settings a person wrote into working/AIGen.yaml before the first iteration.
    """

    iterations: tuple[Iteration, ...] = ()
    takes: Mapping[int, int] = field(default_factory=dict)  # number -> how often it was planned before
    preferences: tuple[Preference, ...] = ()
    rankings: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    edited_start: Settings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The policy's word that the run ends, with a sentence for people."""

    status: StopStatus
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `doctor`, `--dry-run` or a preflight: what was looked at, why, what to do."""

    status: Literal["ok", "warning", "error"]
    what: str
    why: str = ""
    todo: str = ""
