"""Taking our own jobs back, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iterativectl.errors import ServerUnavailable
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.client import Client

# The oldest release seen to stop only the job whose id is given; older ones may stop whatever runs.
INTERRUPT_BY_ID = (0, 3, 64)


def cancel(client: Client, prompt_ids: Sequence[str]) -> list[str]:
    """Delete the jobs from the queue and stop a running one; returns the ids that may still run.

    Nothing is stopped on a server that may not honour the id: then the job runs to its end. Ends after
    `Pace.cancel` seconds at most. `client` is a hurried one that attends to nobody.
    """
    pace, clock = client.transport.pace, client.transport.clock
    end = clock.monotonic() + pace.cancel
    try:
        client.delete(prompt_ids)
        by_id = release(client.version()) >= INTERRUPT_BY_ID
        while running := _running(client, prompt_ids):
            if not by_id or clock.monotonic() > end:
                return running
            for prompt_id in running:  # again and again: one that comes before the job starts is forgotten
                client.interrupt(prompt_id)
            waiting.pause(pace.attend, client.attend, clock, pace.attend)
    except ServerUnavailable:
        return list(prompt_ids)  # nobody is there to tell, or to ask
    return []


def release(version: str) -> tuple[int, ...]:
    """`0.3.64` as numbers; () for a version that is not of this form."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in match.groups()) if match else ()


def _running(client: Client, prompt_ids: Sequence[str]) -> list[str]:
    return [item.prompt_id for item in client.queue().running if item.prompt_id in prompt_ids]
