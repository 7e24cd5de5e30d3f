"""Where a model says that something is: tests/cases/locating/*.json, one file a family or a bad habit.

A case holds the model's name, the picture's size, the replies in their order ({"text", "finish"}, or an
object that is sent as JSON), and what must come of them: the boxes in the picture's pixels (`within` so
many), or words of the error. `asked`: how often.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl.config.prompts import load_prompts_beside_runs
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.images.normalise import to_pixels
from iterativectl.judging import conventions
from iterativectl.judging.boxes import MAX_BOXES, read_boxes
from iterativectl.judging.conventions import BY_NAME, FAMILIES, OTHERS, Family, family_of
from iterativectl.judging.locating import Located, Locator, NotLocated, Route
from iterativectl.ports import Reply, Usage, VisionRequest
from iterativectl.resources import path

CASES = sorted((Path(__file__).parent.parent / "cases" / "locating").glob("*.json"))
LONGEST = 1024


@dataclass
class Scripted:
    """Replies in their order; remembers what was asked."""

    replies: Sequence[Mapping[str, Any]]
    model: str = "qwen3-vl:4b"
    asked: list[VisionRequest] = field(default_factory=list)

    def __call__(self, request: VisionRequest) -> Reply:
        said = self.replies[len(self.asked)]
        self.asked.append(request)
        return Reply(
            text=text_of(said),
            usage=Usage(),
            seconds=0.1,
            served_by="a test",
            provider="ollama",
            model=self.model,
            finish=said.get("finish", "stop"),
        )


def text_of(said: Mapping[str, Any]) -> str:
    return str(said["text"]) if set(said) <= {"text", "finish"} else json.dumps(said)


def locator(*routes: Route) -> Locator:
    templates = load_prompts_beside_runs([path("defaults", "prompts.yaml")])
    return Locator(routes=routes, templates=templates, longest=LONGEST)


def route(model: str, ask: Callable[[VisionRequest], Reply], family: Family | None = None) -> Route:
    return Route(name=f"ollama/{model}", family=family or family_of(model), ask=ask)


def blank(size: Sequence[int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.zeros((size[1], size[0], 3), np.uint8)


def outcome(case: Mapping[str, Any], family: Family | None = None) -> tuple[Located | NotLocated, Scripted]:
    """What comes of a case: the places, or the error."""
    model = Scripted(case["replies"], case["model"])
    try:
        asker = locator(route(case["model"], model, family))
        return asker.locate(blank(case["size"]), case["target"]), model
    except NotLocated as error:
        return error, model


def wrong(case: Mapping[str, Any], found: Located | NotLocated, asked: int) -> list[str]:
    """How an outcome differs from what the case expects."""
    expect = case["expect"]
    differences = [] if asked == expect.get("asked", asked) else [f"asked {asked} times"]
    if isinstance(found, NotLocated):
        missing = [words for words in expect.get("error", ["places"]) if words not in found.message]
        return differences + [f"{words!r} is not in {found.message!r}" for words in missing]
    if "error" in expect:
        return [*differences, f"found {found.spots}"]
    boxes = [spot.box.as_list() for spot in found.spots]
    if np.shape(boxes) != np.shape(expect["boxes"]):
        return [*differences, f"{boxes} is not {expect['boxes']}"]
    if np.abs(np.subtract(boxes, expect["boxes"])).max() > expect["within"]:
        differences.append(f"{boxes} is not {expect['boxes']}")
    if "notes" in expect:
        said = " | ".join(found.notes)
        differences += [f"no note says {words!r}: {said}" for words in expect["notes"] if words not in said]
        differences += [] if expect["notes"] or not said else [f"noted {said!r}"]
    return differences + ([] if found.seen == expect.get("seen", found.seen) else [f"saw {found.seen!r}"])


def load(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file: Path) -> None:
    case = load(file)
    found, model = outcome(case)
    assert wrong(case, found, len(model.asked)) == []


FAMILY_CASES = [file for file in CASES if file.stem.startswith(("family_", "qwen25_"))]


@pytest.mark.parametrize("file", FAMILY_CASES, ids=lambda file: file.stem)
def test_a_mistaken_family_is_noticed(file: Path) -> None:
    """The planted mistake: another order, or another scale. Every family's case catches both."""
    case = load(file)
    right = family_of(case["model"])
    other_order = replace(right, order="x" if right.order == "y" else "y")
    other_scale = replace(right, pixels=not right.pixels)
    for mistaken in (other_order, other_scale):
        found, model = outcome({**case, "replies": case["replies"] * 2}, mistaken)
        assert wrong(case, found, len(model.asked)), mistaken


def eager(text: str) -> list[list[float]]:
    """A reader that expects what was asked for, and nothing else."""
    try:
        return [record["bbox_2d"] for record in json.loads(text)["boxes"]]
    except (ValueError, TypeError, KeyError):
        return []


