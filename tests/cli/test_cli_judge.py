"""`iterativectl judge` from the keyboard: screens, exit codes, JSON, JUnit."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image
from tests.cli.rehearsal import Verdict, barn, judge, point_to
from tests.cli.shell import Said, Shell, StillClock
from tests.fakes.ollama import FakeOllama

HOSTILE = "\x1b[2J]]></failure><testcase name='forged'/>\x00\x08<!-- [[ATTACHMENT|/etc/passwd]] & \ud83d"


def all_yes(field: str, time: int) -> str:
    return "yes"


def golden_once(field: str, time: int) -> str:
    """Only the second picture is golden."""
    return "yes" if field == "same_barn" or time == 2 else "no"


@pytest.fixture
def verdict() -> Verdict:
    return golden_once


@pytest.fixture
def ollama(verdict: Verdict) -> Iterator[FakeOllama]:
    with judge(verdict) as server:
        yield server


@pytest.fixture
def project(workspace: Path, ollama: FakeOllama) -> Path:
    return barn(workspace, ollama.url)


@pytest.fixture
def out(workspace: Path) -> Path:
    """A folder with two pictures."""
    folder = workspace / "out"
    folder.mkdir()
    for name, shade in (("a", 80), ("b", 160)):
        picture = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
        picture.paste((shade, 60, 30), (20, 20, 50, 60))
        picture.save(folder / f"{name}.png")
    return folder


def report(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_bytes())


def run(shell: Shell, *argv: object) -> Said:
    return shell("judge", "--project", "barn", *argv)


def test_a_table_for_each_picture(shell: Shell, project: Path, out: Path) -> None:
    said = run(shell, "--image", "out/a.png", "out/b.png")
    assert said.code == 3
    assert said.out.splitlines() == [
        "out/a.png: does not pass, score 50",
        "  criterion  verdict  confidence  reason",
        "  golden     failed   0.90        I see that golden is [b]no[/b]",
        "  same_barn  passed   0.90        I see that same_barn is [b]yes[/b]",
        "",
        "out/b.png: passes, score 100",
        "  criterion  verdict  confidence  reason",
        "  golden     passed   0.90        I see that golden is [b]yes[/b]",
        "  same_barn  passed   0.90        I see that same_barn is [b]yes[/b]",
        "",
        "1 of 2 pictures passes: golden failed (1).",
        "  judge ollama/qwen3-vl:4b, 0 s, 5 requests to models, "
        + said.out.split("models, ")[1].split("\n")[0],
        f"  answers are kept in {project / 'working' / 'judged' / 'answers'}: the same again costs nothing",
    ]
    assert said.err.splitlines() == [
        "22:25:59 out/a.png: 1 passed, 1 failed",
        "22:25:59 out/b.png: 2 passed",
    ]


def test_the_second_time_costs_nothing(shell: Shell, project: Path, out: Path, ollama: FakeOllama) -> None:
    first = run(shell, "--image", out / "a.png", "--json")
    asked = ollama.asked_count
    second = run(shell, "--image", out / "a.png", "--json")
    assert ollama.asked_count == asked
    assert second.json["pictures"][0]["verdicts"] == first.json["pictures"][0]["verdicts"]
    assert second.json["usage"]["requests"] == 0
    assert "nothing was asked" in run(shell, "--image", out / "a.png").out


class TestAllPass:
    @pytest.fixture
    def verdict(self) -> Verdict:
        return all_yes

    def test_exit_code_0(self, shell: Shell, project: Path, out: Path) -> None:
        assert run(shell, "--image", "out/a.png").out.splitlines()[-3] == "The picture passes."
        said = run(shell, "--image", *sorted(out.iterdir()))
        assert (said.code, "2 pictures: all pass." in said.out) == (0, True)
        data = run(shell, "--image", "out/a.png", "--json").json
        assert (data["passed"], data["exit_code"]) == (True, 0)

    def test_quiet_says_only_what_was_asked_for(self, shell: Shell, project: Path, out: Path) -> None:
        said = run(shell, "-q", "--image", "out/a.png")
        assert said.err == ""
        assert said.out.splitlines()[-1] == "The picture passes."


class TestUnclear:
    @pytest.fixture
    def verdict(self) -> Verdict:
        return lambda field, time: "unclear" if field == "golden" else "yes"

    def test_unclear_is_no_pass_and_an_error_in_junit(self, shell: Shell, project: Path, out: Path) -> None:
        said = run(shell, "--image", "out/a.png", "--junit", "r.xml")
        assert said.code == 3
        assert (
            "out/a.png: unclear, score 50" in said.out and "0 of 1 picture pass: golden unclear." in said.out
        )
        suite = report(shell.cwd / "r.xml")[0]
        assert (suite.get("failures"), suite.get("errors")) == ("0", "1")
        (case,) = [case for case in suite.iter("testcase") if case.find("error") is not None]
        assert (case.get("name"), case.find("error").get("type")) == ("golden", "unclear")  # type: ignore[union-attr]


def test_a_lower_pass_score_counts_as_in_a_run(shell: Shell, project: Path, out: Path) -> None:
    rules = project / "config" / "rules.yaml"
    rules.write_text(rules.read_text().replace("max_iterations: 4", "pass_score: 50"))
    assert run(shell, "--image", "out/a.png").code == 0


# -- JSON


def test_json(shell: Shell, project: Path, out: Path) -> None:
    said = run(shell, "--image", "out/a.png", "none.png", "--json")
    data = said.json
    assert list(data) == [
        *("format", "project", "judge", "original", "mask", "repeat", "passed", "pictures", "stopped"),
        *("usage", "answers", "exit_code"),
    ]
    assert (data["format"], data["project"], data["judge"]) == ("judge/1", "barn", "ollama/qwen3-vl:4b")
    assert (data["exit_code"], data["passed"], said.code) == (2, False, 2)
    first, second = data["pictures"]
    assert (first["image"], first["passed"], first["score"], first["fault"]) == ("out/a.png", False, 50, None)
    assert [verdict["field"] for verdict in first["verdicts"]] == ["golden", "same_barn"]
    assert 0 < first["similarity"]["measured"] <= 1
    assert second["fault"]["code"] == "image" and second["verdicts"] == []


# -- asked again


class TestRepeat:
    @pytest.fixture
    def verdict(self) -> Verdict:
        return lambda field, time: "no" if field == "golden" and time % 5 == 0 else "yes"

    def test_how_often_each_verdict_flips(self, shell: Shell, project: Path, out: Path) -> None:
        said = run(shell, "--image", "out/a.png", "--repeat", "5")
        assert said.code == 0
        rows = [" ".join(line.split()) for line in said.out.splitlines()]
        assert rows[1] == "criterion verdict asked flips reason"
        assert rows[2].startswith("golden passed 4 passed, 1 failed 40 % ")
        assert rows[3].startswith("same_barn passed 5 passed 0 % ")
        assert "asked 5 times; flips: how often two askings of one picture differ" in said.out
        data = run(shell, "--image", "out/a.png", "--repeat", "5", "--json").json
        golden = data["pictures"][0]["verdicts"][0]
        assert (golden["confidence"], golden["flips"]) == (0.8, pytest.approx(0.4))
        assert golden["askings"] == ["passed"] * 4 + ["failed"]

    def test_nonsense_is_refused(self, shell: Shell, project: Path, out: Path) -> None:
        assert run(shell, "--image", "out/a.png", "--repeat", "0").code == 2
        assert run(shell, "--image", "out/a.png", "--repeat", "100").code == 2


# -- JUnit


def test_a_criterion_is_a_test_case(shell: Shell, project: Path, out: Path) -> None:
    said = run(shell, "--image", "out/a.png", "out/b.png", "none.png", "--junit", "reports/r.xml")
    assert "  report: reports/r.xml" in said.out.splitlines()
    root = report(shell.cwd / "reports" / "r.xml")
    assert root.tag == "testsuites"
    assert {k: root.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
    }
    suites = [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root]
    assert suites == [("out/a.png", "2", "1"), ("out/b.png", "2", "0"), ("none.png", "1", "0")]
    assert all(suite[0].tag == "properties" and suite.get("timestamp") for suite in root)
    case = root[0].find("testcase")
    assert case is not None
    assert {k: case.get(k) for k in ("name", "classname", "file")} == {
        "name": "golden",
        "classname": "barn.out/a.png",
        "file": "out/a.png",
    }
    failure = case.find("failure")
    assert failure is not None and failure.get("message") == "I see that golden is [b]no[/b]"
    assert "by ollama/qwen3-vl:4b" in (failure.text or "")
    missing = root[2].find("testcase/error")
    assert missing is not None and "no such file" in missing.get("message", "")


class Saying:
    """A judge whose every reason is this text."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self, asked: Any) -> str:
        from tests.fakes.judge_server import instance

        if asked.schema is None:
            return "a barn"
        answer = instance(asked.schema)
        for record in answer.get("criteria", {}).values():
            record |= {"answer": "no", "reason": self.reason}
        return json.dumps(answer)


