"""`rules suggest`: the whole command line, with a judge on a real port."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.rehearsal import barn, point_to
from tests.cli.shell import Said, Shell, files_below
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import FakeOpenAICompatible

from iterativectl import files, rewriting
from iterativectl.config.rules import parse_rules
from iterativectl.errors import ConfigError, UsageError
from iterativectl.project.layout import ProjectPaths
from iterativectl.rewriting import Draft

RULES = """\
# yaml-language-server: $schema=../../../schemas/rules.schema.json
# my barn
project: {name: barn}
acceptance_criteria:
  - field: golden          # by evening
    question: "Is the barn in golden light?"
    must_include: [ sunset ]

  - field: same_barn
    question: Is it the same barn?
    intent: preserve
questions:
  - {field: light, question: "What is the light like on the barn?"}
"""


def criterion(question: str, field: str, **more: Any) -> dict[str, Any]:
    record = {
        "why": f"Nobody looks at the {field}.",
        "field": field,
        "question": question,
        "passes_on": "yes",
        "intent": "change",
        "edit_strength": "high",
        "must_include": ["orange sky"],
        "ban_terms": [],
        "avoid_terms": [],
    }
    return record | more


SKY = criterion("Is the sky orange?", "sky")
PEOPLE = criterion(
    "Is anybody in the picture?",
    "people",
    passes_on="no",
    intent="preserve",
    must_include=[],
    ban_terms=["people"],
)
COLOUR = {
    "why": "It sees what it has named.",
    "field": "sky_colour",
    "question": "What colour is the sky?",
    "type": "string",
    "allowed": ["blue", "orange"],
}
GOOD = {"criteria": [SKY, PEOPLE], "questions": [COLOUR], "notes": ["The rules say nothing of the field."]}


def saying(*replies: Any) -> Callable[[Asked], str]:
    """Replies in their order; the last one again and again."""
    left = list(replies)

    def answer(asked: Asked) -> str:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, str) else json.dumps(reply)

    return answer


@pytest.fixture
def project(workspace: Path) -> Path:
    root = barn(workspace)
    (root / "config" / "rules.yaml").write_text(RULES)
    return root


def rules_of(project: Path) -> str:
    return (project / "config" / "rules.yaml").read_text()


def suggest(shell: Shell, *argv: object) -> Said:
    return shell("rules", "suggest", "--project", "barn", *argv)


def with_judge(
    shell: Shell, project: Path, *replies: Any, argv: tuple[object, ...] = ()
) -> tuple[Said, FakeOllama]:
    with FakeOllama(saying(*replies)) as server:
        assert isinstance(server, FakeOllama)
        point_to(project, server.url)
        return suggest(shell, *argv), server


# Shown


def test_the_change_is_shown_and_nothing_is_written(shell: Shell, project: Path) -> None:
    said, server = with_judge(shell, project, GOOD, argv=("--goal", "an evening picture"))
    assert said.code == 0, said.err
    assert said.out.startswith("--- config/rules.yaml\n+++ config/rules.yaml\n@@ ")
    assert "\n+  # Nobody looks at the sky.\n+  - field: sky\n+    question: Is the sky orange?\n" in said.out
    assert not [line for line in said.out.splitlines() if line.startswith("-") and line[:3] != "---"]
    assert rules_of(project) == RULES
    for words in (
        "Asking the judge what the rules lack",
        "ollama/qwen3-vl:4b proposes, and why:",
        "Nobody looks at the sky.",
        "It notes on the rules as a whole:\n  The rules say nothing of the field.",
        "Spent: 1 request to models",
        "Nothing was written.",
        "iterativectl rules suggest --project barn --goal 'an evening picture' --apply",
    ):
        assert words in said.err, words
    assert server.asked_count == 1
    assert "an evening picture" in server.last["messages"][-1]["content"]


def test_the_diff_is_one_for_patch(shell: Shell, project: Path) -> None:
    said, _ = with_judge(shell, project, GOOD, argv=("-q",))
    assert said.err == ""
    done = subprocess.run(
        ["git", "apply", "-p0", "--directory", "", "-"],
        input=said.out,
        text=True,
        cwd=project,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "field: sky_colour" in rules_of(project)


def test_on_a_terminal_it_has_colours(shell: Shell, project: Path) -> None:
    shell.is_tty = True
    said, _ = with_judge(shell, project, GOOD)
    assert "\x1b[32m+  - field: sky\x1b[0m" in said.out


def test_as_data(shell: Shell, project: Path) -> None:
    bad = criterion("Is the sky beautiful?", "beauty")
    there = criterion("Is it golden?", "golden")
    said, _ = with_judge(shell, project, GOOD | {"criteria": [SKY, bad, there]}, argv=("--json",))
    data = said.json
    assert data["format"] == "rules_suggestion/1" and data["by"] == "ollama/qwen3-vl:4b"
    assert [p["entry"]["field"] for p in data["proposals"]] == ["sky", "sky_colour"]
    assert data["proposals"][0]["block"] == "acceptance_criteria"
    assert [(d["what"], d["there_already"]) for d in data["dropped"]] == [
        ("Is the sky beautiful?", False),
        ("Is it golden?", True),
    ]
    assert (data["changed"], data["written"], data["backup"]) == (True, False, None)
    assert data["diff"].startswith("--- config/rules.yaml")
    assert data["usage"]["requests"] == 1 and data["notes"] == GOOD["notes"]


def test_general_notes_can_be_turned_off(shell: Shell, project: Path) -> None:
    text = RULES.replace("{name: barn}", "{name: barn, disable_general_notes: true}")
    (project / "config" / "rules.yaml").write_text(text)
    said, server = with_judge(shell, project, GOOD)
    assert "say nothing of the field" not in said.err + said.out
    assert "notes" not in server.last["format"]["properties"]


# Written


def test_it_is_written_and_the_old_file_is_kept(shell: Shell, project: Path) -> None:
    said, server = with_judge(shell, project, GOOD, argv=("--apply",))
    assert said.code == 0, said.err
    new = rules_of(project)
    assert [c.field for c in parse_rules(new)[0].acceptance_criteria] == [
        "golden",
        "sky",
        "same_barn",
        "people",
    ]
    for line in RULES.splitlines():
        assert line in new
    assert new.startswith(RULES[: RULES.index("\n\n")])
    (backup,) = (project / "config").glob("rules.yaml.*.bak")
    assert backup.name == "rules.yaml.2026-01-09_22-25-59.bak" and backup.read_text() == RULES
    assert "Written: " in said.err and backup.name in said.err
    assert shell("rules", "check", "--project", "barn").code == 0
    assert not list((project / "config").glob("*.partial"))


def test_what_was_shown_is_what_is_written_and_is_not_paid_for_again(shell: Shell, project: Path) -> None:
    other = {"criteria": [PEOPLE], "questions": [], "notes": []}
    with FakeOllama(saying(GOOD, other)) as server:
        point_to(project, server.url)
        shown = suggest(shell)
        written = suggest(shell, "--apply")
    assert shown.out == written.out and server.asked_count == 1
    assert "Spent: nothing, the answer was given before." in written.err


def test_another_answer_can_be_asked_for_and_is_then_the_one(shell: Shell, project: Path) -> None:
    other = {"criteria": [PEOPLE], "questions": [], "notes": []}
    with FakeOllama(saying(GOOD, other, GOOD)) as server:
        point_to(project, server.url)
        suggest(shell)
        fresh = suggest(shell, "--fresh")
        written = suggest(shell, "--apply")
    assert "sky" not in fresh.out and written.out == fresh.out and server.asked_count == 2


def test_a_backup_is_never_written_over(shell: Shell, project: Path) -> None:
    taken = project / "config" / "rules.yaml.2026-01-09_22-25-59.bak"
    taken.write_text("mine")
    said, _ = with_judge(shell, project, GOOD, argv=("--apply", "--json"))
    assert taken.read_text() == "mine"
    assert said.json["backup"].endswith("rules.yaml.2026-01-09_22-25-59_2.bak") and said.json["written"]
    assert Path(said.json["backup"]).read_text() == RULES


def draft_of(project: Path, after: str) -> Draft:
    path = project / "config" / "rules.yaml"
    return Draft(path=path, before=path.read_bytes(), after=after.encode())


def test_a_file_that_was_changed_meanwhile_is_left_alone(shell: Shell, project: Path) -> None:
    """The person's editor saves while the model is thinking."""

    def answer(asked: Asked) -> str:
        (project / "config" / "rules.yaml").write_text(RULES + "# edited\n")
        return json.dumps(GOOD)

    with FakeOllama(answer) as server:
        point_to(project, server.url)
        said = suggest(shell, "--apply")
    assert said.code == 2
    assert "was changed while this was at work. Nothing was written." in said.err
    assert rules_of(project) == RULES + "# edited\n"
    assert not list((project / "config").glob("*.bak"))