def test_an_eager_reader_gets_most_habits_wrong() -> None:
    """Most files are there for something that the simplest reader does not do."""
    easy = []
    for case in map(load, CASES):
        boxes = [[round(float(n)) for n in box] for box in eager(text_of(case["replies"][0])) if _plain(box)]
        sent = conventions.sent_size(tuple(case["size"]), family_of("qwen3-vl"), LONGEST)
        read = [conventions.placed(box, family_of("qwen3-vl"), sent, tuple(case["size"])) for box in boxes]
        if [box.as_list() for box in read if not isinstance(box, str)] == case["expect"].get("boxes", []):
            easy.append(case["about"])
    assert len(easy) < len(CASES) * 0.6


def _plain(box: Any) -> bool:
    return (
        isinstance(box, list) and len(box) == 4 and all(isinstance(n, (int, float)) and n == n for n in box)
    )


def test_the_prompt_says_convention_target_and_shape() -> None:
    model = Scripted(
        [{"text": '{"boxes": [{"label": "jacket", "bbox_2d": [100, 100, 300, 400]}]}'}], "qwen2.5vl:7b"
    )
    locator(route("qwen2.5vl:7b", model)).locate(blank((1536, 2048)), " the\n jacket {x} ")
    (request,) = model.asked
    assert "say where it is: the jacket {x}\n" in request.prompt
    assert (
        '"bbox_2d": [x1, y1, x2, y2], in whole pixels. The picture is 756 wide and 1008 high'
        in request.prompt
    )
    assert '"boxes": [{"label": "...", "bbox_2d": [x1, y1, x2, y2]}, ...]' in request.prompt
    ((_, picture),) = request.images
    assert (picture.width, picture.height) == (756, 1008)
    assert to_pixels(picture.png).shape == (1008, 756, 3)
    assert request.kind == "locate_region" and request.facts == {"target": "the jacket {x}"}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_schema_and_sketch_name_the_same_key(family: Family) -> None:
    record = conventions.schema(family)["properties"]["boxes"]["items"]
    assert record["required"] == ["label", family.key]
    assert f'"{family.key}": [' in conventions.sketch(family)
    first = "ymin, xmin" if family.order == "y" else "x1, y1"
    assert f"[{first}" in conventions.in_words(family, (756, 1008))


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("qwen2.5vl:7b", "qwen2.5-vl"),
        ("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "qwen2.5-vl"),
        ("qwen/qwen-2.5-vl-7b-instruct:free", "qwen2.5-vl"),
        ("qwen2.5-omni", "qwen2.5-vl"),
        ("Qwen2-VL-7B-Instruct", "qwen2-vl"),
        ("qwen3-vl:235b-a22b", "qwen3-vl"),
        ("qwen/qwen3-vl-8b-instruct", "qwen3-vl"),
        ("qwen3.5:9b", "qwen3-vl"),
        ("google/gemini-3-flash", "gemini"),
        ("gemma3:4b", "gemini"),
        ("llava:13b", "thousandths"),
        ("gpt-4o", "thousandths"),
        ("", "thousandths"),
    ],
)
def test_the_family_of_a_model(model: str, family: str) -> None:
    assert family_of(model).name == family


def test_a_family_can_be_named_where_the_model_does_not_say() -> None:
    case = load(next(file for file in CASES if file.stem == "family_qwen25_pixels"))
    named = {**case, "model": "my-own-model"}
    assert wrong(case, outcome(named, BY_NAME["qwen2.5-vl"])[0], 1) == []
    assert wrong(case, outcome({**named, "replies": case["replies"] * 2})[0], 1)
    assert BY_NAME[OTHERS.name] is OTHERS


GOOD = {"text": '{"boxes": [{"label": "jacket", "bbox_2d": [100, 100, 300, 400]}]}'}
Y_FIRST = {"text": '{"boxes": [{"label": "jacket", "box_2d": [100, 100, 400, 300]}]}'}


def failing(error: Exception) -> Callable[[VisionRequest], Reply]:
    def ask(request: VisionRequest) -> Reply:
        raise error

    return ask


def test_the_fallback_is_asked_in_its_own_convention() -> None:
    gone = JudgeUnavailable("ollama cannot be reached", "Start it.")
    other = Scripted([Y_FIRST], "google/gemini-2.5-flash")
    asker = locator(route("qwen2.5vl:7b", failing(gone)), route("google/gemini-2.5-flash", other))
    located = asker.locate(blank((1000, 1000)), "the jacket")
    assert [spot.box.as_list() for spot in located.spots] == [[100, 100, 200, 300]]
    assert "[ymin, xmin, ymax, xmax]" in other.asked[0].prompt
    assert located.family == "gemini" and located.by == "ollama/google/gemini-2.5-flash"


def test_a_model_that_does_not_find_it_has_answered() -> None:
    other = Scripted([GOOD])
    asker = locator(route("qwen3-vl:4b", Scripted([{"text": '{"boxes": []}'}])), route("qwen3-vl:8b", other))
    with pytest.raises(NotLocated, match="ollama/qwen3-vl:4b did not find 'the jacket'"):
        asker.locate(blank((640, 480)), "the jacket")
    assert other.asked == []


