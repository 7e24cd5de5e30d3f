"""The line that moves on a terminal: what is being done now, how far, how long, at what cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iterativectl.cli.blocks import clean
from iterativectl.cli.money import counter
from iterativectl.clock import Clock
from iterativectl.events import Event

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR = 24  # columns
ASKING = {  # by purpose
    "describe_image": "the judge describes the original",
    "ask_questions": "the judge answers the questions",
    "evaluate_criteria": "the judge decides the criteria",
    "compare_images": "the judge compares with the original",
    "judge_at_once": "the judge answers, decides and compares",
    "compare_results": "the judge compares with the best so far",
    "improve_prompts": "asking for better prompts",
    "suggest_parameters": "asking for other parameters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What is going on. `since` and `began` are readings of the monotonic clock, in seconds.

    `spent`: requests to models, their tokens and cost so far, in words.
    """

    iteration: int = 0
    limit: int = 0
    doing: str = "starting"
    value: int = 0
    maximum: int = 0
    spent: str = ""
    began: float = 0.0
    since: float = 0.0


def after(activity: Activity, event: Event, now: float) -> Activity:
    """The activity once an event has happened."""
    data = event.data
    if event.type == "run_started":
        limit, done = int(data["max_iterations"]), int(data["iterations_done"])
        return replace(activity, limit=limit, iteration=done, began=now, since=now)
    if event.type == "generation_progress":
        since = activity.since if activity.maximum else now
        value, maximum = int(data["value"]), int(data["max"])
        return replace(activity, value=value, maximum=maximum, doing="making the picture", since=since)
    if event.type == "request_done":
        return replace(activity, spent=counter(data["usage"]))
    doing = _doing(event)
    if doing is None:
        return activity
    number = event.iteration or activity.iteration
    return replace(activity, iteration=number, doing=doing, value=0, maximum=0, since=now)


def _doing(event: Event) -> str | None:
    if event.type == "judging":
        return ASKING.get(event.data["purpose"], "asking the judge")
    if event.type == "generation_queued":
        ahead = event.data.get("position")
        return f"waiting behind {ahead} other jobs" if ahead else "making the picture"
    return {
        "iteration_planned": "making the picture",
        "generation_done": "looking at the picture",
        "iteration_committed": "planning",
        "iteration_failed": "planning",
        "run_held": "held: waiting for the word to go on",
        "run_resumed": "going on",
    }.get(event.type)


def duration(seconds: float) -> str:
    """Seconds for people: 8 s, 1:05, 2:03:04."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def line(activity: Activity, now: float) -> str:
    """The activity as one line of text."""
    parts = [f"iteration {activity.iteration} of {activity.limit}", clean(activity.doing)]
    if activity.maximum:
        filled = round(BAR * min(1.0, activity.value / activity.maximum))
        parts.append(f"{'━' * filled}{'─' * (BAR - filled)} {activity.value}/{activity.maximum}")
    parts.append(duration(now - activity.since))
    parts.append(f"run {duration(now - activity.began)}")
    if activity.spent:
        parts.append(activity.spent)
    return "  ·  ".join(parts)


class Moving:
    """rich draws this again and again: the clock goes on between two events."""

    def __init__(self, clock: Clock) -> None:
        from rich.spinner import Spinner

        self._clock = clock
        self._spinner = Spinner("dots", style="cyan")
        self.activity = Activity(began=clock.monotonic(), since=clock.monotonic())

    def __rich__(self) -> RenderableType:
        from rich.text import Text

        text = Text(
            line(self.activity, self._clock.monotonic()), style="dim", no_wrap=True, overflow="ellipsis"
        )
        self._spinner.update(text=text)
        return self._spinner
