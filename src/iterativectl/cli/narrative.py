"""A run told in blocks, event by event: what is tried and why, what the judge said, what changed.

Pure: it keeps what the last iteration looked like and answers each event with what to show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, count, table
from iterativectl.events import Event

Data = Mapping[str, Any]
VERDICT_TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "unclear": "unsure"}
_SETTINGS = (
    ("denoise", "{:.2f}"),
    ("cfg", "{:.1f}"),
    ("steps", "{}"),
    ("sampler_name", "{}"),
    ("scheduler", "{}"),
)


class Narrator:
    """Tells one run. `verbosity`: -1 nothing but trouble, 0, 1 with prompts, seeds, answers and seconds."""

    def __init__(self, verbosity: int = 0) -> None:
        self._verbosity = verbosity
        self._limit = 0
        self._plan: Data | None = None
        self._judged: list[Data] = []
        self._votes: Mapping[str, Sequence[int]] = {}
        self._before: dict[str, str] = {}
        self._similarity: Data = {}
        self._said: set[str] = set()
        self._tell: dict[str, Callable[[Event], list[Block]]] = {
            "run_started": self._run_started,
            "settings_edited": self._settings_edited,
            "iteration_planned": self._planned,
            "generation_queued": self._queued,
            "generation_done": self._generated,
            "answers_done": self._answered,
            "verdicts_done": self._verdicts,
            "comparison_done": self._compared,
            "advice_done": self._advised,
            "iteration_committed": self._committed,
            "iteration_failed": self._failed,
            "run_held": self._held,
            "run_resumed": self._resumed,
            "warning": self._warning,
        }

    def __call__(self, event: Event) -> list[Block]:
        """What to show for an event; [] for nothing."""
        tell = self._tell.get(event.type)
        told = tell(event) if tell is not None else []
        return told if self._verbosity >= 0 else []

    def _run_started(self, event: Event) -> list[Block]:
        data = event.data
        self._limit = int(data["max_iterations"])
        done = data["iterations_done"]
        how = (
            f"goes on after iteration {done}"
            if data["resumed"] and done
            else "goes on"
            if data["resumed"]
            else "begins"
        )
        return [
            Line(f"Run {data['run_id']} {how}, at most {self._limit} iterations", "head"),
            Line(f"pictures: {data['engine']}   judge: {data['judge']}", "quiet", 1),
            *[Line(f"note: {note}", indent=1) for note in data.get("notes", ())],
        ]

    def _settings_edited(self, event: Event) -> list[Block]:
        return [Line("working/AIGen.yaml was edited: the next plan starts from what it says", "unsure", 1)]

    def _planned(self, event: Event) -> list[Block]:
        plan = event.data["plan"]
        where = f", mask {plan['mask']}" if plan.get("mask") else ""
        shown: list[Block] = [Line(""), Line(f"Iteration {event.iteration} of {self._limit}{where}", "head")]
        shown += [Line(text, indent=1) for text in _settings(plan, self._plan)]
        shown += [Line(f"why: {reason}", "quiet", 1) for reason in plan["reasons"]]
        if self._verbosity > 0:
            shown += [
                Line(
                    f"seed {plan['seed']}, strategy {plan['strategy']}, picture edited: {plan['source']}",
                    "quiet",
                    1,
                )
            ]
            shown += [
                Line(f"{sign}: {plan['prompts'][sign]}", "quiet", 1) for sign in ("positive", "negative")
            ]
        self._plan = plan
        self._judged = []
        self._similarity = {}
        return shown

    def _queued(self, event: Event) -> list[Block]:
        """Once a ticket: how the queue moves on is for the live line."""
        ahead, ticket = event.data.get("position"), str(event.data["ticket"])
        if (not ahead and self._verbosity < 1) or not self._fresh([ticket]):
            return []
        text = f"queued at {event.data['host']}, {count(ahead or 0, 'job')} ahead, ticket {ticket}"
        return [Line(text, "quiet", 1)]

    def _generated(self, event: Event) -> list[Block]:
        data = event.data
        shown: list[Block] = [Line(f"note: {note}", indent=1) for note in self._fresh(data.get("notes", ()))]
        if self._verbosity > 0:
            text = f"{data['width']} x {data['height']} px in {data['seconds']:.1f} s: {data['path']}"
            shown.append(Line(text, "quiet", 1, whole=True))
        return shown

    def _answered(self, event: Event) -> list[Block]:
        if self._verbosity < 1:
            return []
        return [Line(f"{field}: {value}", "quiet", 1) for field, value in event.data["answers"].items()]

    def _verdicts(self, event: Event) -> list[Block]:
        self._judged = list(event.data["verdicts"])
        self._votes = event.data.get("votes", {})
        return []

    def _compared(self, event: Event) -> list[Block]:
        self._similarity = event.data["similarity"]
        if self._verbosity < 1:
            return []
        return [Line(f"differs: {text}", "quiet", 1) for text in event.data.get("differences", ())]

    def _advised(self, event: Event) -> list[Block]:
        advice = event.data.get("advice") or {}
        if self._verbosity < 1 or not advice.get("reason"):
            return []
        return [Line(f"advice: {advice['reason']}", "quiet", 1)]

    def _committed(self, event: Event) -> list[Block]:
        shown: list[Block] = []
        if self._judged:
            everything = self._verbosity > 0
            shown.append(
                criteria_table(self._judged, self._before, votes=self._votes, all_reasons=everything)
            )
        self._before = {verdict["field"]: verdict["verdict"] for verdict in self._judged} or self._before
        data = event.data
        if data.get("score") is not None:
            shown.append(Line(_summary(event, self._similarity), indent=1))
        return shown

    def _failed(self, event: Event) -> list[Block]:
        failure = event.data["failure"]
        hint = failure.get("hint")
        return [
            Line(f"Iteration {event.iteration} failed: {failure['message']}", "bad", 1),
            *([Line(hint, indent=2)] if hint else []),
        ]

    def _held(self, event: Event) -> list[Block]:
        return [Line(f"Held: {event.data.get('why', '')}", "unsure")]

    def _resumed(self, event: Event) -> list[Block]:
        return [Line("Goes on.", "head")]

    def _warning(self, event: Event) -> list[Block]:
        return [Line(f"warning: {text}", "unsure", 1) for text in self._fresh([event.data["message"]])]

    def _fresh(self, texts: Sequence[str]) -> list[str]:
        """Those not said yet: a word that the painter does not know is news once."""
        fresh = [text for text in texts if text not in self._said]
        self._said.update(fresh)
        return fresh


def criteria_table(
    verdicts: Sequence[Data],
    before: Mapping[str, str],
    *,
    votes: Mapping[str, Sequence[int]],
    all_reasons: bool,
) -> Table:
    """A row for each criterion: the verdict, what changed since the last iteration, the judge's reason.

    Why something passes is told when it is news, or when everything is wanted. `votes`: as verdicts_done has
    them.
    """
    rows = []
    for verdict in verdicts:
        outcome, was = verdict["verdict"], before.get(verdict["field"])
        change = f"was {was}" if was is not None and was != outcome else ""
        reason = str(verdict.get("reason") or "") if all_reasons or change or outcome != "passed" else ""
        tone: Tone = VERDICT_TONES[outcome] if change else "plain"
        rows.append(
            (
                verdict["field"],
                Cell(outcome, VERDICT_TONES[outcome]),
                Cell(change, tone),
                ": ".join(filter(None, (_agreement(outcome, votes.get(verdict["field"])), reason))),
            )
        )
    return table(("criterion", "verdict", "changed", "reason"), rows)


def _agreement(outcome: str, votes: Sequence[int] | None) -> str:
    """How many answers say so, where a judge was asked several times; what is unclear says so itself."""
    words = {"passed": "confirmed", "failed": "failed"}
    return f"{words[outcome]} {votes[0]} of {votes[1]}" if votes and outcome in words else ""


def _settings(plan: Data, before: Data | None) -> list[str]:
    """The sampler's settings; after the first plan what differs from the one before, prompts included."""
    parameters = plan["parameters"]
    if before is None:
        return ["  ".join(f"{name} {form.format(parameters[name])}" for name, form in _SETTINGS)]
    old = before["parameters"]
    changes = [
        f"{name} {form.format(old[name])} -> {form.format(parameters[name])}"
        for name, form in _SETTINGS
        if old[name] != parameters[name]
    ]
    if before.get("workflow") != plan.get("workflow"):
        changes.insert(0, f"workflow {plan['workflow']}")
    for sign in ("positive", "negative"):
        changes += _prompt_changes(sign, before["prompts"][sign], plan["prompts"][sign])
    return changes or ["the same settings with another seed"]


