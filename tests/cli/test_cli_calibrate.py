"""`iterativectl calibrate` from the keyboard: what to write, what was written, the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.rehearsal import judge, point_to
from tests.cli.shell import Said, Shell
from tests.fakes.ollama import FakeOllama

from iterativectl.cli.blocks import Cell, Line, table
from iterativectl.cli.markdown import markdown


def run_of(project: Path) -> Path:
    (found,) = [path.parent for path in project.glob("working/*/run.json")]
    return found


@pytest.fixture
def many(ran: Path) -> Path:
    """projects/barn with twelve judged iterations: golden passes in the last six, as the judge says."""
    run = run_of(ran)
    first = json.loads((run / "metadata" / "iteration_1_metadata.json").read_text())
    for number in range(1, 13):
        first["iteration"] = first["plan"]["iteration"] = number
        golden = number > 6
        first["verdicts"]["golden"]["verdict"] = "passed" if golden else "failed"
        first["evaluation"]["overall_score"] = 100.0 if golden else 50.0
        (run / "metadata" / f"iteration_{number}_metadata.json").write_text(json.dumps(first))
        picture = run / "images" / f"iteration_{number}.png"
        if not picture.exists():
            shutil.copy(run / "images" / "iteration_1.png", picture)
    return ran


def calibrate(shell: Shell, *argv: object) -> Said:
    return shell("calibrate", "--project", "barn", *argv)


def say(project: Path, labels: dict[str, Any]) -> None:
    folder = run_of(project) / "human"
    folder.mkdir(exist_ok=True)
    (folder / "labels.json").write_text(json.dumps({"labels": labels}))


# -- saying something


def test_without_a_word_it_says_how_to_say_one(shell: Shell, ran: Path) -> None:
    said = calibrate(shell)
    assert said.code == 2
    run = run_of(ran)
    lines = [line.strip() for line in said.err.splitlines()]
    assert "iterativectl calibrate --project barn --label 1 golden=yes same_barn=no" in lines
    assert "iterativectl calibrate --project barn --rank 1,2" in lines
    assert f"or write {run / 'human' / 'labels.json'}:" in lines
    # The examples are what the program reads.
    folder = run / "human"
    folder.mkdir()
    for name in ("labels.json", "ranking.json"):
        (folder / name).write_text(lines[lines.index(f"or write {folder / name}:") + 1])
    assert calibrate(shell).code == 0


def test_labels_and_a_ranking_by_hand(shell: Shell, ran: Path) -> None:
    said = calibrate(shell, "--label", "1", "golden=no", "same_barn=YES")
    run = run_of(ran)
    assert said.out.splitlines() == [
        "iteration 1: golden no, same_barn yes (2 labels in all)",
        f"written to {run / 'human' / 'labels.json'}",
    ]
    kept = json.loads((run / "human" / "labels.json").read_text())
    assert kept == {"labels": {"1": {"golden": False, "same_barn": True}}, "updated_at": kept["updated_at"]}
    assert kept["updated_at"].startswith("2026-01-09T22:25:59")
    said = calibrate(shell, "--rank", "2,1", "--label", "2", "golden=none", "--json")
    assert said.json["written"] == {
        "labels": str(run / "human" / "labels.json"),
        "ranking": str(run / "human" / "ranking.json"),
    }
    assert json.loads((run / "human" / "ranking.json").read_text())["ranking"] == ["2", "1"]


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["golden=yes"], "of which iteration?"),
        (["--label", "1"], "which criteria?"),
        (["--label", "1", "golden"], "'golden' is no label"),
        (["--label", "1", "golden=perhaps"], "'golden=perhaps' is no label"),
        (["--label", "1", "gold=yes"], "Did you mean 'golden'?"),
        (["--label", "9", "golden=yes"], "has no iteration 9"),
        (["--label", "0", "golden=yes"], "0 is not in the range"),
        (["--rank", "1,x"], "is no order"),
        (["--rank", ","], "is no order"),
        (["--rank", "1,1"], "twice"),
        (["--rank", "1,9"], "has no iteration 9"),
        (["--run", "2020-01-01_00-00-00"], "no run 2020-01-01"),
        (["--repeat", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    shell: Shell, ran: Path, argv: list[str], why: str
) -> None:
    said = calibrate(shell, *argv)
    assert said.code == 2 and why in said.err
    assert not list((run_of(ran) / "human").glob("*.json"))


def test_a_wrong_rank_beside_a_right_label_writes_neither(shell: Shell, ran: Path) -> None:
    said = calibrate(shell, "--label", "1", "golden=yes", "--rank", "1,9")
    assert said.code == 2
    assert not list((run_of(ran) / "human").glob("*.json"))


def test_no_run_yet(shell: Shell, workspace: Path) -> None:
    from tests.cli.rehearsal import barn

    barn(workspace)
    said = calibrate(shell, "--label", "1", "golden=yes")
    assert said.code == 2 and "no run yet" in said.err


@pytest.mark.parametrize("name", ["labels.json", "ranking.json"])
def test_a_damaged_file_is_named_and_left(shell: Shell, ran: Path, name: str) -> None:
    folder = run_of(ran) / "human"
    folder.mkdir()
    (folder / name).write_text('{"labels": ')
    for argv in ([], ["--label", "1", "golden=yes"] if name == "labels.json" else ["--rank", "1"]):
        said = calibrate(shell, *argv)
        assert said.code == 2 and str(folder / name) in said.err
    assert (folder / name).read_text() == '{"labels": '


# -- the page


def test_few_labels_say_that_they_are_few(shell: Shell, ran: Path) -> None:
    say(ran, {"1": {"golden": True}, "7": {"golden": True}})
    said = calibrate(shell)
    assert said.code == 0
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "golden too few labels 1 0/1 (0-79 %) 0/1" not in rows  # no rate of refusals without a refusal
    assert any(row.startswith("golden too few labels 1 0/1 (0-79 %)") for row in rows)
    assert "golden has 1 and 0, same_barn has 0 and 0" in said.out
    assert "no judged iteration '7'" in said.out
    assert f"kept as {run_of(ran) / 'human' / 'calibration.md'}" in said.out


def test_a_judge_that_sees_and_one_that_does_not(shell: Shell, many: Path) -> None:
    say(many, {str(n): {"golden": n > 6, "same_barn": n % 2 == 0} for n in range(1, 13)})
    said = calibrate(shell)
    rows = [" ".join(line.split()) for line in said.out.splitlines()]
    golden = next(row for row in rows if row.startswith("golden "))
    barn = next(row for row in rows if row.startswith("same_barn "))
    assert golden.startswith("golden sees it 12 12/12 (76-100 %) 0/6 (0-39 %) 0/6 (0-39 %) 1.00 (")
    assert barn.startswith("same_barn cannot see it 12 6/12 (25-75 %) 6/6 (61-100 %) 0/6 (0-39 %) 0.00 (")
    assert "same_barn: as good as chance; measure it, reword it, or ask a stronger model" in said.out
    assert "no ranking" in said.out and "`calibrate --repeat 5` asks" in said.out


def test_the_page_is_kept_as_markdown(shell: Shell, many: Path) -> None:
    say(many, {str(n): {"golden": n > 6} for n in range(1, 13)})
    calibrate(shell, "--rank", "12,11,3,2,1")
    calibrate(shell)
    page = (run_of(many) / "human" / "calibration.md").read_text()
    assert page.startswith("# How far ollama/qwen3-vl:4b sees what you see: barn\n\n")
    assert "\n## Criterion by criterion\n\n| criterion | the judge | labels |" in page
    assert "| golden | sees it | 12 |" in page
    assert "Kendall's tau-b 0.77 over 5 pictures" in page


def test_the_scores_follow_the_order(shell: Shell, many: Path) -> None:
    calibrate(shell, "--rank", "12,11,10,9,3,2,1")
    said = calibrate(shell)
    assert "a random order does as well in 29 of 1000 cases; the scores follow your order" in said.out
    assert "of the pairs have equal scores" in said.out
    calibrate(shell, "--rank", "1,12,2,11,3")
    assert "the scores do not show your order" in calibrate(shell).out


def test_json(shell: Shell, many: Path) -> None:
    say(many, {str(n): {"golden": n > 6, "same_barn": True} for n in range(1, 13)})
    calibrate(shell, "--rank", "12,1")
    said = calibrate(shell, "--json")
    data = said.json
    assert (data["format"], data["project"], data["judge"]) == (
        "calibration/1",
        "barn",
        "ollama/qwen3-vl:4b",
    )
    golden, barn = data["criteria"]
    assert (golden["state"], golden["agreement"]["accuracy"]["share"]) == ("sees", 1.0)
    assert barn["state"] == "too few"  # only one kind of label
    assert data["ranking"]["pictures"] == 2 and not data["ranking"]["enough"]
    assert data["accepting"]["true_pass"] == 6
    assert Path(data["page"]).exists()
    assert data["suggested"]["pass_score"]["value"] == 100


# -- asked again


@pytest.fixture
def moody() -> Iterator[FakeOllama]:
    """Changes its mind about the gold every fifth time."""
    with judge(lambda field, time: "no" if field == "golden" and time % 5 == 0 else "yes") as server:
        yield server


def test_repeat_says_what_it_asks_and_suggests_votes(shell: Shell, many: Path, moody: FakeOllama) -> None:
    point_to(many, moody.url)
    say(many, {str(n): {"golden": n > 6} for n in range(1, 7)})
    said = calibrate(shell, "--repeat", "5")
    assert said.code == 0, said.err
    assert "asking ollama/qwen3-vl:4b about 6 pictures, 5 times each" in said.err.splitlines()[0]
    assert "40 % of 30" in said.out
    asked = moody.asked_count
    again = calibrate(shell)
    assert moody.asked_count == asked
    assert "40 % of 30" in again.out  # kept


def test_another_judge_is_calibrated_in_its_place(shell: Shell, many: Path) -> None:
    say(many, {"1": {"golden": True}})
    said = calibrate(shell, "--judge", "embedded")
    assert said.out.splitlines()[0] == "judge: embedded/measurements"
    assert "--repeat 5" not in said.out  # measurements do not flip
    assert calibrate(shell, "--judge", "olama/x").code == 2


def test_nobody_to_ask_is_exit_code_4(shell: Shell, many: Path) -> None:
    point_to(many, "http://127.0.0.1:9")
    say(many, {"1": {"golden": True}})
    said = calibrate(shell, "--repeat", "2")
    assert said.code == 4


def test_a_terminal_sees_what_is_being_done(shell: Shell, many: Path, moody: FakeOllama) -> None:
    point_to(many, moody.url)
    say(many, {"1": {"golden": True}})
    shell.is_tty = True
    shell.environ["TERM"] = "xterm"
    said = calibrate(shell, "--repeat", "2")
    assert "picture 1 of 1" in said.err


# -- Markdown


def test_what_others_wrote_has_no_meaning_in_markdown() -> None:
    blocks = [
        Line("head", "head"),
        Line("a <script>*b*</script> [x](y) # snake_case _under_ `votes: 3`"),
        Line("one ` alone", indent=1),
        table(("a", "b"), [("x | y", Cell("<b>"))]),
    ]
    assert markdown("T|", blocks).splitlines() == [
        r"# T\|",
        "",
        "## head",
        "",
        r"a \<script\>\*b\*\</script\> \[x\](y) \# snake_case \_under\_ `votes: 3`",
        "",
        r"- one \` alone",
        "",
        "| a | b |",
        "| --- | --- |",
        r"| x \| y | \<b\> |",
    ]