def test_without_the_comparison_the_edit_would_be_lost(project: Path, shell: Shell) -> None:
    """The planted mistake: writing without looking at what is there now."""
    draft = draft_of(project, RULES + "# ours\n")
    (project / "config" / "rules.yaml").write_text(RULES + "# edited\n")
    with pytest.raises(UsageError):
        rewriting.write(draft, ProjectPaths(project), shell.clock.now())
    assert "# edited" in rules_of(project)
    files.write_bytes(draft.path, draft.after)
    assert "# edited" not in rules_of(project)


def test_what_is_no_rules_file_replaces_nothing(project: Path, shell: Shell) -> None:
    before = files_below(project)
    for broken in ("project: {name: x}\n", RULES + "questions: []\n", RULES.replace("golden", "GOLDEN"), ""):
        with pytest.raises(ConfigError):
            rewriting.write(draft_of(project, broken), ProjectPaths(project), shell.clock.now())
    assert files_below(project) == before


def test_a_change_for_the_worse_is_refused(project: Path) -> None:
    worse = RULES.replace("intent: preserve\n", "intent: preserve\n    ban_terms: [sunset]\n")
    with pytest.raises(ConfigError, match="'sunset' is wanted here, but same_barn has 'sunset'"):
        rewriting.draft(project / "config" / "rules.yaml", RULES.encode(), None, lambda old: worse)
    same = rewriting.draft(project / "config" / "rules.yaml", worse.encode(), None, lambda old: worse + "\n")
    assert same.changed  # what a person has written themselves is no reason


