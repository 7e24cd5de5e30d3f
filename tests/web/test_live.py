"""Following a run: what is written arrives, once, in order, and nothing is left behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.web.following import Listener, Listening, listening_viewer

from iterativectl import files
from iterativectl.project import checkpoint, runs
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.showing import happening
from iterativectl.showing.happening import Page
from iterativectl.web.streams import Streams


@pytest.fixture
def root(example_run: Path, tmp_path: Path) -> Path:
    """A workspace with an accepted run, for changing."""
    return Path(shutil.copytree(example_run, tmp_path / "space"))


@pytest.fixture
def viewer(root: Path) -> Iterator[Listening]:
    with listening_viewer(root) as found:
        yield found


def project_of(viewer: Listening) -> ProjectPaths:
    return viewer.site.workspace.project("example")


def run_of(viewer: Listening) -> RunPaths:
    return project_of(viewer).run(runs.run_ids(project_of(viewer))[-1])


def stream_of(viewer: Listening) -> str:
    return f"/api/p/example/r/{run_of(viewer).run_id}/stream"


def append(viewer: Listening, kind: str, **data: object) -> int:
    """Write an event as a run does; the offset after it."""
    path = run_of(viewer).events
    files.append_line(path, json.dumps({"format": "event/1", "type": kind, **data}), durable=False)
    return path.stat().st_size


def from_the_end(viewer: Listening) -> Listener:
    """A listener that has heard how things stand, and waits for news."""
    heard = viewer.listen(f"{stream_of(viewer)}?after={run_of(viewer).events.stat().st_size}")
    heard.until("state")
    return heard


def test_all_that_happened_comes_in_order_and_then_what_happens(viewer: Listening) -> None:
    written = [json.loads(line)["type"] for line in run_of(viewer).events.read_bytes().splitlines()]
    heard = viewer.listen(stream_of(viewer))
    assert heard.reply.status == 200
    assert heard.reply.headers["content-type"].startswith("text/event-stream")
    assert heard.reply.headers["cache-control"] == "no-store"
    first = heard.next()
    assert first is not None and first.kind == "retry"
    events = [heard.until("event") for _ in written]
    assert [event.data["type"] for event in events] == written
    assert events[-1].id == str(run_of(viewer).events.stat().st_size) == str(events[-1].data["id"])
    end = append(viewer, "warning", message="a line\n\nand another\u2028one")
    news = heard.until("event")
    assert news.data["message"] == "a line\n\nand another\u2028one" and news.id == str(end)


@pytest.mark.parametrize("what", ["run", "project"])
def test_the_stream_of_a_run_that_is_deleted_ends_in_order(viewer: Listening, what: str) -> None:
    heard, address = from_the_end(viewer), stream_of(viewer)
    shutil.rmtree(run_of(viewer).root if what == "run" else project_of(viewer).root)
    while heard.next() is not None:
        pass
    assert heard.ended and heard.reply.isclosed(), "it was broken off"
    assert viewer.settled(0) and viewer.site.streams.watched == 0
    assert viewer.get(address).status == 404


def test_a_browser_that_comes_back_goes_on_where_it_was(viewer: Listening) -> None:
    page = happening.events(run_of(viewer).events, 0, 1000)
    place, rest = page.events[4]["id"], page.events[5:]
    heard = viewer.listen(f"{stream_of(viewer)}?after=0", **{"Last-Event-ID": str(place)})
    assert [heard.until("event").data for _ in rest] == list(rest)
    heard.close()
    heard = viewer.listen(f"{stream_of(viewer)}?after={place}")
    assert heard.until("event").data == rest[0]


def test_a_place_that_is_none_is_refused(viewer: Listening) -> None:
    for wrong in ("x", "-1", "1e3", "²", "9" * 40):
        reply = viewer.get(stream_of(viewer), **{"Last-Event-ID": wrong.encode().decode("latin-1")})
        assert reply.status == 400, wrong


def test_half_a_line_waits_for_its_other_half(viewer: Listening) -> None:
    heard = from_the_end(viewer)
    with run_of(viewer).events.open("a") as log:
        log.write('{"type": "warning", "mess')
        log.flush()
        hold = checkpoint.read(project_of(viewer).checkpoint)
        assert hold is not None
        checkpoint.write(project_of(viewer).checkpoint, replace(hold, status="exhausted", reason="a sign"))
        sign = heard.next()
        assert sign is not None and sign.kind == "state", "a look has passed and the half was not sent"
        log.write('age": "whole"}\n')
        log.flush()
        assert heard.until("event").data["message"] == "whole"


def test_a_log_that_begins_anew_is_read_from_its_start(viewer: Listening) -> None:
    heard = from_the_end(viewer)
    files.write_text(run_of(viewer).events, '{"type": "warning", "message": "anew"}\n')
    news = heard.until("event")
    assert news.data["message"] == "anew" and news.id == str(run_of(viewer).events.stat().st_size)


def test_it_tells_when_the_state_changes(viewer: Listening) -> None:
    project, heard = project_of(viewer), viewer.listen(stream_of(viewer))
    assert heard.until("state").data["words"] == "accepted"
    stand = checkpoint.read(project.checkpoint)
    assert stand is not None
    checkpoint.write(project.checkpoint, replace(stand, status="running", reason=""))
    assert heard.until("state").data["state"] == "interrupted"
    lock = files.lock(project.lock, '{"pid": 1, "host": "here", "started": "now"}')
    assert lock is not None
    found = heard.until("state").data
    while found["holder"] != {"pid": 1, "host": "here", "started": "now"}:
        found = heard.until("state").data
    assert (found["state"], found["held"]) == ("running", True)
    files.unlock(lock)
    assert heard.until("state").data["state"] == "interrupted"


def test_all_who_follow_a_run_share_a_look_and_the_last_one_ends_it(viewer: Listening) -> None:
    listeners = [from_the_end(viewer) for _ in range(5)]
    assert (viewer.site.streams.open, viewer.site.streams.watched) == (5, 1)
    append(viewer, "warning", message="for all")
    assert [heard.until("event").data["message"] for heard in listeners] == ["for all"] * 5
    for heard in listeners[1:]:
        heard.close()
    append(viewer, "warning", message="for one")
    assert listeners[0].until("event").data["message"] == "for one"
    listeners[0].close()
    assert viewer.settled(0) and viewer.site.streams.watched == 0


def test_a_silent_stream_says_that_it_is_there(root: Path) -> None:
    with listening_viewer(root, Streams(heartbeat=0.05)) as viewer:
        heard = from_the_end(viewer)
        assert [heard.until("comment").comment for _ in range(3)] == [": still here"] * 3


def test_one_too_many_is_sent_to_ask_now_and_then(root: Path) -> None:
    with listening_viewer(root, Streams(most=2)) as viewer:
        first, second = from_the_end(viewer), from_the_end(viewer)
        reply = viewer.get(stream_of(viewer))
        assert reply.status == 503 and reply.headers["retry-after"]
        assert json.loads(reply.read())["error"]["code"] == "busy"
        first.close()
        assert viewer.settled(1), "a browser that goes is noticed at once"
        assert from_the_end(viewer).reply.status == 200
        append(viewer, "warning", message="for who stayed")
        assert second.until("event").data["message"] == "for who stayed"


def test_a_browser_keeps_connections_for_the_rest(root: Path) -> None:
    mine = {"User-Agent": "mine"}
    with listening_viewer(root) as viewer:
        first, *_ = [viewer.listen(stream_of(viewer), **mine) for _ in range(4)]
        assert viewer.settled(4)
        assert viewer.get(stream_of(viewer), **mine).status == 503
        assert viewer.get(stream_of(viewer)).status == 200, "another browser's"
        first.close()
        assert viewer.settled(4) and viewer.get(stream_of(viewer), **mine).status == 200


def test_streams_end_in_order_with_the_viewer(root: Path) -> None:
    with listening_viewer(root) as viewer:
        heard = from_the_end(viewer)
        viewer.server.should_exit = True
        assert heard.next() is None and heard.ended, "the last chunk came: it was not torn off"
    assert (viewer.site.streams.open, viewer.site.streams.watched) == (0, 0)


@pytest.mark.parametrize("address", ["/api/p/no/r/2026-01-01_00-00-00/stream", "/api/p/example/r/x/stream"])
def test_there_is_no_stream_of_nothing(viewer: Listening, address: str) -> None:
    assert viewer.get(address).status == 404


# --- reading by byte offset

Reading = Callable[[Path, int, int], Page]


def losses(read: Reading, path: Path) -> list[str]:
    """What goes wrong when a log grows byte by byte while somebody reads it; [] for nothing."""
    lines = [{"type": "warning", "n": n, "text": "ä" * n} for n in range(6)]
    content = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
    heard: list[int] = []
    after = 0
    for end in range(len(content) + 1):
        path.write_bytes(content[:end])
        page = read(path, after, 2)
        heard += [event["n"] for event in page.events]
        after = page.last
    return [] if heard == [0, 1, 2, 3, 4, 5] and after == len(content) else [f"{heard}, at {after}"]


def test_a_log_that_grows_is_read_once_and_whole(tmp_path: Path) -> None:
    assert losses(happening.events, tmp_path / "events.jsonl") == []


def test_a_reader_that_takes_half_lines_is_noticed(tmp_path: Path) -> None:
    def hasty(path: Path, after: int, limit: int) -> Page:
        page = happening.events(path, after, limit)
        return replace(page, last=path.stat().st_size)

    assert losses(hasty, tmp_path / "events.jsonl") != []