def _prompt_changes(sign: str, old: str, new: str) -> list[str]:
    """What went into a prompt and what came out, by its phrases between commas."""
    if old == new:
        return []
    before, after = _phrases(old), _phrases(new)
    added = [phrase for phrase in after if phrase not in before]
    dropped = [phrase for phrase in before if phrase not in after]
    texts = [f"+ {phrase}" for phrase in added] + [f"- {phrase}" for phrase in dropped]
    return [f"{sign} prompt: {', '.join(texts) or 'in another order'}"]


def _phrases(prompt: str) -> list[str]:
    return [phrase.strip() for phrase in prompt.split(",") if phrase.strip()]


def _summary(event: Event, similarity: Data) -> str:
    data = event.data
    parts = [f"score {data['score']:.0f}"]
    if data.get("best") == event.iteration:
        parts.append("the best so far")
    elif data.get("best") is not None:
        parts.append(f"best {data['best_score']:.0f} in iteration {data['best']}")
    parts += _likeness(data.get("similarity"), similarity)
    if data.get("cost_usd"):
        parts.append(f"{data['cost_usd']:.4f} USD")
    return ", ".join(parts)


UNALTERED = 0.995  # similarity outside a mask from which nothing worth saying was put back


def _likeness(measured: object, similarity: Data) -> list[str]:
    """How much of the original is left; with a mask inside it, which is what steers."""
    inside, before = similarity.get("inside_mask"), similarity.get("outside_before")
    if inside is not None:
        altered = before is not None and before < UNALTERED
        outside = f", outside {before:.2f} before the original was put back" if altered else ""
        return [f"similarity inside the mask {inside:.2f}{outside}"]
    measured = similarity.get("measured") if measured is None else measured
    return [f"similarity to the original {measured:.2f}"] if isinstance(measured, int | float) else []
