"""The Reporter for people: a live display on a terminal, plain lines anywhere else. Never raises."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from iterativectl.cli.blocks import plain
from iterativectl.cli.env import Env
from iterativectl.cli.narrative import Narrator
from iterativectl.cli.screen import Screen, print_block
from iterativectl.events import Event
from iterativectl.ports import Reporter

REFRESHES = 5  # a second: a moving line that costs next to nothing

_log = logging.getLogger(__name__)


@contextmanager
def reporting(env: Env, verbosity: int) -> Iterator[Reporter]:
    """A Reporter on stderr while this is entered. Quiet: it says nothing."""
    screen = Screen.err(env)
    if screen.is_tty and verbosity >= 0:
        with _live(screen, env, verbosity) as report:
            yield report
    else:
        yield _guarded(_Lines(screen, env, Narrator(verbosity)))


def _guarded(report: Reporter) -> Reporter:
    """A run is never ended by its spectators: a fault of ours in showing an event is logged, not raised."""

    def guarded(event: Event) -> None:
        try:
            report(event)
        except Exception:  # noqa: BLE001 - logged with its traceback; the run matters more than its display
            _log.exception("the event %s could not be shown", event.type)

    return guarded


class _Lines:
    """Plain lines with the time in front: for logs, pipes and service managers."""

    def __init__(self, screen: Screen, env: Env, narrator: Narrator) -> None:
        self._screen = screen
        self._clock = env.clock
        self._narrator = narrator

    def __call__(self, event: Event) -> None:
        """Write what there is to say of an event."""
        at = self._clock.now().strftime("%H:%M:%S")
        lines = [line for block in self._narrator(event) for line in plain(block)]
        if lines:
            self._screen.write("".join(f"{at} {line}".rstrip() + "\n" for line in lines))


@contextmanager
def _live(screen: Screen, env: Env, verbosity: int) -> Iterator[Reporter]:
    from rich.live import Live

    from iterativectl.cli.live import Moving, after

    console = screen.console()
    narrator = Narrator(verbosity)
    moving = Moving(env.clock)

    def report(event: Event) -> None:
        for block in narrator(event):
            print_block(console, block)
        moving.activity = after(moving.activity, event, env.clock.monotonic())

    with Live(
        moving,
        console=console,
        refresh_per_second=REFRESHES,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield _guarded(report)