def test_a_command_that_writes_keeps_others_out(project: Path, shell: Shell) -> None:
    paths = ProjectPaths(project)
    held = files.lock(paths.rules_work / "rules.lock", "a test")
    assert held is not None
    said, _ = with_judge(shell, project, GOOD, argv=("--apply",))
    files.unlock(held)
    assert said.code == 2 and "another command is writing" in said.err
    assert rules_of(project) == RULES


def test_a_link_stays_a_link(project: Path, shell: Shell, tmp_path: Path) -> None:
    elsewhere = tmp_path / "rules.yaml"
    (project / "config" / "rules.yaml").rename(elsewhere)
    (project / "config" / "rules.yaml").symlink_to(elsewhere)
    said, _ = with_judge(shell, project, GOOD, argv=("--apply",))
    assert said.code == 0, said.err
    assert (project / "config" / "rules.yaml").is_symlink() and "field: sky" in elsewhere.read_text()


KILLED = """
import os, sys
from datetime import datetime
from pathlib import Path
from iterativectl import rewriting
from iterativectl.project.layout import ProjectPaths

project = ProjectPaths(Path(sys.argv[1]))
before = project.rules.read_bytes()
draft = rewriting.Draft(path=project.rules, before=before, after=before + b"# ours\\n")
rewriting.parse_rules(before.decode())  # what is imported late is imported now, not in every child

def killed(at):
    seen = 0
    def hook(event, args):
        nonlocal seen
        seen += event in ("open", "os.rename", "os.link", "os.remove", "os.mkdir")
        if seen == at:
            os._exit(9)
    child = os.fork()
    if child == 0:
        sys.addaudithook(hook)
        rewriting.write(draft, project, datetime(2026, 1, 9))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

for at in range(1, 100):
    code = killed(at)
    backups = list(project.config.glob("*.bak"))
    now = project.rules.read_bytes()
    assert now in (before, draft.after), (at, now)
    assert now == before or any(path.read_bytes() == before for path in backups), at
    for path in backups:
        assert path.read_bytes() == before, at
        path.unlink()
    project.rules.write_bytes(before)
    if code == 0:
        print(at)
        break
"""


