"""A run as data: what its files say, also where they are damaged or hostile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.web.trees import Looked


def asked(viewed: Looked, rest: str = "", **query: Any) -> dict[str, Any]:
    """What a route below the run answers; it must be there."""
    reply = viewed.client.get(f"/api/p/example/r/{viewed.run.run_id}{rest}", params=query)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def change(path: Path, **changes: Any) -> None:
    """Some top-level keys of a JSON file, as a person might have edited them."""
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | changes))


def test_a_run_tells_what_was_asked_and_what_came_of_it(viewed: Looked) -> None:
    run = asked(viewed)
    assert (run["state"], run["words"], run["accepted"]) == ("passed", "accepted", True)
    assert (run["best_iteration"], run["best_score"], run["max_iterations"]) == (5, 100.0, 12)
    assert [line["n"] for line in run["iterations"]] == [1, 2, 3, 4, 5]
    assert run["iterations"][-1]["accepted"] and not run["iterations"][0]["accepted"]
    assert {c["field"]: c["in_words"] for c in run["criteria"]}["still_this_picture"].endswith("at least 0.4")
    assert run["problems"] == [] and run["held"] is False and run["in_flight"] is None
    assert run["last_event"] == viewed.run.events.stat().st_size


def test_addresses_lead_to_pictures(viewed: Looked) -> None:
    run = asked(viewed)
    line = run["iterations"][0]
    for address in (line["full"], line["thumb"], run["input"]["full"], asked(viewed, "/i/1")["raw"]):
        reply = viewed.client.get(address)
        assert reply.status_code == 200 and reply.headers["content-type"].startswith("image/")
