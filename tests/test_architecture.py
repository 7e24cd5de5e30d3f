"""The house's rules hold for the source, and every rule finds a violation that is planted for it."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import house
from tests.house import House

ROOT = Path(__file__).resolve().parents[1]
RULES: dict[str, Callable[[House], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        house.layers,
        house.backends,
        house.painter_and_judge,
        house.cycles,
        house.purity,
        house.one_writer,
        house.voices,
        house.swallowed,
        house.empty_names,
        house.sizes,
        house.parameters,
    )
}

# Where the house breaks its own rule, and why. An entry that is no longer needed fails the test.
ALLOWED = {
    "one_writer": {
        "cli.logs: calls .mkdir()": "the log handler makes its folder when the first line comes",
        "cli.logs: _QuietHandler is a log file": "logging writes app.log itself, with its rotation",
        "cli.screen: opens for writing": "/dev/null takes the place of a closed pipe",
        "history.database: calls sqlite3.connect": "the index, which SQLite keeps by itself",
        "processes.logs: opens for writing": "the log that a program which outlives us writes itself",
        "project.create: calls .unlink()": "takes away the half-made project of a failed `create`",
        "project.create: calls .rmdir()": "takes away the half-made project of a failed `create`",
    },
    "sizes": {},
}


@pytest.fixture(scope="module")
def source() -> House:
    return House.at(ROOT / "src")


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_the_rule(rule: str, source: House) -> None:
    allowed = {f"{house.PACKAGE}.{key}" for key in ALLOWED.get(rule, {})}
    found = {re.sub(r":\d+:", ":", finding): finding for finding in RULES[rule](source)}
    assert [finding for key, finding in found.items() if _key(key) not in allowed] == []
    assert sorted(allowed - {_key(key) for key in found}) == [], "no longer needed in ALLOWED"


def _key(finding: str) -> str:
    """A size may change from day to day; that it is over the limit is what was allowed."""
    return re.sub(r": \d+ lines", "", finding)


def test_functions_are_short(source: House) -> None:
    lengths = house.function_lengths(source)
    assert len(lengths) > 300
    assert statistics.median(lengths) <= house.MEDIAN_LINES


def test_the_scripts_of_the_viewer_have_no_wide_lines() -> None:
    root = ROOT / "viewer" / "js"
    scripts = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*.js")}
    assert len(scripts) > 50 and "app.js" in scripts
    assert list(house.wide_lines(scripts)) == []


def test_a_planted_wide_line_is_found() -> None:
    right = "x" * house.SCRIPT_COLUMNS
    assert list(house.wide_lines({"a.js": f"{right}\n{right}x\n", "b.js": right})) == [
        "a.js:2: 141 characters"
    ]


def test_the_real_source_was_read(source: House) -> None:
    assert {"iterativectl", "iterativectl.files", "iterativectl.cli.main"} <= set(source.sources)
    assert "iterativectl.cli.main" in {target for target, _ in source.imports["iterativectl.__main__"]}


# rule, module that holds the violation, its source, what the finding says (a piece of it).
PLANTED = [
    ("layers", "model", "from iterativectl.config import types", "above it"),
    ("layers", "policy.classic", "from iterativectl import runner", "above it"),
    ("layers", "images.measure", "def f():\n    import iterativectl.project.layout", "above it"),
    ("layers", "config.rules", "if TYPE_CHECKING:\n    from iterativectl.cli.main import main", "above it"),
    ("layers", "vision.router", "from iterativectl.project import layout", "never import each other"),
    ("layers", "vision.router", "from ..project.layout import run_dir", "never import each other"),
    ("layers", "project.store", "import iterativectl.generation", "never import each other"),
    ("layers", "stray", "x = 1", "belongs to no layer"),
    ("backends", "runner", "from iterativectl.vision.ollama import Ollama", "only compose does"),
    ("backends", "cli.commands.run", "from iterativectl.generation import comfyui", "only compose does"),
    (
        "backends",
        "judging.judge",
        "def f():\n    import iterativectl.vision.openai_compatible",
        "only compose",
    ),
    ("painter_and_judge", "vision.embedded", "from iterativectl.images import shared", "generation.embedded"),
    ("cycles", "config.a", "from iterativectl.config.b import y", "config.b"),
    ("cycles", "config.c", "def f():\n    from iterativectl.config import d", "config.d"),
    ("purity", "policy.classic", "import time", "imports time"),
    ("purity", "policy.classic", "from datetime import datetime", "imports datetime"),
    ("purity", "judging.score", "from pathlib import Path", "imports pathlib"),
    ("purity", "judging.replies", "def f():\n    import os.path", "imports os.path"),
    ("purity", "generation.comfyui.graph", "import urllib.request", "imports urllib.request"),
    ("purity", "generation.comfyui.patch", "import random\nx = random.random()", "random.random"),
    ("purity", "policy.tuning", "from random import choice\nx = choice([1])", "random.choice"),
    ("purity", "images.measure", "import numpy as np\nx = np.random.rand(3)", "numpy.random.rand"),
    ("purity", "images.measure", "import cv2\nx = cv2.imread('a.png')", "cv2.imread"),
    ("purity", "images.decode", "from PIL import Image\ndef f(p):\n    Image.open(p)", "may be a path"),
    ("purity", "policy.terms", "def f(p):\n    return open(p).read()", "calls open"),
    ("purity", "judging.replies", "from iterativectl import files", "imports iterativectl.files"),
    ("one_writer", "project.store", "def f(p):\n    open(p, 'w')", "opens for writing"),
    ("one_writer", "project.store", "def f(p, m):\n    open(p, m)", "opens for writing"),
    ("one_writer", "project.store", "def f(p):\n    p.open('ab')", "opens for writing"),
    ("one_writer", "project.store", "def f(p):\n    p.open(mode='r+')", "opens for writing"),
    ("one_writer", "project.store", "import os\ndef f(p):\n    os.open(p, os.O_WRONLY)", "opens for writing"),
    ("one_writer", "images.decode", "def f(picture, p):\n    picture.save(p)", ".save()"),
    ("one_writer", "images.decode", "import cv2\ncv2.imwrite('a.png', 1)", "cv2.imwrite"),
    ("one_writer", "cli.commands.init", "from shutil import copytree\ncopytree('a', 'b')", "shutil.copytree"),
    ("one_writer", "runner", "import os as system\nsystem.replace('a', 'b')", "os.replace"),
    ("one_writer", "runner", "def f(p):\n    p.write_text('')", ".write_text()"),
    ("one_writer", "runner", "import logging\nlogging.FileHandler('a')", "FileHandler"),
    ("one_writer", "runner", "from logging import FileHandler\nclass A(FileHandler): ...", "log file"),
    ("one_writer", "web.projects", "import sqlite3", "only history does"),
    ("one_writer", "project.store", "from sqlite3 import dbapi2", "only history does"),
    ("one_writer", "history.queries", "import sqlite3\nsqlite3.connect('a')", "calls sqlite3.connect"),
    ("voices", "runner", "print('hello')", "uses print"),
    ("voices", "compose", "report = print", "uses print"),
    ("voices", "doctor", "import sys\nsys.exit(1)", "uses sys.exit"),
    ("voices", "doctor", "raise SystemExit", "uses SystemExit"),
    ("voices", "runner", "answer = input('sure?')", "asks with input()"),
    ("voices", "project.store", "from sys import stderr\nstderr.write('x')", "uses sys.stderr"),
    ("swallowed", "vision.router", "try:\n    f()\nexcept Exception:\n    pass", "swallows"),
    ("swallowed", "vision.router", "try:\n    f()\nexcept:\n    x = 1", "swallows"),
    ("swallowed", "runner", "try:\n    f()\nexcept (ValueError, BaseException):\n    g()", "swallows"),
    ("swallowed", "runner", "with contextlib.suppress(Exception):\n    f()", "suppresses"),
    ("empty_names", "project.store", "class RunManager: ...", "RunManager"),
    ("empty_names", "vision.router", "class JudgeService: ...", "JudgeService"),
    ("sizes", "runner", "x = 1\n" * (house.MODULE_LINES + 1), "lines"),
    ("sizes", "runner", "def f():\n" + "    x = 1\n" * house.FUNCTION_LINES, "lines"),
    ("parameters", "runner", "def f(a, b, /, c, d, *, e, g, h): ...", "7 parameters"),
]

# Modules that planted source refers to.
SURROUNDINGS = {
    "iterativectl": "",
    "iterativectl.cli.main": "",
    "iterativectl.config.b": "from iterativectl.config import a",
    "iterativectl.config.d": "if TYPE_CHECKING:\n    from iterativectl.config import c",
    "iterativectl.config.types": "",
    "iterativectl.files": "",
    "iterativectl.generation": "",
    "iterativectl.generation.comfyui": "",
    "iterativectl.generation.embedded": "",
    "iterativectl.images.shared": "def f():\n    import iterativectl.generation.embedded",
    "iterativectl.project.layout": "",
    "iterativectl.runner": "",
    "iterativectl.vision.ollama": "",
    "iterativectl.vision.openai_compatible": "",
}


@pytest.mark.parametrize(("rule", "module", "text", "said"), PLANTED)
def test_a_planted_violation_is_found(rule: str, module: str, text: str, said: str) -> None:
    planted = House({**SURROUNDINGS, f"{house.PACKAGE}.{module}": text})
    assert any(said in finding for finding in RULES[rule](planted))


# The same things, done rightly: no rule may cry wolf.
INNOCENT = [
    ("images.normalise", "import io\ndef f(p):\n    buffer = io.BytesIO()\n    p.save(buffer, 'PNG')"),
    ("images.decode", "import io\nfrom PIL import Image\ndef f(b):\n    return Image.open(io.BytesIO(b))"),
    ("policy.classic", "import random\ndef f(seed):\n    return random.Random(seed)"),
    ("images.measure", "import numpy as np\ndef f(seed):\n    return np.random.default_rng(seed)"),
    ("project.store", "def f(p):\n    with p.open('rb') as stream:\n        return stream.read()"),
    ("project.store", "from iterativectl import files\ndef f(p):\n    files.write_bytes(p, b'')"),
    ("runner", "try:\n    f()\nexcept Exception as error:\n    note(error)"),
    ("runner", "try:\n    f()\nexcept Exception:\n    tidy()\n    raise"),
    ("compose", "from iterativectl.vision import ollama\nfrom iterativectl.generation import comfyui"),
    ("vision.router", "from iterativectl.vision import ollama"),
]


@pytest.mark.parametrize(("module", "text"), INNOCENT)
def test_what_is_right_is_not_found(module: str, text: str) -> None:
    name = f"{house.PACKAGE}.{module}"
    only = {key: "" for key in SURROUNDINGS}
    assert [finding for rule in RULES.values() for finding in rule(House({**only, name: text}))] == []


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, *_ in PLANTED} == set(RULES)
