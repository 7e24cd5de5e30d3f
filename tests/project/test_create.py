"""Making projects: names, pictures, copies, kills, and never overwriting."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from PIL import Image

from iterativectl import files, resources
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.rules import load_rules
from iterativectl.errors import ConfigError, ImageError, LockedError, ProjectError, UsageError
from iterativectl.images.decode import decode
from iterativectl.project.create import adhoc, check_name, create
from iterativectl.project.layout import ProjectPaths, WorkspacePaths

NOW = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc)
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def workspace(tmp_path: Path) -> WorkspacePaths:
    (tmp_path / "projects").mkdir()
    return WorkspacePaths(tmp_path)


def picture(path: Path, size: tuple[int, int] = (6, 4), orientation: int = 1) -> Path:
    """A JPEG, its upper left corner red, with an EXIF orientation."""
    image = Image.new("RGB", size, "white")
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, "JPEG", quality=100, exif=exif)
    return path


def hidden(workspace: WorkspacePaths) -> list[str]:
    return [path.name for path in workspace.projects.iterdir() if path.name.startswith(".creating-")]


@pytest.mark.parametrize("name", ["a", "portrait", "A-1_b", "9lives", "x" * 64])
def test_names_that_can_be(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a b", "-a", "_a", "a/b", "ä", "x" * 65, "a\n", "con", "NUL", "com1", "a.b"]
)
def test_names_that_cannot_be(name: str, workspace: WorkspacePaths) -> None:
    with pytest.raises(UsageError, match="name"):
        create(workspace, name, now=NOW)
    assert not [path for path in workspace.projects.iterdir() if not path.name.startswith(".")]


def test_the_template(workspace: WorkspacePaths) -> None:
    project = create(workspace, "portrait", now=NOW).project
    rules, warnings = load_rules(project.rules)
    assert (rules.name, warnings) == ("portrait", ())
    assert {criterion.intent for criterion in rules.acceptance_criteria} == {"change", "preserve"}
    load_aigen(project.aigen)
    load_aivis(project.aivis)
    shipped = resources.path("defaults", "input", "example.jpg").read_bytes()
    assert (project.root / "input" / "example.jpg").read_bytes() == shipped
    assert decode(project.input.read_bytes()).format == "PNG"
    assert hidden(workspace) == []


def test_only_the_name_in_the_template_is_changed(workspace: WorkspacePaths) -> None:
    project = create(workspace, "portrait", now=NOW).project
    shipped = resources.path("defaults", "config", "rules.yaml").read_text(encoding="utf-8").splitlines()
    made = project.rules.read_text(encoding="utf-8").splitlines()
    assert [(a, b) for a, b in zip(shipped, made, strict=True) if a != b] == [
        ("  name: business_portrait", "  name: portrait")
    ]


def test_a_sideways_photo_becomes_upright_and_is_kept(workspace: WorkspacePaths, tmp_path: Path) -> None:
    photo = picture(tmp_path / "IMG 1.JPG", (6, 4), orientation=6)
    project = create(workspace, "a", input=photo, now=NOW).project
    upright = decode(project.input.read_bytes())
    assert (upright.size, upright.mode) == ((4, 6), "RGB")
    assert upright.getpixel((3, 0))[1] < 60, "the red corner went to the right"  # type: ignore[index]
    assert (project.root / "input" / "IMG 1.JPG").read_bytes() == photo.read_bytes()


def test_a_png_that_is_right_already_is_not_kept_twice(workspace: WorkspacePaths, tmp_path: Path) -> None:
    Image.new("RGB", (5, 5), "blue").save(tmp_path / "input.png")
    project = create(workspace, "a", input=tmp_path / "input.png", now=NOW).project
    assert [path.name for path in project.input.parent.iterdir()] == ["input.png"]


def test_an_original_called_input_png_is_kept_under_another_name(
    workspace: WorkspacePaths, tmp_path: Path
) -> None:
    Image.new("P", (5, 5)).save(tmp_path / "input.png")
    project = create(workspace, "a", input=tmp_path / "input.png", now=NOW).project
    assert sorted(path.name for path in project.input.parent.iterdir()) == ["input.png", "original_input.png"]


def test_a_broken_picture_leaves_nothing(workspace: WorkspacePaths, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(ImageError, match=r"broken\.png"):
        create(workspace, "a", input=tmp_path / "broken.png", now=NOW)
    assert not workspace.project("a").root.exists()
    assert hidden(workspace) == []


def test_a_missing_picture(workspace: WorkspacePaths, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        create(workspace, "a", input=tmp_path / "gone.png", now=NOW)


@pytest.mark.parametrize("there", ["a", "A"])
def test_nothing_is_overwritten(workspace: WorkspacePaths, there: str) -> None:
    (workspace.projects / there).mkdir()
    with pytest.raises(ProjectError, match="already"):
        create(workspace, "a", now=NOW)
    assert list((workspace.projects / there).iterdir()) == []


def test_a_copy_takes_settings_pictures_and_workflows_but_no_runs(workspace: WorkspacePaths) -> None:
    source = create(workspace, "source", now=NOW).project
    for name in (
        "input/masks/left.png",
        "workflow/own.json",
        "working/run.json",
        "output/output.png",
        "logs/app.log",
    ):
        files.write_text(source.root / name, name)
    copy = create(workspace, "copy", source_project=source, now=NOW).project
    there = {path.relative_to(copy.root).as_posix() for path in copy.root.rglob("*") if path.is_file()}
    assert there == {
        *(f"config/{name}.yaml" for name in ("rules", "AIGen", "AIVis")),
        *("input/input.png", "input/example.jpg", "input/masks/left.png", "workflow/own.json"),
    }
    assert load_rules(copy.rules)[0].name == "copy"
    assert copy.aivis.read_bytes() == source.aivis.read_bytes(), "nothing secret: nothing rewritten"


def test_a_copy_with_another_picture_keeps_the_masks(workspace: WorkspacePaths, tmp_path: Path) -> None:
    source = create(workspace, "source", now=NOW).project
    files.write_text(source.root / "input" / "masks" / "left.png", "mask")
    photo = picture(tmp_path / "new.jpg")
    copy = create(workspace, "copy", input=photo, source_project=source, now=NOW).project
    assert sorted(path.name for path in copy.input.parent.iterdir()) == ["input.png", "masks", "new.jpg"]


def test_no_secret_is_copied_and_comments_stay(workspace: WorkspacePaths) -> None:
    source = create(workspace, "source", now=NOW).project
    text = source.aivis.read_text(encoding="utf-8").replace('api_key: ""', "api_key: sk-very-secret-0001")
    source.aivis.write_text(text.replace("base_url: null", "base_url: http://me:pass@gpu.test/v1"))
    aigen = source.aigen.read_text(encoding="utf-8").replace(
        "  port: 8188\n",
        '  port: 8188\n  headers: {Authorization: "Bearer abc123", X-Room: "12", Cookie: "env:MINE"}\n',
    )
    source.aigen.write_text(aigen)
    made = create(workspace, "copy", source_project=source, now=NOW)
    copied = "".join(path.read_text() for path in made.project.config.glob("*.yaml"))
    assert "sk-very-secret-0001" not in copied and "abc123" not in copied and "me:pass" not in copied
    assert 'X-Room: "12"' in copied and 'Cookie: "env:MINE"' in copied
    assert "# leave empty: set OPENROUTER_API_KEY in the environment" in copied
    assert len(made.notes) == 3 and "api_key" in made.notes[0]
    assert "sk-very-secret-0001" in source.aivis.read_text(), "the source is as it was"


def test_a_file_that_cannot_be_read_is_not_copied_blindly(workspace: WorkspacePaths) -> None:
    source = create(workspace, "source", now=NOW).project
    source.aivis.write_text("api_key: 'sk-very-secret-0001\n")
    with pytest.raises(ConfigError, match=r"AIVis\.yaml"):
        create(workspace, "copy", source_project=source, now=NOW)
    assert not workspace.project("copy").root.exists()
    assert hidden(workspace) == []


def test_a_name_in_quotes_is_renamed_too(workspace: WorkspacePaths) -> None:
    source = create(workspace, "source", now=NOW).project
    text = source.rules.read_text(encoding="utf-8").replace("name: source", "name: 'source'  # mine")
    source.rules.write_text(text)
    copy = create(workspace, "copy", source_project=source, now=NOW).project
    assert load_rules(copy.rules)[0].name == "copy"
    assert "# mine" in copy.rules.read_text(encoding="utf-8")


KILLED = """
import os, sys
from datetime import datetime, timezone
from pathlib import Path
from iterativectl import files
from iterativectl.project.create import create
from iterativectl.project.layout import WorkspacePaths
left = int(sys.argv[2])
def count(event, args):
    global left
    if event in ("os.rename", "os.mkdir", "open"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
from iterativectl.images import normalise
sys.addaudithook(count)
create(WorkspacePaths(Path(sys.argv[1])), "a", now=datetime(2026, 1, 9, tzinfo=timezone.utc))
"""


@pytest.mark.parametrize("operation", [3, 8, 13, 18, 23])
def test_killed_there_is_a_project_or_none(workspace: WorkspacePaths, operation: int) -> None:
    environment = {"PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", KILLED, str(workspace.root), str(operation)]
    killed = subprocess.run(command, env=environment, timeout=60, capture_output=True)
    assert killed.returncode == -9
    project = workspace.project("a")
    if not project.root.exists():
        create(workspace, "a", now=NOW)
    load_rules(project.rules)
    decode(project.input.read_bytes())
    assert hidden(workspace) == [] or project.root.exists()
    create(workspace, "b", now=NOW)
    assert hidden(workspace) == []


def test_two_at_once(workspace: WorkspacePaths) -> None:
    descriptor = files.lock(workspace.projects / ".creating.lock", "somebody")
    assert descriptor is not None
    with pytest.raises(LockedError):
        create(workspace, "a", now=NOW)
    files.unlock(descriptor)
    create(workspace, "a", now=NOW)


RULES = "project: {name: mine}\nacceptance_criteria:\n  - {field: sky, question: Is the sky blue}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "loose" / "my rules.yaml"
    path.parent.mkdir()
    path.write_text(RULES)
    return path


def test_adhoc_makes_a_project_beside_the_rules(rules: Path, tmp_path: Path) -> None:
    made = adhoc(rules, picture(tmp_path / "photo.jpg"), NOW)
    assert made.project.root == rules.parent / "iterative_projects" / "my_rules"
    assert str(made.project.root) in made.notes[0]
    assert load_rules(made.project.rules)[0].name == "mine"
    head = made.project.rules.read_text(encoding="utf-8").splitlines()[0]
    assert (made.project.config / head.split("$schema=")[1]).is_file()
    load_aigen(made.project.aigen)
    decode(made.project.input.read_bytes())


def test_adhoc_again_changes_nothing(rules: Path, tmp_path: Path) -> None:
    photo = picture(tmp_path / "photo.jpg")
    project = adhoc(rules, photo, NOW).project
    project.aigen.write_text(project.aigen.read_text().replace("denoise: 0.5", "denoise: 0.6"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in project.root.rglob("*.*")}
    assert len(adhoc(rules, photo, NOW).notes) == 1
    assert len(adhoc(rules, None, NOW).notes) == 1
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in project.root.rglob("*.*")
    }


def test_adhoc_renews_what_changed(rules: Path, tmp_path: Path) -> None:
    project = adhoc(rules, picture(tmp_path / "photo.jpg"), NOW).project
    first = project.input.read_bytes()
    rules.write_text(RULES.replace("blue", "green"))
    notes = adhoc(rules, picture(tmp_path / "photo.jpg", (8, 8)), NOW).notes
    assert len(notes) == 3
    assert "green" in project.rules.read_text(encoding="utf-8")
    assert project.input.read_bytes() != first
    kept = {path.name for path in project.input.parent.iterdir()}
    assert kept == {"input.png", "photo.jpg", "photo_2.jpg"}, "the older original is not overwritten"


@pytest.mark.parametrize(
    ("missing", "message"), [("rules", "--rules: there is no file"), ("input", "--input: there is no file")]
)
def test_adhoc_names_a_missing_file(rules: Path, tmp_path: Path, missing: str, message: str) -> None:
    photo = picture(tmp_path / "photo.jpg")
    (rules if missing == "rules" else photo).unlink()
    with pytest.raises(UsageError, match=message):
        adhoc(rules, photo, NOW)


def test_adhoc_without_a_picture(rules: Path) -> None:
    with pytest.raises(UsageError, match="which picture"):
        adhoc(rules, None, NOW)
    assert not (rules.parent / "iterative_projects").exists()


def test_transparent_and_deep_pictures_become_plain(workspace: WorkspacePaths, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("I;16", (4, 4), 65535).save(buffer, "PNG")
    (tmp_path / "deep.png").write_bytes(buffer.getvalue())
    project = create(workspace, "a", input=tmp_path / "deep.png", now=NOW).project
    image = decode(project.input.read_bytes())
    assert image.mode == "RGB" and image.getpixel((0, 0)) == (255, 255, 255)
    assert isinstance(project, ProjectPaths)
