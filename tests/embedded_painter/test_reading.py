"""What the painter makes of a prompt. Golden cases: prompt -> effects, and what was not understood."""

from __future__ import annotations

import pytest

from iterativectl.generation.embedded.reading import read, wishes
from iterativectl.model import Prompts

FIRM = 20.0  # at this cfg every word counts in full

CASES = [
    ("", {}, ()),
    ("sunset", {"sunset": 1.0}, ()),
    ("A castle at Golden Hour.", {"sunset": 1.0}, ("castle",)),
    ("golden hour sunset", {"sunset": 1.0}, ()),
    ("dragon, throne, sunset", {"sunset": 1.0}, ("dragon", "throne")),
    ("the dragon and the dragon", {}, ("dragon",)),
    ("light fog", {"fog": 0.65}, ()),
    ("warm light", {"warm": 1.0}, ()),
    ("dense fog, slight rain", {"fog": 1.2, "rain": 0.5}, ()),
    ("no fog", {}, ()),
    ("without any fog", {}, ("any",)),
    ("fog-free night", {"night": 1.0}, ()),
    ("no fog but snow", {"winter": 1.0}, ()),
    ("no fog, snow", {"winter": 1.0}, ()),
    ("no fog and rain", {}, ()),
    ("(fog:0.5)", {"fog": 0.5}, ()),
    ("(fog:1.15), night", {"fog": 1.15, "night": 1.0}, ()),
    ("((fog))", {"fog": 1.2}, ()),
    ("[fog]", {"fog": 0.9091}, ()),
    ("(soft (fog:1.1) at night:0.5)", {"fog": 0.385, "night": 0.5}, ()),
    ("(fog", {"fog": 1.0}, ()),
    ("fog)]", {"fog": 1.0}, ()),
    ("(fog:x)", {"fog": 1.1}, ()),
    (r"\(fog\)", {"fog": 1.0}, ()),
    ("autumn leaves; pencil sketches", {"autumn": 1.0, "pencil": 1.0}, ()),
    ("black and white", {"monochrome": 1.0}, ()),
    ("moonlit", {"night": 1.0, "moon": 1.0}, ()),
    ("<lora:fantasy:0.8>, fog", {"fog": 1.0}, ("lora:fantasy:0.8",)),
    ("shallow depth of field", {"background blur": 1.0}, ()),
    ("winter's night", {"winter": 1.0, "night": 1.0}, ()),
    ("beautiful photo of the same scene", {}, ()),
]


@pytest.mark.parametrize(("prompt", "wanted", "unknown"), CASES)
def test_prompt(prompt: str, wanted: dict[str, float], unknown: tuple[str, ...]) -> None:
    reading = read(prompt, FIRM)
    assert dict(reading.wanted) == pytest.approx(wanted, abs=1e-4)
    assert reading.unknown == unknown


@pytest.mark.parametrize(("cfg", "weight"), [(1.0, 0.65), (7.5, 0.825), (14.0, 1.0), (20.0, 1.0)])
def test_cfg_firms_what_only_suggests(cfg: float, weight: float) -> None:
    assert read("haze", cfg).wanted["fog"] == pytest.approx(weight)
    assert read("fog", cfg).wanted["fog"] == 1.0


def test_negative_prompt() -> None:
    wish = wishes(Prompts(positive="fog, night, sharp", negative="fog, dark, blurry, watermark"), FIRM)
    assert "fog" not in wish.effects
    assert wish.effects["night"] == 1.0
    assert wish.effects["bright"] == pytest.approx(0.4)
    assert wish.details == 1.0
    assert wish.unknown == () and wish.unknown_negative == ("watermark",)


def test_a_refusal_in_the_positive_prompt_counts_as_a_negative_word() -> None:
    assert "fog" not in wishes(Prompts(positive="misty, no fog", negative=""), FIRM).effects


def test_weights_stay_in_bounds() -> None:
    assert read("(((((dense fog:9)))))", 20.0).wanted["fog"] == 1.2
