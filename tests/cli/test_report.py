"""`iterativectl report`: every format to a file, chosen by option or by the file's name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.shell import Shell, files_below


def test_a_page_in_the_current_folder(shell: Shell, ran: Path) -> None:
    before = files_below(ran)
    said = shell("report", "--project", "barn")
    assert said.code == 0, said.err
    path = Path(said.out.strip())
    assert path.parent == shell.cwd and path.name.startswith("barn_") and path.suffix == ".html"
    text = path.read_text()
    assert text.startswith("<!doctype html>") and "data:image/jpeg" in text
    assert "after 2 iterations" in said.err
    after = {name: content for name, content in files_below(ran).items() if not name.startswith("logs/")}
    assert after == {name: content for name, content in before.items() if not name.startswith("logs/")}


@pytest.mark.parametrize("kind", ["html", "png", "zip", "json", "csv"])
def test_every_format_by_option_and_by_the_name(shell: Shell, ran: Path, kind: str) -> None:
    (shell.cwd / "there").mkdir()
    by_option = Path(shell("report", "--project", "barn", "--format", kind, "--out", "there").out.strip())
    said = shell("report", "--project", "barn", "--out", f"mine.{kind}", "--json")
    found = said.json
    assert (found["format"], found["kind"], found["project"]) == ("report_written/1", kind, "barn")
    (by_name,) = map(Path, found["files"])
    assert by_option.parent == shell.cwd / "there" and by_name == shell.cwd / f"mine.{kind}"
    assert by_option.read_bytes() == by_name.read_bytes(), "the clock stands still"
    plain = shell("report", "--project", "barn", "--format", kind, "--out", "plain").out.strip()
    assert plain == str(shell.cwd / f"plain.{kind}")
    looks = {
        "html": lambda path: path.read_text().startswith("<!doctype html>"),
        "png": lambda path: Image.open(io.BytesIO(path.read_bytes())).format == "PNG",
        "zip": lambda path: zipfile.ZipFile(path).testzip() is None,
        "json": lambda path: json.loads(path.read_text())["format"] == "report/1",
        "csv": lambda path: path.read_text("utf-8-sig").startswith("iteration,status,"),
    }
    assert looks[kind](by_name)


def test_full_pictures_beside_the_page(shell: Shell, ran: Path) -> None:
    said = shell("report", "--project", "barn", "--out", "r.html", "--pictures", "beside")
    assert said.code == 0 and "3 pictures beside it" in said.err
    folder = shell.cwd / "r_pictures"
    (run,) = ran.glob("working/*/run.json")
    assert (folder / "iteration_2.png").read_bytes() == (run.parent / "images/iteration_2.png").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == [
        "iteration_1.png",
        "iteration_2.png",
        "original.png",
    ]
    assert 'src="r_pictures/iteration_2.png"' in (shell.cwd / "r.html").read_text()


REFUSED = {
    "no such run": (("--run", "2020-01-01_00-00-00"), "barn has no run"),
    "a path": (("--run", "../.."), "barn has no run"),
    "ending": (("--out", "x.pdf"), "a report is no pdf file"),
    "folder": (("--out", "no/such/x.html"), "there is no folder"),
    "pictures": (("--format", "csv", "--pictures", "beside"), "means nothing with csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(shell: Shell, ran: Path, name: str) -> None:
    options, message = REFUSED[name]
    before = files_below(shell.cwd / "projects" / "barn" / "working")
    said = shell("report", "--project", "barn", *options)
    assert said.code == 2 and message in said.err
    assert [path for path in shell.cwd.iterdir() if path.name != "projects"] == []
    assert files_below(shell.cwd / "projects" / "barn" / "working") == before