def hostile(shell: Shell, workspace: Path, reason: str) -> tuple[Said, bytes]:
    with FakeOllama(Saying(reason)) as server:
        barn(workspace, server.url)
        said = run(shell, "--image", "out/a.png", "--junit", "r.xml")
    return said, (workspace / "r.xml").read_bytes()


def test_what_models_say_is_text_and_nothing_else(shell: Shell, workspace: Path, out: Path) -> None:
    said, document = hostile(shell, workspace, HOSTILE)
    root = ElementTree.fromstring(document)
    assert [case.get("name") for case in root.iter("testcase")] == ["golden", "same_barn"]
    assert not list(root.iter("system-out"))  # where CI servers look for attachments
    assert "forged" in (root[0][1][0].text or "")
    text = document.decode("utf-8")
    assert not any(char in text for char in "\x00\x08\x1b")
    assert "\x1b" not in said.out and "\x00" not in said.out


def test_a_name_may_hold_anything(shell: Shell, project: Path, workspace: Path, out: Path) -> None:
    odd = 'a "quoted" <b> & ]]> \x07 ü.png'
    (out / "a.png").rename(workspace / odd)
    said = run(shell, "--image", odd, "--junit", "r.xml")
    assert said.code == 3 and "\x07" not in said.out
    assert report(workspace / "r.xml")[0].get("name") == odd.replace("\x07", "\ufffd")