def test_when_nobody_can_be_asked_both_reasons_are_said() -> None:
    gone = [JudgeUnavailable(f"{who} is gone", f"Start {who}.") for who in ("one", "two")]
    with pytest.raises(JudgeUnavailable) as caught:
        locator(*(route("qwen3-vl:4b", failing(error)) for error in gone)).locate(blank((640, 480)), "it")
    assert caught.value.message == "one is gone; the fallback failed too: two is gone"
    assert caught.value.hint == "Start one. Or: Start two."
    refused = [gone[0], JudgeError("the model refuses", "Ask otherwise.")]
    with pytest.raises(JudgeError) as caught_too:
        locator(*(route("qwen3-vl:4b", failing(error)) for error in refused)).locate(blank((640, 480)), "it")
    assert not isinstance(caught_too.value, JudgeUnavailable)


def test_a_limit_ends_it_at_once() -> None:
    other = Scripted([GOOD])
    asker = locator(
        route("qwen3-vl:4b", failing(LimitReached("the limit is reached"))), route("qwen3-vl:4b", other)
    )
    with pytest.raises(LimitReached):
        asker.locate(blank((640, 480)), "it")
    assert other.asked == []


def test_a_second_asking_is_a_new_sample() -> None:
    model = Scripted([{"text": "in the middle"}, GOOD])
    locator(route("qwen3-vl:4b", model)).locate(blank((640, 480)), "the jacket")
    assert [request.sample for request in model.asked] == [0, 1]
    assert model.asked[0].prompt == model.asked[1].prompt


# What comes is anything at all

pieces = st.sampled_from(
    [
        '{"boxes": [',
        '{"label": "jacket", ',
        '"bbox_2d": ',
        "[1, 2, 300, 400]",
        "[[1, 2], [3, 400]]",
        "]}",
        "}",
        "]",
        "[",
        "{",
    ]
    + [
        "<think>",
        "</think>",
        "```json\n",
        "```",
        "null",
        "NaN",
        "true",
        '"',
        "'",
        ",",
        ":",
        " not found ",
        "(1,2),(3,4)",
    ]
    + ['"x1": 5, ', '"seen": "a", ', "1e999", "-7", "0.5", "\\", "\n"]
)


@given(st.lists(pieces, max_size=14).map("".join) | st.text(max_size=60), st.sampled_from(["stop", "length"]))
@settings(max_examples=400)
def test_no_reply_breaks_the_reading(text: str, finish: str) -> None:
    """A reading is places, or nothing with or without a failure; never an exception, never both."""
    for family in (BY_NAME["qwen2.5-vl"], BY_NAME["gemini"]):
        reading = read_boxes(text, family, finish)
        assert not (reading.entries and reading.failure)
        assert all(np.isfinite(entry.numbers).all() for entry in reading.entries)
        assert len(reading.entries) <= MAX_BOXES


numbers = (
    st.floats(-3000, 3000)
    | st.integers(-2000, 5000).map(float)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(
    st.lists(numbers, min_size=4, max_size=4),
    st.sampled_from(FAMILIES),
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_a_place_lies_in_the_picture_or_is_none(
    four: list[float], family: Family, size: tuple[int, int]
) -> None:
    sent = conventions.sent_size(size, family, LONGEST)
    box = conventions.placed(four, family, sent, size)
    if not isinstance(box, str):
        assert box.within(size) == box and box.area > 0
        assert conventions.placed([four[2], four[3], four[0], four[1]], family, sent, size) == box


@given(st.tuples(st.integers(60, 5000), st.integers(60, 5000)), st.sampled_from(FAMILIES), st.data())
def test_what_a_model_would_say_of_a_box_comes_back(
    size: tuple[int, int], family: Family, data: st.DataObject
) -> None:
    """There and back: off by no more than a step of the family's scale."""
    sent = conventions.sent_size(size, family, LONGEST)
    width, height = (data.draw(st.integers(max(3, side // 10), max(3, side // 2))) for side in size)
    x, y = data.draw(st.integers(0, size[0] - width)), data.draw(st.integers(0, size[1] - height))
    scale = sent if family.pixels else (1000, 1000)
    said = [
        round(v / side * unit)
        for v, side, unit in zip((x, y, x + width, y + height), size * 2, scale * 2, strict=True)
    ]
    if family.order == "y":
        said = [said[1], said[0], said[3], said[2]]
    box = conventions.placed(said, family, sent, size)
    assert not isinstance(box, str)
    step = [0.5 * side / unit + 1 for side, unit in zip(size, scale, strict=True)]
    for found, true, most in zip(
        (box.left, box.top, box.right, box.bottom), (x, y, x + width, y + height), step * 2, strict=True
    ):
        assert abs(found - true) <= most
