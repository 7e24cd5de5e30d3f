"""The embedded painter as a Generator: tickets, files and events around `painting.paint`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.errors import ImageError, OutOfMemory
from iterativectl.events import Event
from iterativectl.generation.embedded.effects import BACKGROUND_BLUR
from iterativectl.generation.embedded.painting import Bytes, Edits, edits, paint
from iterativectl.generation.embedded.pixels import Field
from iterativectl.images import png
from iterativectl.images.decode import verify_png
from iterativectl.images.normalise import from_pixels, to_mask, to_pixels
from iterativectl.model import Finding, Generation, Plan, Settings
from iterativectl.ports import GenerationInputs, Reporter

FORMAT = "embedded_painting/1"
WHAT_IT_IS = "embedded engine: a classical painter without a diffusion model"
_CANNOT = "it changes light, weather, season and style of the picture; it cannot draw or move things"
_CHUNK = "prompt"  # the PNG text chunk in which ComfyUI, too, keeps what a picture was made from


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One picture to be painted. `recipe` is all that its pixels follow from, as JSON text."""

    plan: Plan
    edits: Edits
    source: Bytes
    mask: Field | None
    recipe: str


class EmbeddedPainter:
    """Paints in this process: no server, no download, no GPU."""

    name = "embedded"
    supports = frozenset({"img2img", "inpaint"})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, settings: Settings) -> Sequence[Finding]:
        """Say what this engine is, and which words of the prompt it can do nothing with."""
        what = edits(settings.prompts, settings.parameters)
        found = [Finding(status="ok", what=WHAT_IT_IS, why=_CANNOT)]
        if what.unknown:
            found.append(
                Finding(
                    status="warning",
                    what=f"prompt: not understood: {', '.join(what.unknown)}",
                    why="the embedded engine knows only words for light, weather, season and style",
                    todo="Leave these words out, or use backend: comfyui, which can draw them.",
                )
            )
        if not what.strengths:
            found.append(
                Finding(
                    status="warning",
                    what="prompt: nothing to paint",
                    why="no word of the prompt names an edit, or denoise is 0: nothing would change",
                    todo="Name one, for example sunset, night, fog, winter, autumn, rain or oil painting.",
                )
            )
        return found

    def reachable(self) -> bool:
        """Always: there is no server."""
        return True

    def strategy(self, workflow: str, mask: bool) -> str:
        """It paints over the picture, inside the mask where there is one."""
        return "inpaint" if mask else "img2img"

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        """Paint the plan's picture, or collect it where it lies finished at its destination.

        A picture belongs to this plan when its `prompt` chunk holds the same recipe (plan, source, mask): the
        painter is deterministic, so it is the picture that would be painted. The ticket is left out of it, so
        that a resumed run ends with the same bytes. Raises ImageError for a source or mask that cannot be
        read, OutOfMemory, and whatever inputs.attend raises.
        """
        began = self._clock.monotonic()
        work = _prepared(plan, inputs)
        ticket = _ticket(inputs)
        report(Event(type="generation_queued", iteration=plan.iteration, data=_queued(ticket)))
        notes: tuple[str, ...] = ()
        content = _finished(inputs.destination, work.recipe)
        if content is None:
            files.write_json(inputs.graph_destination, _record(work, ticket))
            content, notes = self._painted(work, inputs, ticket, report)
            files.write_bytes(inputs.destination, content)
        inputs.tickets.settle(ticket, "collected")
        return Generation(
            sha256=hashlib.sha256(content).hexdigest(),
            width=work.source.shape[1],
            height=work.source.shape[0],
            ticket=ticket,
            seconds=round(self._clock.monotonic() - began, 3),
            notes=(*_notes(plan, work.edits), *notes),
        )

    def _painted(
        self, work: _Work, inputs: GenerationInputs, ticket: str, report: Reporter
    ) -> tuple[bytes, tuple[str, ...]]:
        def watch(done: int, total: int, name: str) -> None:
            try:
                inputs.attend()
            except BaseException:
                inputs.tickets.settle(ticket, "cancelled")
                raise
            data = {"value": done, "max": total, "node": name}
            report(Event(type="generation_progress", iteration=work.plan.iteration, data=data))

        try:
            painted = paint(work.source, work.edits, work.plan.seed, work.mask, watch)
        except MemoryError as error:
            inputs.tickets.settle(ticket, "failed")
            height, width = work.source.shape[:2]
            raise OutOfMemory(
                f"not enough memory to paint a picture of {width} x {height} pixels",
                "Make the input picture smaller.",
            ) from error
        return png.with_text(from_pixels(painted.pixels), {_CHUNK: work.recipe}), painted.notes