def test_a_key_never_stands_in_the_report(shell: Shell, workspace: Path, out: Path) -> None:
    shell.environ["OLLAMA_API_KEY"] = "canary-4711-zanzibar"
    said, document = hostile(shell, workspace, "the key is canary-4711-zanzibar")
    assert b"canary-4711-zanzibar" not in document
    assert b"(secret)" in document


def test_what_fell_with_a_gate_is_skipped(shell: Shell, project: Path, out: Path) -> None:
    (project / "config" / "rules.yaml").write_text(
        "project: {name: barn}\nacceptance_criteria:\n"
        "  - {field: bright, gate: true, measure: {metric: brightness, min: 0.99}}\n"
        "  - {field: golden, question: 'Is it golden?'}\n"
    )
    said = run(shell, "--image", "out/a.png", "--junit", "r.xml")
    assert said.code == 3
    suite = report(shell.cwd / "r.xml")[0]
    kinds = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert kinds == {"bright": ["failure"], "golden": ["skipped"]}
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")


def test_the_report_is_written_also_when_the_judge_is_gone(
    shell: Shell, workspace: Path, project: Path, out: Path
) -> None:
    point_to(project, "http://127.0.0.1:9")
    said = run(shell, "--image", "out/a.png", "out/b.png", "--junit", "r.xml")
    assert said.code == 4
    root = report(workspace / "r.xml")
    assert (root.get("tests"), root.get("errors")) == ("2", "2")
    assert "not judged" in said.out
    data = run(shell, "--image", "out/a.png", "--json").json
    assert data["stopped"]["code"] == "judge_unavailable" and data["exit_code"] == 4


