"""`iterativectl run` with every provider: it passes, it pauses and goes on, and no key is left anywhere.

The tests go over the table of benches: a provider that is added there is tested here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.cli.rehearsal import Opinion, barn, never, second_time_lucky
from tests.cli.shell import Said, Shell, files_below
from tests.fakes.judge_server import Asked, Canned, JudgeServer
from tests.vision.benches import CANARY, KINDS, Kind

from iterativectl.errors import ExitCode

SERVERS = tuple(KINDS)
WITH_KEY = tuple(name for name, kind in KINDS.items() if kind.variable)
SPELLINGS = {
    CANARY,
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode(),
    CANARY[::-1],
}


class Rig:
    """A project that is judged by one provider, and whoever types commands there."""

    def __init__(self, folder: Path, kind: Kind, fake: JudgeServer) -> None:
        self.kind, self.fake = kind, fake
        (folder / "projects").mkdir()
        self.project = barn(folder)
        self.shell = Shell(folder)
        self.shell.environ.update(kind.environ)
        self.said: list[Said] = []
        self.aivis()

    def aivis(self, more: str = "") -> None:
        settings = f"provider: {self.kind.name}\nmodel: {self.kind.model}\nbase_url: {self.fake.url}\n"
        prices = "prices: {input: 0.2, output: 0.8}\n"
        (self.project / "config" / "AIVis.yaml").write_text(f"{settings}retries: 0\n{prices}{more}")

    def __call__(self, *argv: str) -> Said:
        said = self.shell(*argv, "--project", "barn")
        self.said.append(said)
        return said


@pytest.fixture
def rig(disk: Path) -> Callable[..., Any]:
    @contextmanager
    def made(name: str, answer: Callable[[Asked], str] | None = None) -> Iterator[Rig]:
        kind = KINDS[name]
        with kind.fake(answer or Opinion(second_time_lucky)) as fake:
            yield Rig(disk, kind, fake)

    return made


def leaks(root: Path, said: list[Said]) -> list[str]:
    """Where any spelling of the key stands: files, texts inside pictures, the screen."""
    found = []
    for name, content in files_below(root).items():
        texts = [content.decode("utf-8", errors="replace")]
        if name.endswith(".png"):
            with Image.open(root / name) as picture:
                texts += [f"{key}={value}" for key, value in picture.info.items()]
        found += [name for text in texts for spelling in SPELLINGS if spelling in text]
    for number, one in enumerate(said):
        found += [f"screen {number}" for spelling in SPELLINGS if spelling in one.out + one.err]
    return found


class Telltale(Opinion):
    """A judge that repeats the key that it was asked with, wherever it may say something."""

    def __call__(self, asked: Asked) -> str:
        said = super().__call__(asked)
        if asked.schema is None:
            return f"{said}, asked with {CANARY}"
        answer = json.loads(said)
        answer["reason"] = f"asked with Bearer {CANARY}"
        for group in answer.values():
            for record in group.values() if isinstance(group, dict) else ():
                if isinstance(record, dict):
                    record["reason"] = f"{record.get('reason', '')} {CANARY}"
        return json.dumps(answer)


def refused(status: int) -> Canned:
    error = {"code": status, "message": f"no: {CANARY}", "type": "", "metadata": {"raw": f"key={CANARY}"}}
    return Canned(status=status, headers={"X-Key": CANARY}, body={"error": error})


# -v says all that -q says and more: -q is tried once for each wire format.
LOUD = [(name, "-v") for name in WITH_KEY] + [(name, "-q") for name in ("openrouter", "anthropic", "gemini")]


@pytest.mark.parametrize(("name", "loudness"), LOUD)
def test_a_key_is_in_no_file_no_picture_no_log_and_not_on_the_screen(
    rig: Callable[..., Any], name: str, loudness: str
) -> None:
    with rig(name, Telltale(second_time_lucky)) as made:
        for canned in (refused(401), refused(500), Canned(status=500, body=f"<title>{CANARY}</title>")):
            made.fake.script.append(canned)
            made("run", loudness)
        assert made("run", loudness).code == ExitCode.OK, made.said[-1].err
        made("doctor", loudness)
        made("doctor", "--json")
        made("run", loudness, "--dry-run")
        sent = "".join(str(request.headers) for request in made.fake.requests)
        assert CANARY in sent, "it was in use"
        assert leaks(made.shell.cwd, made.said) == []


@pytest.mark.parametrize("name", WITH_KEY)
def test_a_key_in_the_file_stays_there(rig: Callable[..., Any], name: str) -> None:
    with rig(name, Telltale(never)) as made:
        made.shell.environ.clear()
        made.aivis(f"api_key: {CANARY}\n")
        assert made("run", "-v", "--max-iterations", "1").code == ExitCode.NOT_ACCEPTED
        assert leaks(made.shell.cwd, made.said) == ["projects/barn/config/AIVis.yaml"]


def test_a_leak_is_found(tmp_path: Path) -> None:
    """The twin: every place that is searched can tell."""
    assert leaks(tmp_path, []) == []
    (tmp_path / "log").write_text(f"Bearer {CANARY}")
    (tmp_path / "url").write_text(base64.b64encode(CANARY.encode()).decode())
    picture = Image.new("RGB", (4, 4))
    info = PngInfo()
    info.add_text("prompt", CANARY, zip=True)
    picture.save(tmp_path / "a.png", pnginfo=info)
    found = leaks(tmp_path, [Said(0, "", f"it is {CANARY}")])
    assert set(found) == {"log", "url", "a.png", "screen 0"}


# --- pauses


@pytest.mark.row("2/10")
@pytest.mark.parametrize("name", SERVERS)
def test_no_key_and_no_credit_pause_the_run_and_it_goes_on(rig: Callable[..., Any], name: str) -> None:
    with rig(name, Opinion(lambda field, time: "yes")) as made:
        for number, status in enumerate((401, 402), start=1):
            made.fake.script.append(refused(status))
            said = made("run")
            assert said.code == ExitCode.PAUSED, said.err
            assert made.fake.asked_count == number, "not sent again"
        assert made("run").code == ExitCode.OK, made.said[-1].err
        (usage,) = (made.project / "working").glob("*/usage.jsonl")  # it was one run
        lines = [json.loads(line) for line in usage.read_text().splitlines()]
        settled = [line for line in lines if line["event"] == "settled"]
        assert len(settled) == made.fake.asked_count
        assert all(line["cost_usd"] is not None for line in settled)


# --- a model that is not fit to judge


def unfit(fake: Any, name: str) -> None:
    """Let the server say that its model does not see, or does not answer at all."""
    if name == "ollama":
        fake.models = {"qwen3-vl:4b": ("completion",)}
    elif name == "anthropic":
        fake.models = [{**fake.models[0], "capabilities": {"image_input": {"supported": False}}}]
    elif name == "gemini":
        fake.models = [{**fake.models[0], "supportedGenerationMethods": ["embedContent"]}]
    elif name == "lmstudio":
        fake.looks["/api/v1/models"]["models"][0]["capabilities"]["vision"] = False
    elif name == "llamacpp":
        fake.looks["/props"]["modalities"]["vision"] = False
    else:  # the list says it, where it says anything
        fake.models = [{**model, "architecture": {"input_modalities": ["text"]}} for model in fake.models]


@pytest.mark.parametrize("name", SERVERS)
def test_an_unsuitable_model_is_refused_before_the_run_starts(rig: Callable[..., Any], name: str) -> None:
    with rig(name) as made:
        unfit(made.fake, name)
        said = made("run")
        assert said.code == ExitCode.PAUSED
        assert "does not see pictures" in said.err or "does not answer" in said.err
        assert "Choose a model" in said.err or "--mmproj" in said.err
        assert made.fake.asked_count == 0
        assert not list((made.project / "working").glob("*/run.json")), "no run was begun"
