"""The painter as a Generator: tickets, files, events, findings."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.embedded_painter.easel import parameters, photo

from iterativectl.errors import ImageError, StopRequested
from iterativectl.events import Event
from iterativectl.generation import builder
from iterativectl.generation.embedded.painter import EmbeddedPainter
from iterativectl.model import Generation, Plan, Prompts, Settings
from iterativectl.ports import GenerationInputs
from iterativectl.project.tickets import TicketFile


class Clock:
    """Two seconds pass between any two looks at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self):
        raise AssertionError("the painter needs no time of day")

    def monotonic(self) -> float:
        self.seconds += 2.0
        return self.seconds

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the painter never waits")


class Desk:
    """One iteration's files around a painter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.painter = EmbeddedPainter(Clock())
        self.events: list[Event] = []
        self.attend: Callable[[], None] = lambda: None
        self.source = folder / "input.png"
        Image.fromarray(photo("pagoda")[:120, :160]).save(self.source)
        self.destination = folder / "images" / "iteration_1.png"
        self.graph = folder / "workflow" / "iteration_1_api.json"
        self.mask: Path | None = None

    @property
    def tickets(self) -> TicketFile:
        """As a new process finds them."""
        return TicketFile(
            self.folder / "tickets.json", lambda: "2026-01-09T22:25:59+01:00", lambda ticket: None
        )

    def generate(self, plan: Plan) -> Generation:
        return self.painter.generate(plan, self.inputs(), self.events.append)

    def inputs(self) -> GenerationInputs:
        return GenerationInputs(
            source=self.source,
            mask=self.mask,
            control_image=None,
            destination=self.destination,
            graph_destination=self.graph,
            tickets=self.tickets,
            attend=lambda: self.attend(),
            project="example",
            run_id="2026-01-09_22-25-59",
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def plan(positive: str = "sunset, dragon", negative: str = "", seed: int = 7, **changes) -> Plan:
    made = Plan(
        iteration=1,
        take=0,
        strategy="img2img",
        parent=None,
        source="input",
        workflow="workflow/none.json",
        ckpt_name="none",
        parameters=parameters(),
        prompts=Prompts(positive=positive, negative=negative),
        seed=seed,
        mask=None,
        reasons=(),
    )
    return dataclasses.replace(made, **changes)


def settings(positive: str, denoise: float = 0.5) -> Settings:
    return Settings(
        workflow="w",
        ckpt_name="c",
        parameters=parameters(denoise),
        prompts=Prompts(positive=positive, negative=""),
    )


def test_a_picture_with_its_recipe_and_its_record(desk: Desk) -> None:
    made = desk.generate(plan())
    with Image.open(desk.destination) as picture:
        assert picture.size == (made.width, made.height) == (160, 120)
        recipe = json.loads(picture.info["prompt"])
    record = json.loads(desk.graph.read_text())
    assert recipe["plan"]["prompts"]["positive"] == "sunset, dragon"
    assert list(recipe["edits"]["strengths"]) == ["sunset"]
    assert record["format"] == "embedded_painting/1"
    assert record["ticket"] == made.ticket == desk.tickets.all()[0].ticket
    assert [t.outcome for t in desk.tickets.all()] == ["collected"]
    assert made.seconds == 2.0


def test_notes_say_what_it_is_and_what_it_ignored(desk: Desk) -> None:
    notes = " | ".join(desk.generate(plan(negative="watermark")).notes)
    assert "a classical painter without a diffusion model" in notes
    assert "not understood: dragon" in notes
    assert "not understood in the negative prompt: watermark" in notes
    assert "sampler dpmpp_2m and scheduler karras were ignored" in notes
    assert "painted: sunset 0.73" in notes


def test_progress_from_nothing_to_all(desk: Desk) -> None:
    desk.generate(plan("sunset, fog", parameters=parameters(0.7)))
    assert desk.events[0].type == "generation_queued"
    progress = [e.data for e in desk.events if e.type == "generation_progress"]
    assert [(p["value"], p["max"], p["node"]) for p in progress] == [
        (0, 3, "sunset"),
        (1, 3, "fog"),
        (2, 3, "drift"),
        (3, 3, ""),
    ]


def test_the_same_plan_makes_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other")
    assert desk.generate(plan()).sha256 == other.generate(plan()).sha256
    assert desk.destination.read_bytes() == other.destination.read_bytes()


def test_a_finished_picture_is_collected_not_painted(desk: Desk) -> None:
    first = desk.generate(plan())
    written = desk.destination.stat().st_mtime_ns
    desk.events.clear()
    again = desk.generate(plan())
    assert (again.ticket, again.sha256, again.notes) == (first.ticket, first.sha256, first.notes)
    assert desk.destination.stat().st_mtime_ns == written
    assert not [e for e in desk.events if e.type == "generation_progress"]


def test_killed_before_the_picture_the_same_ticket_goes_on(desk: Desk) -> None:
    left = desk.tickets.open("embedded").ticket
    assert desk.generate(plan()).ticket == left
    assert len(desk.tickets.all()) == 1


def test_killed_before_the_ticket_was_settled_the_picture_is_collected(desk: Desk) -> None:
    first = desk.generate(plan())
    path = desk.folder / "tickets.json"
    path.write_text(path.read_text().replace('"collected"', "null"))
    desk.events.clear()
    assert desk.generate(plan()).sha256 == first.sha256
    assert not [e for e in desk.events if e.type == "generation_progress"]
    assert desk.tickets.all()[0].outcome == "collected"


@pytest.mark.parametrize("damage", ["another seed", "cut off", "another picture", "no recipe"])
def test_what_is_not_this_plans_picture_is_painted_anew(desk: Desk, damage: str) -> None:
    good = desk.generate(plan()).sha256
    if damage == "another seed":
        desk.generate(plan(seed=8))
    elif damage == "cut off":
        desk.destination.write_bytes(desk.destination.read_bytes()[:-600])
    else:
        strange = io.BytesIO()
        Image.new("RGB", (160, 120), "red").save(strange, format="PNG")
        desk.destination.write_bytes(strange.getvalue())
    assert desk.generate(plan()).sha256 == good


def test_another_source_is_another_picture(desk: Desk) -> None:
    first = desk.generate(plan())
    Image.fromarray(photo("pagoda")[:120, 20:180]).save(desk.source)
    assert desk.generate(plan()).sha256 != first.sha256


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_stop_between_passes_cancels_the_ticket(desk: Desk, after: int) -> None:
    looks = []

    def attend() -> None:
        looks.append(1)
        if len(looks) > after:
            raise StopRequested("a stop was asked for")

    desk.attend = attend
    with pytest.raises(StopRequested):
        desk.generate(plan("sunset, fog"))
    assert [t.outcome for t in desk.tickets.all()] == ["cancelled"]
    assert not desk.destination.exists()
    desk.attend = lambda: None
    desk.generate(plan("sunset, fog"))
    assert [t.outcome for t in desk.tickets.all()] == ["cancelled", "collected"]


def test_a_mask_file_limits_the_edit(desk: Desk) -> None:
    desk.mask = desk.folder / "mask.png"
    mask = np.zeros((60, 80), np.uint8)
    mask[:, 40:] = 255
    Image.fromarray(mask).save(desk.mask)
    desk.generate(plan("night", mask="right"))
    with Image.open(desk.destination) as picture, Image.open(desk.source) as source:
        result, before = np.asarray(picture), np.asarray(source)
    assert (result[:, :80] == before[:, :80]).all()
    assert result[:, 90:].mean() < 0.6 * before[:, 90:].mean()


def test_a_source_that_is_no_picture_is_an_error_for_people(desk: Desk) -> None:
    desk.source.write_bytes(b"not a picture")
    with pytest.raises(ImageError, match=r"input\.png"):
        desk.generate(plan())


def test_check_says_what_it_is_and_what_it_does_not_understand() -> None:
    found = EmbeddedPainter(Clock()).check(settings("sunset with a dragon on a throne"))
    assert "embedded engine: a classical painter without a diffusion model" in found[0].what
    assert [f.status for f in found] == ["ok", "warning"]
    assert "not understood: dragon, throne" in found[1].what


@pytest.mark.parametrize(("positive", "denoise"), [("", 0.5), ("dragon", 0.5), ("sunset", 0.0)])
def test_check_warns_when_nothing_will_be_painted(positive: str, denoise: float) -> None:
    found = EmbeddedPainter(Clock()).check(settings(positive, denoise))
    assert any("nothing to paint" in f.what for f in found)


def test_it_is_built_by_its_name(tmp_path: Path) -> None:
    painter = builder("embedded")(None, lambda name: tmp_path / name, {})
    assert painter.name == "embedded" and painter.supports == {"img2img", "inpaint"} and painter.reachable()
    assert (painter.strategy("", mask=False), painter.strategy("", mask=True)) == ("img2img", "inpaint")
