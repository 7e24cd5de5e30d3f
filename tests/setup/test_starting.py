"""What a start costs, and what an old Python or the runner's own script makes of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.setup import checkouts
from tests.setup.checkouts import ROOT, Checkout, said

READ_BY_OLD_PYTHONS = [
    "iterativectl",
    "iterative_imagination.py",
    "src/launcher/__init__.py",
    "src/launcher/stamp.py",
    "src/launcher/pythons.py",
]
SLOW = {"cv2", "numpy", "PIL", "requests", "websocket", "rich", "jsonschema", "yaml", "ruamel", "json_repair"}


@pytest.mark.parametrize("name", READ_BY_OLD_PYTHONS)
def test_an_old_python_can_read_it(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))
    modern = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    subscripted = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for note in [function.returns, *(one.annotation for one in function.args.args)]
        for node in ast.walk(note or ast.Constant(None))
        if isinstance(node, ast.Subscript | ast.BinOp)
    ]
    assert (modern, subscripted) == ([], []), "annotations are evaluated by an old Python: put them in quotes"


def test_the_everyday_start_imports_next_to_nothing(checkout: Checkout) -> None:
    said(checkout.start())
    program = (
        f"import sys; sys.argv = ['iterativectl', 'x']; sys.path.insert(0, {str(checkout.root / 'src')!r})\n"
        "before = set(sys.modules)\n"
        f"from launcher import stamp; assert stamp.is_fresh({str(checkout.root)!r}, '')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout.split() == ["launcher", "launcher.stamp"]


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_slow(words: list[str]) -> None:
    program = (
        "import sys; from iterativectl.cli.main import entry\n"
        f"sys.argv = ['iterativectl', *{words!r}]\n"
        "try:\n    entry()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "print('modules:', *sorted(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "src",
        capture_output=True,
        text=True,
        timeout=60,
    )
    modules = set(ended.stdout.rpartition("modules: ")[2].split())
    assert "click" in modules, ended.stderr
    assert modules & SLOW == set()


# The launcher's own search, as a Python that is too old would start it.
SEARCH = """
import sys
sys.path.insert(0, {src!r})
sys.argv = ["iterativectl", "status"]
from launcher import pythons
pythons.start_again_with_a_newer_one()
"""


def search(tools: Path) -> subprocess.CompletedProcess[str]:
    program = SEARCH.format(src=str(ROOT / "src"))
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=checkouts.DEADLINE,
    )


def tool(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_an_old_python_finds_a_newer_one(tmp_path: Path) -> None:
    tool(tmp_path, "python3.13", "exit 127  # a version manager's empty promise")
    tool(tmp_path, "python3.11", 'if [ "$1" = -c ]; then exit 0; fi; echo "3.11 runs $*"')
    tool(tmp_path, "uv", 'echo "uv runs $*"')
    assert search(tmp_path).stdout == "3.11 runs iterativectl status\n"


def test_an_old_python_asks_uv_for_one(tmp_path: Path) -> None:
    tool(tmp_path, "python3.12", "exit 1")
    tool(tmp_path, "uv", 'echo "uv runs $*"')
    assert search(tmp_path).stdout == "uv runs run --no-project --python >=3.10 python iterativectl status\n"


def test_an_old_python_says_what_to_install(tmp_path: Path) -> None:
    ended = search(tmp_path)
    assert ended.returncode == 1
    assert "Python 3.10 or newer is needed; this is Python 3." in ended.stderr
    assert "sudo apt install python3 python3-venv" in ended.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--project", "example"], ["run", "--project=example"]),
        (
            ["--rules", "-odd.yaml", "--input=a b.png", "--verbose"],
            ["run", "--input=a b.png", "--rules=-odd.yaml", "--verbose"],
        ),
        (
            ["--project", "p", "--resume-from", "3", "--reset", "--dry-run"],
            ["run", "--dry-run", "--project=p", "--reset", "--resume-from=3"],
        ),
        (
            ["--project", "p", "--seed", "7", "--embedded"],
            ["run", "--project=p", "--seed", "7", "--embedded"],
        ),
    ],
)
def test_the_runner_hands_its_options_over(checkout: Checkout, given: list[str], told: list[str]) -> None:
    if given[:2] == ["--rules", "-odd.yaml"]:
        given = ["--rules=-odd.yaml", *given[2:]]
    runner = [sys.executable, str(checkout.root / "iterative_imagination.py"), *given]
    ended = subprocess.run(runner, env=checkout.environ(), capture_output=True, text=True, timeout=60)
    assert said(ended)["arguments"] == told


def test_the_runner_alone_explains_itself() -> None:
    runner = [sys.executable, str(ROOT / "iterative_imagination.py")]
    ended = subprocess.run([*runner, "--help"], capture_output=True, text=True, timeout=60)
    for option in ("--project", "--rules", "--input", "--resume-from", "--reset", "--dry-run", "--verbose"):
        assert option in ended.stdout
    assert subprocess.run([*runner, "--resume-from", "x"], capture_output=True, timeout=60).returncode == 2
