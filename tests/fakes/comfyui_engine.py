"""The fake's inside: queue, worker, history, files. No node is really run: comfyui_pictures paints.

A picture's text chunks carry its job's graph, extra_pnginfo and id.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import string
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from tests.fakes import comfyui_pictures as pictures
from tests.fakes.comfyui_pictures import SAMPLERS
from tests.fakes.comfyui_rules import links, upstream
from tests.fakes.comfyui_switches import Switches
from tests.fakes.comfyui_ws import BINARY, Connection

FOREIGN = "ffffffff-0000-4000-8000-000000000000"


@dataclass
class Item:
    """A job in the queue."""

    number: float
    prompt_id: str
    graph: dict[str, Any]
    extra: dict[str, Any]
    outputs: list[str]
    messages: list[list[Any]] = field(default_factory=list)
    done_nodes: list[str] = field(default_factory=list)
    ui: dict[str, Any] = field(default_factory=dict)

    def listed(self) -> list[Any]:
        return [self.number, self.prompt_id, self.graph, self.extra, self.outputs]


class Interrupted(Exception):
    """Somebody stopped the running job."""


class Failed(Exception):
    """A node raised an error."""

    def __init__(self, node: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.node, self.kind, self.message = node, kind, message


class Died(Exception):
    """The server went down in the middle of a job."""


class Engine:
    """State shared by all connections. `lock` guards it; `job_seconds` is spread over the sampler's steps."""

    def __init__(self, switches: Switches, job_seconds: float, max_px: int | None) -> None:
        self.switches = switches
        self.job_seconds = job_seconds
        self.max_px = max_px
        self.previews_by_job = False  # extra_data.preview_method is heeded
        self.lock = threading.Condition(threading.RLock())
        self.counters: Counter[str] = Counter()
        self.files: dict[tuple[str, str, str], bytes] = {}  # (type, subfolder, name)
        self.sockets: dict[str, Connection] = {}
        self.restart: Any = lambda seconds: None
        self.life = 0  # counts restarts; a worker of an earlier life ends
        self.begin()

    def begin(self) -> None:
        """A fresh process: output and input files are kept, all else is gone."""
        with self.lock:
            self.life += 1
            self.number = 0
            self.pending: list[Item] = []
            self.running: Item | None = None
            self.history: dict[str, Any] = {}
            self.cache: dict[str, Any] = {}
            self.interrupt = False
            self.files = {key: content for key, content in self.files.items() if key[0] != "temp"}
            self.lock.notify_all()
        threading.Thread(target=self._work, args=(self.life,), daemon=True).start()

    # -- what the routes call

    def put(self, item: Item) -> None:
        with self.lock:
            self.pending.append(item)
            self.counters["accepted"] += 1
            self.lock.notify_all()
        self._status()

    def delete(self, prompt_ids: Any) -> None:
        with self.lock:
            kept = [item for item in self.pending if item.prompt_id not in prompt_ids]
            changed = len(kept) != len(self.pending)
            self.counters["deleted"] += len(self.pending) - len(kept)
            self.pending = kept
        if changed:
            self._status()

    def stop(self, prompt_id: str | None) -> None:
        """Interrupt: by id only a running one, without an id whatever runs."""
        with self.lock:
            if self.running and prompt_id in (None, self.running.prompt_id):
                self.counters["interrupted"] += 1
                if self.switches.on("server", "hung") or self.switches.take("server", "forgets_interrupt"):
                    return  # it came too early or too late to be seen
                self.interrupt = True
                self.lock.notify_all()

    def remaining(self) -> int:
        return len(self.pending) + (self.running is not None)

    def has_input(self, value: str) -> bool:
        return self.input_file(value) is not None

    def input_file(self, value: str) -> bytes | None:
        """What LoadImage reads: `name`, `sub/name`, with an optional ` [input]`, ` [output]` or ` [temp]`."""
        kind = "input"
        for suffix in ("input", "output", "temp"):
            if value.endswith(f" [{suffix}]"):
                kind, value = suffix, value[: -len(suffix) - 3]
        folder, _, name = value.rpartition("/")
        return self.files.get((kind, folder, name))

    # -- messages

    def _status(self) -> None:
        data = {"status": {"exec_info": {"queue_remaining": self.remaining()}}}
        for connection in list(self.sockets.values()):
            if not self.switches.on("ws", "silent"):
                connection.send("status", data)

    def tell(self, item: Item, kind: str, data: dict[str, Any]) -> None:
        """Send to the job's own client, if it has one that listens."""
        if kind.startswith("execution_"):
            data = {**data, "timestamp": int(time.time() * 1000)}
            item.messages.append([kind, data])
        connection = self.sockets.get(str(item.extra.get("client_id", "")))
        if connection is None or self.switches.on("ws", "silent"):
            return
        ends = kind == "execution_success" or (kind == "executing" and data["node"] is None)
        if ends and self.switches.on("ws", "lost_end"):
            return
        if self.switches.on("ws", "foreign_events"):
            self._noise(connection)
        if self.switches.take("ws", "big_frame"):
            connection.frame(BINARY, b"\0\0\0\1\0\0\0\1" + bytes(5 << 18))
            connection.send(
                "progress_state", {"prompt_id": item.prompt_id, "nodes": {"pad": "x" * (1 << 18)}}
            )
        connection.send(kind, data)
        if kind == "execution_start" and self.switches.take("ws", "steal_client_id"):
            self.sockets.pop(connection.sid, None)  # as when an older socket of this id is closed late

    def _noise(self, connection: Connection) -> None:
        connection.send("executing", {"node": None, "prompt_id": FOREIGN})
        connection.send("execution_success", {"prompt_id": FOREIGN, "timestamp": 0})
        connection.send("execution_error", {"prompt_id": FOREIGN, "exception_message": "not yours"})
        connection.send("execution_interrupted", {"prompt_id": FOREIGN, "node_id": "1"})
        connection.send("progress", {"value": 99, "max": 99, "prompt_id": FOREIGN, "node": "1"})
        connection.send("executing", {"node": "1"})
        connection.send("crystools.monitor", {"cpu": 1})
        connection.frame(1, b'{"type": "odd"}')
        connection.frame(1, b"[]")
        connection.frame(BINARY, b"\0\0\0\1\0\0\0\1\xff\xd8\xff")

    # -- the worker

    def _work(self, life: int) -> None:
        while True:
            with self.lock:
                while not self.pending and self.life == life:
                    self.lock.wait()
                if self.life != life:
                    return
                item = min(self.pending, key=lambda one: one.number)
                self.pending.remove(item)
                self.running, self.interrupt = item, False
            self._status()
            try:
                self._run(item)
            except Died:
                return

    def _run(self, item: Item) -> None:
        tell = self.tell
        tell(item, "execution_start", {"prompt_id": item.prompt_id})
        order = [n for output in item.outputs for n in upstream(item.graph, output)]
        order = list(dict.fromkeys(order))
        marks = {node: self._mark(item.graph, node) for node in order}
        cached = [node for node in order if marks[node] in self.cache]
        tell(item, "execution_cached", {"nodes": cached, "prompt_id": item.prompt_id})
        success = False
        try:
            for node in order:
                self._node(item, node, cached, marks)
            success = True
        except Failed as error:
            tell(item, "execution_error", _failure(item, error))
        except Interrupted:
            node = item.done_nodes[-1] if item.done_nodes else order[0]
            class_type = item.graph[node]["class_type"]
            data = {"prompt_id": item.prompt_id, "node_id": node, "node_type": class_type}
            tell(item, "execution_interrupted", {**data, "executed": item.done_nodes[:-1]})
        if success:
            tell(item, "execution_success", {"prompt_id": item.prompt_id})
            self.cache = {marks[node]: item.ui.get(node) for node in order}
        self._restart_at("end")
        self._finish(item, success)

    def _finish(self, item: Item, success: bool) -> None:
        late = self.switches.take("history", "late")
        if late:
            self.tell(item, "executing", {"node": None, "prompt_id": item.prompt_id})
            time.sleep(late.seconds)
        with self.lock:
            self._record(item, success)
            self.running = None
        self._status()
        if not late:
            self.tell(item, "executing", {"node": None, "prompt_id": item.prompt_id})

    def _record(self, item: Item, success: bool) -> None:
        empty = self.switches.take("history", "empty_outputs")
        status = {
            "status_str": "success" if success else "error",
            "completed": success,
            "messages": item.messages,
        }
        if self.switches.take("history", "odd_status"):
            status = {"status_str": "odd", "completed": False, "messages": []}
        extra = {key: value for key, value in item.extra.items() if not key.startswith("api_key")}
        meta = {n: {"node_id": n, "display_node": n, "parent_node": None, "real_node_id": n} for n in item.ui}
        record = {
            "prompt": [item.number, item.prompt_id, item.graph, extra, item.outputs],
            "outputs": {} if empty else item.ui,
            "status": None if self.switches.take("history", "null_status") else status,
            "meta": meta,
        }
        if not self.switches.take("history", "wiped"):
            self.history[item.prompt_id] = record

    def _node(self, item: Item, node: str, cached: list[str], marks: Mapping[str, str]) -> None:
        class_type = item.graph[node]["class_type"]
        data = {"node": node, "display_node": node, "prompt_id": item.prompt_id}
        if node in cached:
            shown = self.cache[marks[node]]
            if shown:
                item.ui[node] = shown
                self.tell(item, "executed", {**data, "output": shown})
                self._progress_state(item, node, 1, 1, "finished")
            return
        self._progress_state(item, node, 0.0, 1.0, "running")
        self.tell(item, "executing", data)
        item.done_nodes.append(node)
        if class_type in SAMPLERS:
            self._sample(item, node)
        if class_type.startswith("LoadImage"):
            self._load(item, node)
        if class_type in ("SaveImage", "PreviewImage"):
            item.ui[node] = {"images": [self._save(item, node)]}
            self.tell(item, "executed", {**data, "output": item.ui[node]})
        self._progress_state(item, node, 1.0, 1.0, "finished")

    def _progress_state(self, item: Item, node: str, value: float, most: float, state: str) -> None:
        about = {"value": value, "max": most, "state": state, "node_id": node, "prompt_id": item.prompt_id}
        about |= {"display_node_id": node, "parent_node_id": None, "real_node_id": node}
        self.tell(item, "progress_state", {"prompt_id": item.prompt_id, "nodes": {node: about}})

    def _sample(self, item: Item, node: str) -> None:
        steps = item.graph[node]["inputs"].get("steps", 4)
        self.counters["sampled"] += 1
        if self.switches.take("server", "oom"):
            raise Failed(
                node, "torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory.\n"
            )
        if self.switches.take("server", "error"):
            raise Failed(
                node, "RuntimeError", "mat1 and mat2 shapes cannot be multiplied (256x4096 and 768x320)\n"
            )
        if self.switches.take("server", "login"):
            raise Failed(node, "Exception", "Unauthorized: Please login first to use this node.")
        if self.switches.take("server", "interrupted"):
            raise Interrupted
        life = self.life
        for step in range(1, steps + 1):
            self._restart_at(str(step))
            with self.lock:
                stuck = self.switches.on("server", "stuck", "hung") is not None
                self.lock.wait_for(
                    lambda: self.interrupt or self.life != life, None if stuck else self.job_seconds / steps
                )
                if self.life != life:
                    raise Died
                if self.interrupt:
                    raise Interrupted
            about = {"value": step, "max": steps, "prompt_id": item.prompt_id, "node": node}
            self._progress_state(item, node, float(step), float(steps), "running")
            self.tell(item, "progress", about)
            self._preview(item, node, step)

    def _preview(self, item: Item, node: str, step: int) -> None:
        """A server started with previews, or a newer one whose job asks for them."""
        connection = self.sockets.get(str(item.extra.get("client_id", "")))
        asked = self.previews_by_job and item.extra.get("preview_method") not in (None, "none")
        kinds = ("previews", "broken_previews", "foreign_previews")
        fault = self.switches.on("ws", *kinds)
        if connection is None or not (asked or fault) or self.switches.on("ws", "silent"):
            return
        broken, foreign = (fault is not None and fault.kind == kind for kind in kinds[1:])
        picture = b"\xff\xd8\xff" + bytes(100) if broken else pictures.preview(step)
        about = {"node_id": node, "prompt_id": FOREIGN if foreign else item.prompt_id}
        connection.picture(picture, {**about, "image_type": "image/jpeg"})

    def _restart_at(self, place: str) -> None:
        """`restart_at(3)` before the sampler's third step, `restart_at(end)` after the file is written."""
        fault = self.switches.on("server", "restart_at")
        where, _, seconds = fault.argument.partition(",") if fault else ("", "", "")
        if fault and where == place and self.switches.take("server", "restart_at"):
            self.restart(float(seconds or 0.2))
            raise Died

    def _load(self, item: Item, node: str) -> None:
        content = self.input_file(item.graph[node]["inputs"]["image"])
        try:
            Image.open(io.BytesIO(content or b"")).load()
        except OSError as error:
            path = f"/comfyui/input/{item.graph[node]['inputs']['image']}"
            raise Failed(
                node, "PIL.UnidentifiedImageError", f"cannot identify image file '{path}'\n"
            ) from error

    def _save(self, item: Item, node: str) -> dict[str, str]:
        self.counters["renders"] += 1
        content = self._render(item, node)
        if item.graph[node]["class_type"] == "PreviewImage":
            letters = "".join(random.Random(item.prompt_id).choices(string.ascii_lowercase, k=5))
            kind, folder, stem = "temp", "", f"ComfyUI_temp_{letters}"
        else:
            folder, _, stem = item.graph[node]["inputs"]["filename_prefix"].rpartition("/")
            kind = "output"
        with self.lock:
            taken = [key for key in self.files if key[:2] == (kind, folder) and key[2].startswith(f"{stem}_")]
            name = f"{stem}_{len(taken) + 1:05}_.png"
            self.files[kind, folder, name] = content
        return {"filename": name, "subfolder": folder, "type": kind}

    def _mark(self, graph: Mapping[str, Any], node: str) -> str:
        """What a node's result depends on; equal marks are taken from the cache."""
        inputs = dict(graph[node]["inputs"])
        for name, target, slot in links(graph[node]):
            inputs[name] = [self._mark(graph, target), slot]
        if graph[node]["class_type"].startswith("LoadImage"):
            inputs["image"] = hashlib.sha256(self.input_file(inputs["image"]) or b"").hexdigest()
        return hashlib.sha256(
            json.dumps([graph[node]["class_type"], inputs], sort_keys=True).encode()
        ).hexdigest()

    def _render(self, item: Item, save: str) -> bytes:
        mark = self._mark(item.graph, links(item.graph[save])[0][1])
        picture = pictures.painted(item.graph, save, mark, self.input_file)
        if self.max_px:
            picture.thumbnail((self.max_px, self.max_px))
        texts: dict[str, str] = {}
        if not self.switches.on("view", "no_chunks"):
            more = {key: json.dumps(value) for key, value in (item.extra.get("extra_pnginfo") or {}).items()}
            texts = {"prompt": json.dumps(item.graph), **more, "fake_prompt_id": item.prompt_id}
        return pictures.encoded(pictures.spoiled(picture, self.switches), texts, self.switches)


def _failure(item: Item, error: Failed) -> dict[str, Any]:
    rest = [node for node in item.graph if node not in item.done_nodes[:-1]]
    return {
        "prompt_id": item.prompt_id,
        "node_id": error.node,
        "node_type": item.graph[error.node]["class_type"],
        "executed": item.done_nodes[:-1],
        "exception_message": error.message,
        "exception_type": error.kind,
        "traceback": [],
        "current_inputs": {},
        "current_outputs": rest,
    }