def _prepared(plan: Plan, inputs: GenerationInputs) -> _Work:
    content = inputs.source.read_bytes()
    source = to_pixels(content, name=inputs.source.name)
    mask, mask_content = None, b""
    if inputs.mask is not None:
        mask_content = inputs.mask.read_bytes()
        size = (source.shape[1], source.shape[0])
        mask = to_mask(mask_content, size, name=inputs.mask.name).astype(np.float32)
    what = edits(plan.prompts, plan.parameters)
    recipe = {
        "engine": WHAT_IT_IS,
        "plan": asdict(plan),
        "source_sha256": hashlib.sha256(content).hexdigest(),
        "mask_sha256": hashlib.sha256(mask_content).hexdigest() if mask_content else None,
        "edits": what.as_json(),
    }
    return _Work(
        plan=plan, edits=what, source=source, mask=mask, recipe=json.dumps(recipe, ensure_ascii=True)
    )


def _ticket(inputs: GenerationInputs) -> str:
    """The ticket that is still open or already collected from; a new one only where there is none."""
    for ticket in reversed(inputs.tickets.all()):
        if ticket.outcome in (None, "collected"):
            return ticket.ticket
    return inputs.tickets.open(EmbeddedPainter.name).ticket


def _finished(destination: Path, recipe: str) -> bytes | None:
    """The bytes of the finished picture, when it is there, whole, and made by this recipe."""
    if not destination.is_file():
        return None
    content = destination.read_bytes()
    try:
        verify_png(content, name=destination.name)
        texts = png.read_text(content, name=destination.name)
    except ImageError:
        return None
    return content if texts.get(_CHUNK) == recipe else None


def _queued(ticket: str) -> dict[str, Any]:
    return {"ticket": ticket, "host": EmbeddedPainter.name, "position": 0}


def _record(work: _Work, ticket: str) -> dict[str, Any]:
    """What stands in for the graph: the recipe, readable, with the ticket it was begun under."""
    return {"format": FORMAT, "ticket": ticket, **json.loads(work.recipe)}


def _notes(plan: Plan, what: Edits) -> tuple[str, ...]:
    parameters = plan.parameters
    notes = [
        f"{WHAT_IT_IS}; {_CANNOT}",
        f"sampler {parameters.sampler_name} and scheduler {parameters.scheduler} were ignored: it has none",
    ]
    painted = ", ".join(f"{name} {strength:.2f}" for name, strength in what.strengths.items())
    notes.append(
        f"painted: {painted}" if painted else "painted: nothing, no word of the prompt names an edit"
    )
    if what.drift > 0:
        notes.append(
            f"denoise {parameters.denoise:g} also blurs and moves what should stay ({what.drift:.2f} of 1)"
        )
    if what.unknown:
        notes.append(f"not understood: {', '.join(what.unknown)}")
    if what.unknown_negative:
        notes.append(f"not understood in the negative prompt: {', '.join(what.unknown_negative)}")
    if plan.mask and BACKGROUND_BLUR in what.strengths:
        notes.append("the mask is taken as the subject: the background blur works outside it")
    return tuple(notes)
