"""One iteration at one generator, as the runner would set it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iterativectl import resources
from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.events import Event
from iterativectl.generation.comfyui import build
from iterativectl.generation.comfyui.generator import ComfyUIGenerator
from iterativectl.generation.comfyui.pool import Pool
from iterativectl.generation.comfyui.waiting import Pace
from iterativectl.model import Generation, Parameters, Plan, Prompts, Settings
from iterativectl.ports import GenerationInputs
from iterativectl.project.tickets import TicketFile

WORKFLOW = "workflow/img2img_no_mask_api.json"
QUICK = Pace(
    connect=2.0,
    read=2.0,
    overall=5.0,
    attend=0.02,
    retries=(0.02, 0.05),
    handshake=0.5,
    poll_first=0.02,
    poll_longest=0.1,
    quiet=0.3,
    history_patience=0.5,
    grace=0.05,
    cancel=2.0,
    cancel_request=1.0,
    look=0.2,
    preview=0.02,
    slow_look=1.0,
    rest_first=0.3,
    rest_longest=2.0,
    sweep=0.1,
)
PARAMETERS = Parameters(denoise=0.5, cfg=7.0, steps=4, sampler_name="euler", scheduler="normal")
PLAN = Plan(
    iteration=3,
    take=0,
    strategy="img2img",
    parent=None,
    source="input",
    workflow=WORKFLOW,
    ckpt_name="tiny_sd15.safetensors",
    parameters=PARAMETERS,
    prompts=Prompts(positive="a red house", negative="blurry"),
    seed=42,
    mask=None,
    reasons=(),
)
SETTINGS = Settings(
    workflow=WORKFLOW, ckpt_name=PLAN.ckpt_name, parameters=PARAMETERS, prompts=PLAN.prompts, seed=42
)


@dataclass
class Rig:
    """One iteration at one generator. `events` collects what was reported.

    The options are those of AIGen.yaml's comfyui section; with `hosts` the generator is a pool.
    """

    folder: Path
    url: str
    pace: Pace = QUICK
    options: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    workflow: Path | None = None
    mask: Path | None = None
    control: Path | None = None
    ticket_file: type[TicketFile] = TicketFile
    preview: Callable[[bytes], None] | None = None
    attend: Callable[[], None] = lambda: None
    events: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda event: None

    def __post_init__(self) -> None:
        self._generator: ComfyUIGenerator | Pool | None = None

    @property
    def generator(self) -> ComfyUIGenerator | Pool:
        """The generator of this process; `new_process` makes another."""
        if self._generator is None:
            comfyui = ComfyUI(url=self.url, **self.options)
            control = str(self.control) if self.control else None
            aigen = AIGen(
                backend="comfyui",
                settings=SETTINGS,
                comfyui=comfyui,
                roles=self.roles,
                control_image=control,
            )
            self._generator = build(aigen, self._find, self.environ, pace=self.pace)
        return self._generator

    def _find(self, name: str) -> Path:
        return self.workflow or resources.path(*name.split("/"))

    def new_process(self) -> None:
        """Forget what only memory knows: the tickets on disk stay."""
        self._generator = None

    def tickets(self, plan: Plan = PLAN) -> TicketFile:
        """The tickets on disk."""
        path = self.folder / f"plan/iteration_{plan.iteration}_tickets.json"
        return self.ticket_file(path, lambda: "2026-01-01T00:00:00+00:00", lambda ticket: None)

    def outcomes(self, plan: Plan = PLAN) -> list[str | None]:
        """How the tickets ended, oldest first."""
        return [ticket.outcome for ticket in self.tickets(plan).all()]

    def destination(self, plan: Plan = PLAN) -> Path:
        return self.folder / f"images/iteration_{plan.iteration}.png"

    def inputs(self, plan: Plan = PLAN) -> GenerationInputs:
        return GenerationInputs(
            source=self.folder / "input.png",
            mask=self.mask,
            control_image=self.control,
            destination=self.destination(plan),
            graph_destination=self.folder / f"workflow/iteration_{plan.iteration}_api.json",
            tickets=self.tickets(plan),
            attend=lambda: self.attend(),
            project="example",
            run_id="2026-01-09_22-25-59",
            preview=self.preview,
        )

    def generate(self, plan: Plan = PLAN, **changes: Any) -> Generation:
        """Make a plan's picture; keywords change the plan."""
        plan = replace(plan, **changes)
        return self.generator.generate(plan, self.inputs(plan), self._report)

    def _report(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The data of all events of a type."""
        return [dict(event.data) for event in self.events if event.type == kind]
