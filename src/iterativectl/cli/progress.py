"""What `judge` and `calibrate` are doing: a line that moves on a terminal, a line a picture anywhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Line, clean, plain
from iterativectl.cli.env import Env
from iterativectl.cli.judge_view import fault_of
from iterativectl.cli.live import ASKING, duration
from iterativectl.cli.money import cost
from iterativectl.cli.screen import Screen, print_block

if TYPE_CHECKING:
    from rich.console import RenderableType

    from iterativectl.bench import Doing
    from iterativectl.judgement import Judged, Report

REFRESHES = 5  # a second

_log = logging.getLogger(__name__)


class Progress:
    """Follows what is told of a judging. `show` takes a line that stays."""

    def __init__(self, env: Env, verbosity: int) -> None:
        self._clock = env.clock
        self._verbosity = verbosity
        self._began = env.clock.monotonic()
        self._noted: set[str] = set()
        self._done = 0
        self.text = "starting"
        self._spent: dict[str, Any] = {}

    def lines(self, told: Doing | Judged | str) -> list[Line]:
        """The lines that stay of what was told; the moving one is `text`."""
        from iterativectl.bench import Doing  # heavy, and here by now

        if isinstance(told, str):
            return self._note(told)
        if isinstance(told, Doing):
            self.text = _doing(told)
            return []
        self._done += 1
        self._spent = {key: self._spent.get(key, 0) + (value or 0) for key, value in told.usage.items()}
        _log.info("judged %s: %s", told.name, _outcome(told))
        return [Line(_outcome(told), "quiet")] if self._verbosity >= 0 else []

    def moving(self) -> str:
        """The line that moves."""
        parts = [self.text, duration(self._clock.monotonic() - self._began)]
        return "  ·  ".join([*parts, *filter(None, [cost(self._spent) if self._spent else ""])])

    def _note(self, note: str) -> list[Line]:
        if note in self._noted or self._verbosity < 0:
            return []
        self._noted.add(note)
        return [Line(f"Note: {note}", "unsure")]


def _outcome(judged: Judged) -> str:
    """A picture's judgement in a line."""
    if judged.fault is not None:
        return fault_of(judged)
    found = [verdict.verdict for verdict in judged.verdicts]
    counts = [(name, found.count(name)) for name in ("passed", "failed", "unclear")]
    words = ", ".join(f"{count} {name}" for name, count in counts if count)
    return f"{judged.name}: {words or 'no criterion counts'}"


@contextmanager
def judging(env: Env, verbosity: int) -> Iterator[Report]:
    """A Report on stderr while this is entered. Quiet: it says nothing."""
    screen = Screen.err(env)
    progress = Progress(env, verbosity)
    if screen.is_tty and verbosity >= 0:
        with _live(screen, progress) as report:
            yield report
        return

    def written(told: Doing | Judged | str) -> None:
        at = env.clock.now().strftime("%H:%M:%S")
        for line in progress.lines(told):
            screen.write(f"{at} {plain(line)[0]}\n")

    yield written


@contextmanager
def _live(screen: Screen, progress: Progress) -> Iterator[Report]:
    from rich.live import Live

    console = screen.console()

    def report(told: Doing | Judged | str) -> None:
        for line in progress.lines(told):
            print_block(console, line)

    with Live(
        _Moving(progress),
        console=console,
        refresh_per_second=REFRESHES,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield report


class _Moving:
    """rich draws this again and again: the clock goes on between two reports."""

    def __init__(self, progress: Progress) -> None:
        from rich.spinner import Spinner

        self._progress = progress
        self._spinner = Spinner("dots", style="cyan")

    def __rich__(self) -> RenderableType:
        from rich.text import Text

        text = Text(self._progress.moving(), style="dim", no_wrap=True, overflow="ellipsis")
        self._spinner.update(text=text)
        return self._spinner


def _doing(doing: Doing) -> str:
    what = ASKING.get(doing.purpose, "asking the judge") if doing.purpose else "measuring"
    parts = [f"picture {doing.number} of {doing.total}", clean(doing.name), what]
    if doing.askings > 1 and doing.purpose == "evaluate_criteria":
        parts.append(f"asking {doing.asking} of {doing.askings}")
    return "  ·  ".join(parts)
