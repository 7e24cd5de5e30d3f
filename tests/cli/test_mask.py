"""`mask create`, `mask show`, `mask list`: the whole command line, with a judge on a real port."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.cli.shell import Said, Shell, files_below
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import FakeOpenAICompatible

from iterativectl.cli.commands.mask_create import FAMILIES
from iterativectl.judging.conventions import BY_NAME

SIZE = (320, 240)
THING = (60, 50, 140, 150)  # x, y, width, height of the red thing
RULES = """\
project: {name: barn}
acceptance_criteria:
  - {field: golden, question: "Is the barn in golden light?", intent: change}
  - {field: same_barn, question: "Is it the same barn?", intent: preserve}
questions: []
"""
AIVIS = "provider: ollama\nmodel: qwen3-vl:4b\nretries: 0\n"


@pytest.fixture
def project(workspace: Path) -> Path:
    """projects/barn: a red ellipse on green, 320 x 240."""
    root = workspace / "projects" / "barn"
    (root / "config").mkdir(parents=True)
    (root / "input").mkdir()
    (root / "config" / "rules.yaml").write_text(RULES)
    (root / "config" / "AIVis.yaml").write_text(AIVIS)
    aigen(root)
    picture = Image.new("RGB", SIZE, (60, 140, 70))
    x, y, width, height = THING
    ImageDraw.Draw(picture).ellipse((x, y, x + width - 1, y + height - 1), fill=(180, 40, 40))
    noise = np.random.default_rng(0).integers(-8, 9, (*SIZE[::-1], 3))
    pixels = np.clip(np.asarray(picture).astype(int) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(root / "input" / "input.png")
    return root


def aigen(root: Path, masking: str = "") -> None:
    text = "backend: embedded\nworkflow_file: none.json\nmodel: {ckpt_name: none}\n"
    text += (
        "parameters: {denoise: 0.5, cfg: 7.0, steps: 4, seed: null, sampler_name: euler, scheduler: normal}\n"
    )
    text += 'prompts: {positive: "", negative: ""}\n'
    (root / "config" / "AIGen.yaml").write_text(text + masking)


def create(shell: Shell, *argv: object, name: str = "thing") -> Said:
    return shell("mask", "create", "--project", "barn", "--name", name, *argv)


def mask(project: Path, name: str = "thing") -> np.ndarray[Any, np.dtype[np.bool_]]:
    with Image.open(project / "input" / "masks" / f"{name}.png") as picture:
        assert picture.mode == "L" and picture.size == SIZE
        pixels = np.asarray(picture)
    assert set(np.unique(pixels)) <= {0, 255}
    return pixels > 0


def ellipse() -> np.ndarray[Any, np.dtype[np.bool_]]:
    canvas = Image.new("1", SIZE)
    x, y, width, height = THING
    ImageDraw.Draw(canvas).ellipse((x, y, x + width - 1, y + height - 1), fill=1)
    return np.asarray(canvas)


def alike(one: Any, other: Any) -> float:
    return float((one & other).sum() / (one | other).sum())


# Shapes and colours


def test_a_box_becomes_a_mask(shell: Shell, project: Path) -> None:
    said = create(shell, "--box", "10,20,100,60")
    assert said.code == 0, said.err
    expected = np.zeros(SIZE[::-1], bool)
    expected[20:80, 10:110] = True
    assert (mask(project) == expected).all()
    assert "Made the mask thing: input/masks/thing.png" in said.out
    assert "7.8 % of the picture, 100 x 60 px at 10, 20, of 320 x 240 px" in said.out
    assert "iterativectl run --project barn --mask thing" in said.out
    assert "masking: {active_mask: thing} in AIGen.yaml" in said.out


def test_boxes_in_per_cent_and_several(shell: Shell, project: Path) -> None:
    assert create(shell, "--box", "10%, 50%, 25%, 25%", "--box", "0 0 10 10px").code == 0
    expected = np.zeros(SIZE[::-1], bool)
    expected[120:180, 32:112] = True
    expected[:10, :10] = True
    assert (mask(project) == expected).all()


def test_a_polygon_becomes_a_mask(shell: Shell, project: Path) -> None:
    assert (
        create(shell, "--polygon", "0,0,100%,0,100%,100%", "--polygon", "0,200,40,200,40,240,0,240").code == 0
    )
    drawn = mask(project)
    assert drawn[2, 300] and not drawn[150, 100] and drawn[220, 20]


@pytest.mark.parametrize(
    "argv", [("--color-range", "red"), ("--color-range", "#b42828"), ("--at", "130,120")]
)
def test_a_colour_becomes_a_mask(shell: Shell, project: Path, argv: tuple[str, ...]) -> None:
    assert create(shell, *argv).code == 0
    assert alike(mask(project), ellipse()) > 0.99


def test_a_range_of_colours_and_a_tolerance(shell: Shell, project: Path) -> None:
    assert create(shell, "--color-range", "#a01818..#d06060").code == 0
    assert alike(mask(project), ellipse()) > 0.99
    assert create(shell, "--color-range", "#b42828", "--tolerance", "150", "--subtract").code == 2
    assert create(shell, "--at", "5,5", "--tolerance", 15, name="meadow").code == 0
    assert alike(mask(project, "meadow"), ~ellipse()) > 0.99


def test_a_picture_becomes_a_mask(shell: Shell, project: Path) -> None:
    Image.fromarray(np.where(ellipse(), 255, 0).astype(np.uint8)).resize((640, 480)).save(
        project / "drawn.png"
    )
    said = create(shell, "--file", "projects/barn/drawn.png")
    assert said.code == 0, said.err
    assert alike(mask(project), ellipse()) > 0.98


def test_a_hole_in_a_pictures_alpha_is_a_mask_too(shell: Shell, project: Path) -> None:
    with Image.open(project / "input" / "input.png") as picture:
        picture.putalpha(Image.fromarray(np.where(ellipse(), 0, 255).astype(np.uint8)))
        picture.save(project / "clipspace.png")
    assert create(shell, "--file", "projects/barn/clipspace.png").code == 0
    assert alike(mask(project), ellipse()) > 0.99


def test_a_box_can_be_cut_along_the_outline(shell: Shell, project: Path) -> None:
    x, y, width, height = THING
    assert create(shell, "--box", f"{x - 6},{y - 6},{width + 12},{height + 12}", "--refine").code == 0
    assert alike(mask(project), ellipse()) > 0.97


def test_invert_and_grow(shell: Shell, project: Path) -> None:
    assert create(shell, "--box", "100,100,50,40", "--invert").code == 0
    assert mask(project).sum() == 320 * 240 - 50 * 40
    assert create(shell, "--box", "100,100,50,40", "--grow", 10, name="large").code == 0
    assert mask(project, "large")[90, 120] and not mask(project, "large")[89, 120]
    assert create(shell, "--box", "100,100,50,40", "--grow", -10, name="small").code == 0
    assert mask(project, "small").sum() == 30 * 20


def test_as_data(shell: Shell, project: Path) -> None:
    said = create(shell, "--box", "10,20,100,60", "--json")
    assert said.json == {
        "format": "mask/1",
        "project": "barn",
        "mask": "thing",
        "file": "input/masks/thing.png",
        "share": 0.078125,
        "box": [10, 20, 100, 60],
        "picture": [320, 240],
        "backup": None,
        "located": None,
        "notes": [],
    }


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "what is to be edited was not said"),
        (("--box", "1,1,5,5", "--text", "it"), "--box and --text together"),
        (("--box", "1,1,5"), "--box 1,1,5 is no box"),
        (("--box", "1,1,0,5"), "is no box"),
        (("--box", "1,1,a,5"), "'a' is no number"),
        (("--box", "400,10,20,20"), "holds no pixel of the picture"),
        (("--polygon", "1,1,5,5"), "4 numbers, which make no corners"),
        (("--polygon", "900,900,950,900,950,950"), "holds no pixel"),
        (("--at", "320,10"), None),
        (("--at", "321,10"), "is outside the picture"),
        (("--color-range", "bleu"), "--color-range bleu is no colour"),
        (("--color-range", "#12345"), "is no colour"),
        (("--color-range", "blue", "--tolerance", "5"), "is a range already"),
        (("--color-range", "purple"), "nothing in the picture is purple"),
        (("--box", "1,1,5,5", "--tolerance", "5"), "--tolerance means nothing with --box"),
        (("--polygon", "1,1,5,5,9,1", "--refine"), "--refine means nothing with --polygon"),
        (("--box", "1,1,5,5", "--family", "gemini"), "--family means nothing with --box"),
        (("--text", "  "), "--text is empty"),
        (("--file", "nowhere.png"), "cannot be read"),
        (("--box", "0,0,320,240"), "the mask would be the whole picture"),
        (("--box", "0,0,320,240", "--invert"), "the mask would be empty"),
        (("--box", "10,10,20,20", "--grow", "-30"), "nothing is left of the mask"),
        (("--box", "1,1,5,5", "--add"), "there is no mask 'thing'"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    shell: Shell, project: Path, argv: tuple[str, ...], words: str | None
) -> None:
    said = create(shell, *argv)
    if words is None:
        assert said.code == 0
        return
    assert said.code == 2 and words in said.err, said.err
    assert not (project / "input" / "masks").exists()


@pytest.mark.parametrize("name", ["all", "a b", "../x", "x.png", ""])
def test_a_name_that_cannot_be_is_refused(shell: Shell, project: Path, name: str) -> None:
    assert create(shell, "--box", "1,1,5,5", name=name).code == 2
    assert not (project / "input" / "masks").exists()


# What is there is kept


def test_a_mask_is_not_drawn_over_by_accident(shell: Shell, project: Path) -> None:
    create(shell, "--box", "10,20,100,60")
    before = files_below(project / "input")
    said = create(shell, "--box", "1,1,5,5")
    assert said.code == 2 and "there is a mask 'thing' already" in said.err and "--force" in said.err
    assert files_below(project / "input") == before


def test_what_is_replaced_is_kept(shell: Shell, project: Path) -> None:
    create(shell, "--box", "10,20,100,60")
    drawn = (project / "input" / "masks" / "thing.png").read_bytes()
    for box in ("1,1,5,5", "2,2,9,9"):
        said = create(shell, "--box", box, "--force")
        assert said.code == 0 and "The mask before it is kept: input/masks/replaced/thing_" in said.out
    kept = files_below(project / "input" / "masks" / "replaced")
    assert len(kept) == 2 and drawn in kept.values()
    assert "replaced" not in shell("mask", "list", "--project", "barn").out


def test_adding_and_subtracting(shell: Shell, project: Path) -> None:
    create(shell, "--box", "0,0,100,100")
    assert create(shell, "--box", "100,0,50,100", "--add").code == 0
    assert mask(project).sum() == 150 * 100
    assert create(shell, "--box", "0,0,150,40", "--subtract").code == 0
    assert mask(project).sum() == 150 * 60
    said = create(shell, "--box", "0,0,320,239", "--subtract")
    assert said.code == 2 and "What was taken away holds all of it" in said.err
    assert mask(project).sum() == 150 * 60
    assert len(files_below(project / "input" / "masks" / "replaced")) == 2


def test_the_same_again_replaces_nothing(shell: Shell, project: Path) -> None:
    create(shell, "--box", "10,20,100,60")
    said = create(shell, "--box", "10,20,100,60", "--force", "--json")
    assert said.json["backup"] is None
    assert not (project / "input" / "masks" / "replaced").exists()


def test_a_mask_that_aigen_names_is_written_where_it_says(shell: Shell, project: Path) -> None:
    aigen(project, "masking: {active_mask: left, masks: [{name: left, file: input/own/l.png}]}\n")
    said = create(shell, "--box", "10,20,100,60", name="left")
    assert said.code == 0 and "input/own/l.png" in said.out
    assert "active_mask" not in said.out
    assert (project / "input" / "own" / "l.png").is_file()
    for file in ("../../elsewhere.png", "input/left.jpg"):
        aigen(project, f"masking: {{masks: [{{name: left, file: {file}}}]}}\n")
        said = create(shell, "--box", "10,20,100,60", name="left")
        assert said.code == 2 and "is not written to" in said.err


def test_without_an_input_there_is_nothing_to_mask(shell: Shell, project: Path) -> None:
    (project / "input" / "input.png").unlink()
    said = create(shell, "--box", "1,1,5,5")
    assert said.code == 2 and "a mask belongs to a picture" in said.err


# Words


def pointing_at(*boxes: dict[str, Any], seen: str = "A red thing.") -> Callable[[Asked], str]:
    return lambda asked: json.dumps({"seen": seen, "boxes": list(boxes)})


def thousandths(x: int, y: int, width: int, height: int) -> list[int]:
    corners = (x / SIZE[0], y / SIZE[1], (x + width) / SIZE[0], (y + height) / SIZE[1])
    return [round(1000 * corner) for corner in corners]


LOOSE = thousandths(THING[0] - 4, THING[1] - 3, THING[2] + 8, THING[3] + 7)
THERE = {"label": "red thing", "bbox_2d": LOOSE}


def judged_by(project: Path, url: str, model: str = "qwen3-vl:4b", more: str = "") -> None:
    text = f"provider: ollama\nmodel: {model}\nbase_url: {url}\nretries: 0\n{more}"
    (project / "config" / "AIVis.yaml").write_text(text)


def test_a_thing_is_found_by_its_words(shell: Shell, project: Path) -> None:
    with FakeOllama(pointing_at(THERE)) as server:
        judged_by(project, server.url)
        said = create(shell, "--text", "the red thing")
    assert said.code == 0, said.err
    assert alike(mask(project), ellipse()) > 0.97
    assert "Asking the judge where 'the red thing' is" in said.err
    assert "ollama/qwen3-vl:4b named 1 place: A red thing." in said.out
    record = json.loads((project / "working" / "masks" / "thing_location.json").read_text())
    assert record["format"] == "location/1" and record["target"] == "the red thing"
    assert record["by"] == "ollama/qwen3-vl:4b" and len(record["calls"]) == 1
    assert json.loads(record["reply"])["boxes"] == [THERE]
    assert server.asked_count == 1


def test_the_model_sees_the_picture_at_a_size_that_stays(shell: Shell, project: Path) -> None:
    seen = []

    def answer(asked: Asked) -> str:
        seen.append(asked)
        width, height = 308, 252  # multiples of 28
        box = [THING[0] * width / 320, THING[1] * height / 240, 200 * width / 320, 200 * height / 240]
        return json.dumps({"seen": "", "boxes": [{"label": "thing", "bbox_2d": [round(v) for v in box]}]})

    with FakeOllama(answer, models={"qwen2.5vl:7b": ("completion", "vision")}) as server:
        judged_by(project, server.url, "qwen2.5vl:7b")
        said = create(shell, "--text", "the red thing", "--no-refine", "--json")
    assert np.abs(np.subtract(said.json["box"], THING)).max() <= 1
    import io

    with Image.open(io.BytesIO(seen[0].images[0])) as sent:
        assert sent.size == (308, 252)
    assert said.json["located"]["family"] == "qwen2.5-vl"


def test_gemini_through_an_openai_compatible_server(
    shell: Shell, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, top, right, bottom = LOOSE
    record = {"label": "the red thing", "box_2d": [top, left, bottom, right]}
    with FakeOpenAICompatible(lambda asked: f"```json\n{json.dumps([record])}\n```") as server:
        text = f"provider: openai_compatible\nmodel: gemini-2.5-flash\nbase_url: {server.url}\nretries: 0\n"
        (project / "config" / "AIVis.yaml").write_text(text)
        said = create(shell, "--text", "the red thing")
        sent = server.last["response_format"]["json_schema"]["schema"]
    assert said.code == 0, said.err
    assert alike(mask(project), ellipse()) > 0.97
    assert sent["properties"]["boxes"]["items"]["required"] == ["label", "box_2d"]


def test_an_unknown_model_can_be_given_its_family(shell: Shell, project: Path) -> None:
    left, top, right, bottom = LOOSE
    record = {"label": "thing", "box_2d": [top, left, bottom, right]}
    with FakeOllama(pointing_at(record), models={"mine": ("vision",)}) as server:
        judged_by(project, server.url, "mine")
        assert create(shell, "--text", "the thing", "--family", "gemini").code == 0
    assert alike(mask(project), ellipse()) > 0.97


def test_what_is_not_found_is_not_invented(shell: Shell, project: Path) -> None:
    with FakeOllama(pointing_at(seen="A green meadow.")) as server:
        judged_by(project, server.url)
        said = create(shell, "--text", "the jacket")
    assert said.code == 1
    assert "ollama/qwen3-vl:4b did not find 'the jacket'; it says: A green meadow." in said.err
    assert "--box" in said.err
    assert server.asked_count == 1 and not (project / "input" / "masks").exists()


def test_what_cannot_be_read_is_asked_once_more_and_shown(shell: Shell, project: Path) -> None:
    with FakeOllama(lambda asked: "Somewhere in the middle.") as server:
        judged_by(project, server.url)
        said = create(shell, "--text", "the jacket", "--json")
    assert said.code == 1 and server.asked_count == 2
    assert "It replied: Somewhere in the middle." in said.err
    assert said.json["code"] == "not_located"


def test_a_judge_that_is_not_there_is_said(shell: Shell, project: Path) -> None:
    judged_by(project, "http://127.0.0.1:9")
    said = create(shell, "--text", "the jacket")
    assert said.code == 4 and "cannot be reached" in said.err


def test_the_embedded_judge_says_that_it_cannot(shell: Shell, project: Path) -> None:
    (project / "config" / "AIVis.yaml").write_text("provider: embedded\nmodel: measurements\n")
    said = create(shell, "--text", "the jacket")
    assert said.code == 2
    assert "it cannot say where a thing is" in said.err and "AIVis.yaml" in said.err


def test_the_fallback_is_asked_where_the_first_is_embedded(shell: Shell, project: Path) -> None:
    with FakeOllama(pointing_at(THERE)) as server:
        text = "provider: embedded\nmodel: none\nfallback_provider: ollama\nfallback_model: qwen3-vl:4b\n"
        (project / "config" / "AIVis.yaml").write_text(f"{text}base_url: {server.url}\nretries: 0\n")
        assert create(shell, "--text", "the red thing").code == 0


def test_an_answer_that_was_paid_for_is_not_bought_again(shell: Shell, project: Path) -> None:
    with FakeOpenAICompatible(pointing_at(THERE)) as server:
        text = f"provider: openai_compatible\nmodel: qwen3-vl:4b\nbase_url: {server.url}\nretries: 0\n"
        (project / "config" / "AIVis.yaml").write_text(text)
        create(shell, "--text", "the red thing")
        assert create(shell, "--text", "the red thing", name="again").code == 0
    assert server.asked_count == 1


def test_limits_hold_for_one_command(shell: Shell, project: Path) -> None:
    with FakeOllama(pointing_at(THERE)) as server:
        judged_by(project, server.url, more="limits: {max_requests: 1}\n")
        for name in ("one", "two", "three"):
            assert create(shell, "--text", f"the red thing {name}", name=name).code == 0
        server.answer = lambda asked: "I cannot say."  # to be asked again would be the second request
        said = create(shell, "--text", "something else")
    assert said.code == 4 and "the limit of 1 requests is reached" in said.err


def test_a_box_that_grabcut_cannot_cut_is_taken_as_it_is(shell: Shell, project: Path) -> None:
    meadow = {"label": "meadow", "bbox_2d": thousandths(220, 20, 80, 80)}
    with FakeOllama(pointing_at(meadow)) as server:
        judged_by(project, server.url)
        said = create(shell, "--text", "the meadow")
    assert said.code == 0
    assert "Note: meadow: the box itself was taken" in said.err
    assert mask(project).sum() == 80 * 80


def test_the_families_of_the_help_are_those_there_are() -> None:
    assert tuple(BY_NAME) == FAMILIES


# Looking at masks


def test_an_overlay_is_written(shell: Shell, project: Path) -> None:
    aigen(project, "masking: {grow: 4, feather: 12}\n")
    create(shell, "--box", "100,100,50,40")
    said = shell("mask", "show", "--project", "barn")
    path = project / "working" / "masks" / "thing_overlay.png"
    assert said.code == 0 and said.out.splitlines()[0] == str(path)
    assert "with grow 4 px and feather 12 px" in said.out
    assert "as drawn 2.6 % of the picture, 50 x 40 px at 100, 100" in said.out
    with Image.open(path) as picture:
        assert picture.width == 1600


def test_an_overlay_as_data_and_elsewhere(shell: Shell, project: Path, tmp_path: Path) -> None:
    create(shell, "--box", "100,100,50,40")
    said = shell(
        "mask", "show", "--project", "barn", "--name", "thing", "--out", tmp_path / "o.png", "--json"
    )
    assert said.json["overlay"] == str(tmp_path / "o.png") and (tmp_path / "o.png").is_file()
    assert said.json["box"] == [100, 100, 50, 40] and said.json["reach"] == [92, 92, 66, 56]
    assert said.json["active"] is False and said.json["feather"] == 8
    assert shell("mask", "show", "--project", "barn", "--out", "o.jpg").code == 2


def test_the_mask_that_is_meant_without_a_name(shell: Shell, project: Path) -> None:
    said = shell("mask", "show", "--project", "barn")
    assert said.code == 2 and "this project has no mask" in said.err
    create(shell, "--box", "100,100,50,40", name="one")
    create(shell, "--box", "10,10,50,40", name="two")
    said = shell("mask", "show", "--project", "barn")
    assert said.code == 2 and "There are: one, two." in said.err
    aigen(project, "masking: {active_mask: two}\n")
    assert "two_overlay.png" in shell("mask", "show", "--project", "barn").out
    said = shell("mask", "show", "--project", "barn", "--name", "three")
    assert said.code == 2 and "there is no mask 'three'" in said.err


def test_a_mask_of_another_shape_is_warned_of(shell: Shell, project: Path) -> None:
    (project / "input" / "masks").mkdir()
    drawn = Image.new("L", (300, 300))
    drawn.paste(255, (0, 0, 150, 300))
    drawn.save(project / "input" / "masks" / "square.png")
    said = shell("mask", "show", "--project", "barn")
    assert said.code == 0 and "it was stretched to fit" in said.err
    assert shell("mask", "list", "--project", "barn", "--json").json["masks"][0]["notes"]


def test_a_mask_that_touches_nothing_is_an_error(shell: Shell, project: Path) -> None:
    (project / "input" / "masks").mkdir()
    Image.new("L", SIZE).save(project / "input" / "masks" / "black.png")
    said = shell("mask", "show", "--project", "barn")
    assert said.code == 2 and "nothing may be edited" in said.err
    listed = shell("mask", "list", "--project", "barn")
    assert listed.code == 0 and "unusable" in listed.out and "Problem: nothing may be edited" in listed.out


def test_the_list_says_what_is_in_play_and_which_criteria_count(shell: Shell, project: Path) -> None:
    entries = ", ".join(f"{{name: {name}, active_criteria: [golden]}}" for name in ("roof", "gone"))
    (project / "config" / "rules.yaml").write_text(f"{RULES}masking: {{masks: [{entries}]}}\n")
    aigen(project, "masking: {active_mask: roof}\n")
    create(shell, "--box", "100,100,50,40", name="roof")
    create(shell, "--box", "10,10,50,40", name="door")
    said = shell("mask", "list", "--project", "barn")
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == ["mask", "share", "place", "state", "file", "criteria"]
    assert lines[1][0] == "door" and lines[1][-2:] == ["all", "(2)"]
    assert lines[2][0] == "roof" and "in play" in said.out and lines[2][-1] == "golden"
    assert "criteria for the mask 'gone', and there is none of that name" in said.out
    data = shell("mask", "list", "--project", "barn", "--json").json
    assert data["format"] == "masks/1"
    assert [(m["name"], m["active"], m["criteria"]) for m in data["masks"]] == [
        ("door", False, ["golden", "same_barn"]),
        ("roof", True, ["golden"]),
    ]
    assert len(data["problems"]) == 1


def test_a_list_of_nothing_says_how_to_begin(shell: Shell, project: Path) -> None:
    said = shell("mask", "list", "--project", "barn")
    assert said.code == 0 and "barn has no mask" in said.out and "mask create" in said.out
    aigen(project, "masking: {active_mask: left}\n")
    said = shell("mask", "list", "--project", "barn")
    assert "AIGen.yaml makes 'left' the active mask, and there is none of that name" in said.out


def test_masks_that_are_off_are_shown_so(shell: Shell, project: Path) -> None:
    aigen(project, "masking: {enabled: false, active_mask: thing}\n")
    said = create(shell, "--box", "100,100,50,40")
    assert "masking.enabled: false: no mask counts now" in said.out
    assert " off " in shell("mask", "list", "--project", "barn").out
    assert "no mask counts now" in shell("mask", "show", "--project", "barn").out
