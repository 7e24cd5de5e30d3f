"""Faults of the fake ComfyUI, each by a name: `group=kind(argument)xTIMES`, e.g. `server=restart_at(2)x1`.

Without `xTIMES` a fault lasts until it is switched off. Several of a group are joined by `+`:
`picture=shift_colours+size(512x512)`.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

KINDS: dict[str, frozenset[str]] = {
    "ws": frozenset(
        {
            "refused",
            "silent",
            "half_open",
            "mute_after",
            "lost_end",
            "close_after",
            "steal_client_id",
            "foreign_events",
            "big_frame",
            "previews",
            "broken_previews",
            "foreign_previews",
            "302",
        }
    ),
    "history": frozenset({"late", "empty_outputs", "null_status", "odd_status", "wiped", "500"}),
    "prompt": frozenset(
        {
            "reset_after_accept",
            "reset_before_accept",
            "ignore_prompt_id",
            "200_node_errors",
            "other_node_errors",
            "400",
            "500",
            "413",
            "302",
            "html",
            "exec_info",
        }
    ),
    "server": frozenset(
        {
            "restart_at",
            "freeze",
            "oom",
            "error",
            "login",
            "stuck",
            "hung",
            "interrupted",
            "forgets_interrupt",
            "version",
        }
    ),
    "view": frozenset({"404", "cut", "wrong_type", "slow", "html", "no_chunks"}),
    "upload": frozenset({"rename", "413", "413_html", "forgets", "reset_after_store", "half"}),
    "auth": frozenset({"header_on_ws", "forbidden"}),
    "picture": frozenset({"shift_colours", "move", "crop8", "size", "rgba", "alpha", "16bit"}),
}
_FORM = re.compile(r"(?P<kind>\w+?)(?:\((?P<argument>[^)]*)\))?(?:x(?P<times>\d+))?")


@dataclass
class Fault:
    """One fault: what kind, with which argument, and how often still (None: always)."""

    kind: str
    argument: str
    left: int | None

    @property
    def seconds(self) -> float:
        return float(self.argument or 0)


class Switches:
    """The faults that are on."""

    def __init__(self, **faults: str) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, list[Fault]] = {}
        for group, text in faults.items():
            self.set(group, text)

    def set(self, group: str, text: str | None) -> None:
        """Switch a group's faults on, in place of those before; or off with None."""
        with self._lock:
            self._faults[group] = [_read(group, part) for part in text.split("+")] if text else []

    def on(self, group: str, *kinds: str) -> Fault | None:
        """Whether such a fault is on; does not use it up."""
        found = (fault for fault in self._faults.get(group, ()) if fault.kind in kinds and fault.left != 0)
        return next(found, None)

    def take(self, group: str, *kinds: str) -> Fault | None:
        """The fault, if it is on; one with a number of times is used up by one."""
        with self._lock:
            fault = self.on(group, *kinds)
            if fault and fault.left is not None:
                fault.left -= 1
            return fault


def _read(group: str, text: str) -> Fault:
    match = _FORM.fullmatch(text)
    if not match or match["kind"] not in KINDS[group]:
        raise ValueError(f"{group}: no such fault: {text!r}")
    return Fault(match["kind"], match["argument"] or "", int(match["times"]) if match["times"] else None)
