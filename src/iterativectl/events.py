"""Events: something happened, for people to watch.

Sinks are functions: the console, events.jsonl, a list in tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventType = Literal[
    "run_started",  # run_id, resumed, iterations_done, max_iterations, engine, judge, notes
    "settings_edited",  # settings
    "iteration_planned",  # plan
    "generation_queued",  # ticket, host, position (jobs before ours, None unknown)
    "generation_progress",  # value, max, node
    "generation_done",  # path, width, height, seconds, notes
    "judging",  # purpose: describe_image | ask_questions | evaluate_criteria | compare_images | ...
    "request_done",  # usage: what the run has spent by now, as in output_metadata.json
    "answers_done",  # answers
    "verdicts_done",  # verdicts, votes (field: [those that agree, all], where there are several), score
    "comparison_done",  # similarity, differences
    "advice_done",  # advice
    "iteration_committed",  # score, best, best_score, similarity, cost_usd
    "iteration_failed",  # failure
    "run_held",  # why (a person asked for a pause)
    "run_resumed",  # after a hold
    "run_paused",  # code, message, hint
    # run_id, status, reason, accepted, iterations, best_iteration, score, path, kept_run_id, usage, seconds
    "run_finished",
    "warning",  # message
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `data` holds JSON values only; its keys per type stand beside EventType."""

    type: EventType
    iteration: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def to_json(event: Event, *, at: str, run_id: str) -> dict[str, Any]:
    """The event as a line of events.jsonl (`event/1`). `at` is ISO 8601 with offset."""
    return {
        "format": "event/1",
        "at": at,
        "run_id": run_id,
        "iteration": event.iteration,
        "type": event.type,
        **event.data,
    }