def test_killed_at_any_file_operation_the_file_is_the_old_or_the_new_one(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(project)],
        env={"PYTHONPATH": str(Path(files.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 6  # so many places to be killed at were tried


# Bad replies


def test_a_reply_that_cannot_be_used_is_asked_for_once_more_and_told_why(shell: Shell, project: Path) -> None:
    beauty = {"criteria": [criterion("Is the sky beautiful?", "beauty")], "questions": [], "notes": []}
    said, server = with_judge(shell, project, beauty, GOOD)
    assert said.code == 0 and "field: sky" in said.out
    assert server.asked_count == 2
    assert (
        "- Is the sky beautiful?: 'beautiful' is a matter of taste" in server.last["messages"][-1]["content"]
    )
    assert "Spent: 2 requests" in said.err


def test_prose_is_shown_and_refused(shell: Shell, project: Path) -> None:
    said, server = with_judge(shell, project, "You could ask about the sky.", argv=("--apply",))
    assert said.code == 1 and server.asked_count == 2
    assert "the reply of ollama/qwen3-vl:4b cannot be used: the reply holds no JSON object" in said.err
    assert "It replied: You could ask about the sky." in said.err and "--fresh" in said.err
    assert rules_of(project) == RULES


def test_when_nothing_can_be_taken_the_reasons_are_said(shell: Shell, project: Path) -> None:
    beauty = {"criteria": [criterion("Is the sky beautiful?", "beauty")], "questions": [], "notes": []}
    said, server = with_judge(shell, project, beauty, argv=("--apply",))
    assert said.code == 0 and said.out == "" and server.asked_count == 2
    assert "Not taken:" in said.err and "a matter of taste" in said.err
    assert "rules.yaml stays as it is" in said.err
    assert not list((project / "config").glob("*.bak"))


def test_nothing_missing_is_an_answer(shell: Shell, project: Path) -> None:
    said, server = with_judge(shell, project, {"criteria": [], "questions": [], "notes": []})
    assert said.code == 0 and server.asked_count == 1
    assert "finds nothing missing" in said.err


def test_what_is_there_already_is_counted_and_named_on_demand(shell: Shell, project: Path) -> None:
    there = {"criteria": [criterion("Is it golden?", "golden")], "questions": [], "notes": []}
    with FakeOllama(saying(there)) as server:
        point_to(project, server.url)
        said, verbose = suggest(shell), suggest(shell, "-v")
    assert server.asked_count == 1  # to say it again is no fault that could be mended
    assert "1 proposal that the rules have already" in said.err and "Is it golden?" not in said.err
    assert "there is a criterion 'golden' already" in verbose.err


# Who is asked


def test_the_embedded_judge_says_that_it_cannot(shell: Shell, project: Path) -> None:
    (project / "config" / "AIVis.yaml").write_text("provider: embedded\nmodel: measurements\n")
    said = suggest(shell)
    assert said.code == 2 and "it cannot write rules" in said.err and "AIVis.yaml" in said.err


def test_the_fallback_is_asked_where_the_first_is_embedded(shell: Shell, project: Path) -> None:
    with FakeOllama(saying(GOOD)) as server:
        text = "provider: embedded\nmodel: none\nfallback_provider: ollama\nfallback_model: qwen3-vl:4b\n"
        (project / "config" / "AIVis.yaml").write_text(f"{text}base_url: {server.url}\nretries: 0\n")
        assert "field: sky" in suggest(shell).out


def test_a_judge_that_is_not_there_is_said(shell: Shell, project: Path) -> None:
    said = suggest(shell)
    assert said.code == 4 and "cannot be reached" in said.err and rules_of(project) == RULES


def test_a_limit_holds_for_one_command(shell: Shell, project: Path) -> None:
    with FakeOllama(saying("prose")) as server:
        text = f"provider: ollama\nmodel: qwen3-vl:4b\nbase_url: {server.url}\nretries: 0\n"
        (project / "config" / "AIVis.yaml").write_text(text + "limits: {max_requests: 1}\n")
        said = suggest(shell)
    assert said.code == 4 and "limit of 1 request" in said.err and server.asked_count == 1


def test_what_it_cost_is_said(shell: Shell, project: Path) -> None:
    with FakeOpenAICompatible(saying(GOOD)) as server:
        text = f"provider: openai_compatible\nmodel: m\nbase_url: {server.url}\nretries: 0\n"
        (project / "config" / "AIVis.yaml").write_text(text + "prices: {input: 100, output: 100}\n")
        said = suggest(shell)
        sent = server.last["response_format"]["json_schema"]["schema"]
    assert said.code == 0, said.err
    assert " USD." in said.err
    assert sent["required"] == ["criteria", "questions", "notes"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: (p / "config" / "rules.yaml").write_text("project: {name: x}\n"), "acceptance_criteria"),
        (lambda p: (p / "config" / "rules.yaml").unlink(), "it has no config/rules.yaml"),
        (lambda p: (p / "config" / "rules.yaml").write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda p: (p / "config" / "rules_guidelines.md").write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda p: (p / "input" / "input.png").unlink(), "is missing"),
    ],
)
def test_what_is_missing_or_broken_is_said_before_anything_is_sent(
    shell: Shell, project: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    spoil(project)
    said, server = with_judge(shell, project, GOOD)
    assert said.code == 2 and words in said.err, said.err
    assert server.asked_count == 0


# What is known of earlier runs


@pytest.fixture
def ran_project(ran: Path) -> Path:
    """projects/barn with a run of two pictures: golden failed in both, same_barn passed."""
    return ran


def test_the_last_runs_and_a_persons_notes_are_told(shell: Shell, ran_project: Path) -> None:
    (run,) = (path for path in (ran_project / "working").iterdir() if path.name.startswith("2026"))
    (run / "human").mkdir()
    ranking = {"ranking": ["2", "1"], "notes": {"2": "too\ndark", "9": "gone"}, "updated_at": ""}
    (run / "human" / "ranking.json").write_text(json.dumps(ranking))
    (ran_project / "config" / "rules_guidelines.md").write_text("Ask about the roof first.\n")
    said, server = with_judge(shell, ran_project, GOOD)
    asked = server.last["messages"][-1]["content"]
    for words in (
        "must_include: sunset; failed in all 2 pictures",
        "never failed (2 pictures)",
        "- on picture 2, place 1: too dark\n- on picture 9: gone",
        "Ask about the roof first.",
    ):
        assert words in asked, words
    assert "In the last run:\n  golden  failed in all 2 pictures\n" in said.err
    assert "same_barn  never failed" not in said.err


def test_verdicts_on_another_question_do_not_count(shell: Shell, ran_project: Path) -> None:
    path = ran_project / "config" / "rules.yaml"
    path.write_text(path.read_text().replace("golden light", "golden evening light"))
    _, server = with_judge(shell, ran_project, GOOD)
    assert "must_include: sunset; not judged yet" in server.last["messages"][-1]["content"]


def test_a_damaged_file_of_an_old_run_is_passed_over_and_named(shell: Shell, ran_project: Path) -> None:
    (run,) = (path for path in (ran_project / "working").iterdir() if path.name.startswith("2026"))
    (run / "metadata" / "iteration_2_metadata.json").write_text("{")
    said, server = with_judge(shell, ran_project, GOOD)
    assert said.code == 0 and "Note: passed over: " in said.err
    assert "failed in the only picture" in server.last["messages"][-1]["content"]


def test_that_an_unfinished_run_would_end_is_said(shell: Shell, ran_project: Path) -> None:
    said, _ = with_judge(shell, ran_project, GOOD)
    assert "unfinished" not in said.err
    checkpoint = ran_project / "working" / "checkpoint.json"
    checkpoint.write_text(checkpoint.read_text().replace('"exhausted"', '"paused"'))
    said = suggest(shell)
    assert "is unfinished: with other rules it ends, and the next `run` begins a new one." in said.err


def test_what_was_asked_and_said_is_kept(shell: Shell, project: Path) -> None:
    with_judge(shell, project, GOOD)
    record = json.loads((project / "working" / "rules" / "suggest_rules.json").read_text())
    assert record["format"] == "suggestion/1" and record["by"] == "ollama/qwen3-vl:4b"
    assert json.loads(record["reply"]) == GOOD and len(record["calls"]) == 1
    assert "What is wanted:" in record["prompt"]
