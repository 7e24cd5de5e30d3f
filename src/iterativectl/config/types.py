"""What the YAML files say, as frozen dataclasses. Field meanings: docs/formats.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from iterativectl.model import Item, Prompts, Settings

EditStrength = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A criterion decided by pixels: `metric` is one of config.metrics.METRICS.

    region: whole | inside_mask | outside_mask | box | border. `box`: x, y, width, height; `border`: the width
    of a frame along the edges (of the shorter side), both in per cent. `colors` are #rrggbb. It passes inside
    [min, max], both in the metric's unit; with `relative`, where the change against the original lies there.
    """

    metric: str
    region: str = "whole"
    box: tuple[float, float, float, float] | None = None
    border: float | None = None
    colors: tuple[str, ...] = ()
    relative: bool = False
    min: float | None = None
    max: float | None = None

    @property
    def value_key(self) -> tuple[str, str]:
        """What the result's own value is recorded as: (metric with its colours, region with its numbers)."""
        return " ".join((self.metric, *self.colors)), self._place

    @property
    def key(self) -> tuple[str, str]:
        """What the deciding value is recorded as: with `relative` the change, else the value."""
        what, place = self.value_key
        return f"{what} change" if self.relative else what, place

    @property
    def _place(self) -> str:
        numbers = self.box or (() if self.border is None else (self.border,))
        return " ".join((self.region, *(f"{number:g}" for number in numbers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One acceptance criterion. `question` is empty when `measure` decides it."""

    field: str
    question: str = ""
    type: str = "boolean"  # boolean | integer | number
    min: float | None = None
    max: float | None = None
    intent: Literal["change", "preserve"] = "change"
    edit_strength: EditStrength = "medium"
    must_include: tuple[str, ...] = ()
    ban_terms: tuple[str, ...] = ()
    avoid_terms: tuple[str, ...] = ()
    weight: float = 1.0
    depends_on: tuple[str, ...] = ()
    gate: bool = False
    measure: Measure | None = None

    def item(self) -> Item:
        """The criterion as a vision model is asked about it."""
        return Item(
            field=self.field,
            question=self.question,
            type=self.type,
            min=self.min,
            max=self.max,
            intent=self.intent,
            edit_strength=self.edit_strength,
            must_include=self.must_include,
            ban_terms=self.ban_terms,
            avoid_terms=self.avoid_terms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about the result, asked before the criteria."""

    field: str
    question: str
    type: str = "string"  # string | integer | number | boolean | array
    min: float | None = None
    max: float | None = None
    enum: tuple[Any, ...] = ()
    items: Mapping[str, Any] | None = None

    def item(self) -> Item:
        """The question as a vision model is asked it."""
        return Item(
            field=self.field,
            question=self.question,
            type=self.type,
            min=self.min,
            max=self.max,
            enum=self.enum,
            items=self.items,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskCriteria:
    """Which criteria count while a mask is active."""

    name: str
    active_criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """config/rules.yaml."""

    name: str
    max_iterations: int = 20
    disable_general_notes: bool = False
    pass_score: float = 100.0
    patience: int | None = None
    max_failures: int = 3
    lock_seed: bool = False
    policy: str = "classic"
    acceptance_criteria: tuple[Criterion, ...] = ()
    questions: tuple[Question, ...] = ()
    masks: tuple[MaskCriteria, ...] = ()
    prompts: Prompts = Prompts(positive="", negative="")  # base prompts, where AIGen's are empty
    mask_prompts: Mapping[str, Prompts] = field(default_factory=dict)

    def in_force(self, mask: str | None) -> tuple[Criterion, ...]:
        """The criteria that count with this mask active: all of them where the rules say nothing else."""
        for entry in self.masks:
            if entry.name == mask:
                return tuple(c for c in self.acceptance_criteria if c.field in entry.active_criteria)
        return self.acceptance_criteria

    def base_prompts(self, mask: str | None, own: Prompts) -> Prompts:
        """`own`, and where it is empty the base prompts: the mask's, else those for all."""
        ours = self.mask_prompts.get(mask or "", Prompts(positive="", negative=""))
        return Prompts(
            positive=own.positive or ours.positive or self.prompts.positive,
            negative=own.negative or ours.negative or self.prompts.negative,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A named mask picture, project-relative."""

    name: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """AIGen.yaml `masking`. grow and feather in pixels.

    `feather` is the width of the band around the grown mask in which the result fades into the original.
    `active_mask` may be "all": the masks one after the other.
    """

    enabled: bool = True
    active_mask: str | None = None
    masks: tuple[MaskFile, ...] = ()
    composite: bool = True
    grow: int = 0
    feather: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfyUI:
    """AIGen.yaml `comfyui`; times in seconds. `hosts` replace `base_url` where there are any.

    `path`, `python` and `args` are for a local installation that is started from here. `preview`: the picture
    in the making is asked for, for the viewer.

    A header value "env:NAME" is read from the environment at run time and never stored.
    """

    host: str = "localhost"
    port: int = 8188
    url: str | None = None
    hosts: tuple[str, ...] = ()
    path: str | None = None
    python: str | None = None
    args: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 1800.0
    queue_timeout_seconds: float = 43200.0
    wait_seconds: float = 900.0
    preview: bool = False

    @property
    def base_url(self) -> str:
        """Where the server is: `url`, else http://host:port; no slash at the end."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def base_urls(self) -> tuple[str, ...]:
        """Every server: `hosts` where there are any, else the one; no slashes at the end."""
        return tuple(host.rstrip("/") for host in self.hosts) or (self.base_url,)


@dataclass(frozen=True, slots=True, kw_only=True)
class AIGen:
    """config/AIGen.yaml (the start) or working/AIGen.yaml (as it stands)."""

    backend: str
    settings: Settings
    comfyui: ComfyUI = ComfyUI()
    tuning_suggest: bool = True
    masking: Masking = Masking()
    control_image: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hard limits of a run; None is no limit."""

    max_cost_usd: float | None = None
    max_requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """USD per million tokens, where the provider does not report a cost; None is unknown."""

    input: float | None = None
    output: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Who gives a second opinion. Prices and address are its own; None: the provider's."""

    provider: str
    model: str
    base_url: str | None = None
    prices: Prices = Prices()


@dataclass(frozen=True, slots=True, kw_only=True)
class AIVis:
    """config/AIVis.yaml. `api_key` is a secret: never written, never shown.

    `votes`: how often a criterion may be asked about a picture; odd, 1 is once. `calls`: questions, criteria
    and comparison in a request each, or in one. `disagreement`: what holds where the provider and the
    `ensemble` do not agree; the provider is the stronger one. `pairwise`: pictures of equal rank are shown
    beside each other.
    """

    provider: str
    model: str
    fallback_provider: str | None = None
    fallback_model: str | None = None
    api_key: str = field(default="", repr=False)
    base_url: str | None = None
    api: Literal["chat", "generate"] = "chat"
    num_ctx: int = 8192
    keep_alive: str = "10m"
    max_concurrent: int = 1
    timeout_seconds: float = 180.0
    retries: int = 2
    retry_delay_seconds: float = 5.0
    max_image_px: int = 1024
    limits: Limits = Limits()
    prices: Prices = Prices()
    votes: int = 1
    calls: Literal["separate", "merged"] = "separate"
    ensemble: tuple[Opinion, ...] = ()
    disagreement: Literal["unclear", "stronger"] = "unclear"
    pairwise: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplates:
    """prompts.yaml after merging: named templates with {placeholders}."""

    templates: Mapping[str, str]

    def render(self, name: str, **values: object) -> str:
        """Fill a template. KeyError for an unknown name is a bug: names are checked at load time."""
        return self.templates[name].format(**values)