@pytest.mark.parametrize("name", ["full/r.xml", "out", "full/deeper/r.xml"])
def test_a_report_that_cannot_be_is_said_before_anything_is_asked(
    shell: Shell, project: Path, out: Path, ollama: FakeOllama, name: str
) -> None:
    (shell.cwd / "full").write_text("a file")
    said = run(shell, "--image", "out/a.png", "--junit", name)
    assert said.code == 2 and "--junit" in said.err
    assert ollama.asked_count == 0


def test_a_report_that_could_not_be_written_hides_no_verdict(shell: Shell, project: Path, out: Path) -> None:
    (shell.cwd / "r.xml.partial").mkdir()  # as a full disk: the file cannot be made
    said = run(shell, "--image", "out/a.png", "--junit", "r.xml")
    assert said.code == 4 and "could not be written" in said.err
    assert "golden     failed" in said.out


# -- command lines


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--project", "barn"], "which pictures?"),
        (["--project", "bran", "--image", "out/a.png"], "Did you mean 'barn'?"),
        (["--project", "barn", "--rules", "r.yaml", "--image", "out/a.png"], "give it or --rules"),
        (["--rules", "none.yaml", "--image", "out/a.png"], "there is no file"),
        (["--project", "barn", "--image", "out/a.png", "--mask", "left"], "no mask 'left'"),
        (["--project", "barn", "--image", "out/a.png", "--original", "none.png"], "original is missing"),
        (["--project", "barn", "--image", "out/a.png", "--judge", "x"], "names no model"),
    ],
)
def test_what_cannot_be_is_said(shell: Shell, project: Path, out: Path, argv: list[str], why: str) -> None:
    said = shell("judge", *argv)
    assert said.code == 2
    assert why in said.err


def test_rules_without_a_project(shell: Shell, project: Path, out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    folder.mkdir()
    for name in ("rules.yaml", "AIVis.yaml"):
        (folder / name).write_text((project / "config" / name).read_text())
    said = Shell(tmp_path)(
        "judge",
        *("--rules", "pipeline/rules.yaml", "--original", project / "input" / "input.png"),
        *("--image", out / "a.png", "--json"),
    )
    assert said.code == 3
    assert (said.json["project"], said.json["original"]) == (
        "rules.yaml",
        str(project / "input" / "input.png"),
    )
    assert Path(said.json["answers"]) == folder / ".iterative" / "judged" / "answers"


def test_the_embedded_judge_needs_no_server(shell: Shell, workspace: Path, out: Path) -> None:
    barn(workspace)
    said = run(shell, "--image", "out/a.png", "--judge", "embedded", "--json")
    assert said.json["judge"] == "embedded/measurements"
    assert said.code == 3


# -- on a terminal


def test_a_terminal_sees_what_is_being_done(shell: Shell, project: Path, out: Path) -> None:
    shell.is_tty = True
    shell.environ["TERM"] = "xterm"
    said = run(shell, "--image", "out/a.png", "out/b.png")
    assert "picture 2 of 2" in said.err
    assert "out/b.png: 2 passed" in said.err
    assert "golden" in said.out


class Impatient(StillClock):
    """A person presses Ctrl-C at a reading of the clock."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def monotonic(self) -> float:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().monotonic()


def test_ctrl_c_says_what_is_kept(shell: Shell, project: Path, out: Path, ollama: FakeOllama) -> None:
    shell.clock = Impatient(7)
    said = run(shell, "--image", "out/a.png", "out/b.png")
    assert said.code == 130
    assert "of 2 pictures. What was answered is kept." in said.err
    shell.clock = StillClock()
    assert run(shell, "--image", "out/a.png", "out/b.png").code == 3
    assert ollama.asked_count == 5  # as if nothing had happened


def test_the_screen_of_one_that_is_closed_is_no_bug(shell: Shell, project: Path, out: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    env = shell.env()
    from dataclasses import replace

    from iterativectl.cli.main import main

    argv = ["judge", "--project", "barn", "--image", "out/a.png", "--workspace", str(shell.cwd)]
    assert main(argv, replace(env, stdout=Closed())) == 3
