"""A ComfyUI for tests: real HTTP and WebSocket on 127.0.0.1, answers as recorded, misbehaves when told to.

In a test:   with FakeComfyUI(generation="B", ws="silent", server="restart_at(2)x1") as fake: ... fake.url ...
As a process: python -m tests.fakes.comfyui --port-file F [--generation A|B] [--job-seconds S] [--max-px N]
              [--switch GROUP=FAULT ...] [--checkpoint NAME ...] [--idle-seconds 60]
It writes its port into F when it listens, answers GET /__fake__/counters, takes POST /__fake__/switch and
/__fake__/restart, and ends by itself when nobody has asked it anything for `--idle-seconds`.
"""

from __future__ import annotations

import argparse
import copy
import json
import ssl
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.fakes.comfyui_engine import Engine
from tests.fakes.comfyui_http import Request, Server
from tests.fakes.comfyui_switches import Switches

DATA = Path(__file__).resolve().parents[1] / "data" / "comfyui"
CERTIFICATE = DATA.with_name("tls") / "certificate.pem"  # for 127.0.0.1 and localhost alone
CHECKPOINTS = ("tiny_sd15.safetensors", "realisticVisionV60B1_v51VAE.safetensors")


class FakeComfyUI:
    """One fake server. `generation`: "A" answers as release 0.3.64 does, "B" as 0.33.0.

    `prefix` is a proxy's path in front of every route; `models` are files that the server has besides the
    checkpoints, by `Class.input` (`{"UNETLoader.unet_name": ["flux.safetensors"]}`); with `tls` it shows
    CERTIFICATE, which nobody signed; the faults are those of comfyui_switches.
    """

    def __init__(
        self,
        generation: str = "A",
        *,
        job_seconds: float = 0.0,
        max_px: int | None = None,
        checkpoints: tuple[str, ...] = CHECKPOINTS,
        prefix: str = "",
        models: Mapping[str, Sequence[str]] | None = None,
        tls: bool = False,
        **faults: str,
    ) -> None:
        self.switches = Switches(**faults)
        self.engine = Engine(self.switches, job_seconds, max_px)
        self.engine.previews_by_job = generation == "B"
        names = {"CheckpointLoaderSimple.ckpt_name": checkpoints, **(models or {})}
        known = json.loads((DATA / f"object_info_{generation}.json").read_text(encoding="utf-8"))
        self._server = Server(self.engine, self.switches, generation, _with_models(known, names))
        self._server.prefix = prefix
        if tls:
            self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("key.pem"))

    @property
    def url(self) -> str:
        """The base URL, its path prefix included."""
        scheme = "https" if self._server.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.port}{self._server.prefix}"

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def counters(self) -> Counter[str]:
        """What was asked and done: renders, sampled, accepted, uploads, global_interrupts, `GET /view`..."""
        return Counter(self.engine.counters)

    @property
    def log(self) -> list[Request]:
        """Every request, in order."""
        return self._server.log

    @property
    def idle(self) -> float:
        """Seconds since the last request."""
        return time.monotonic() - self._server.last_request

    def sent(self, method: str, path: str) -> list[Any]:
        """The JSON bodies of all requests to a route."""
        return [
            r.json()
            for r in self.log
            if (r.method, r.path) == (method, self._server.prefix + path) and r.body
        ]

    @property
    def known(self) -> dict[str, Any]:
        """What /object_info tells of every node class; may be added to."""
        return self._server.known

    @property
    def uploads(self) -> dict[str, bytes]:
        """What lies in the input folder, by the name that LoadImage takes: `iterative/NAME.png`."""
        files = dict(self.engine.files)
        return {"/".join(filter(None, key[1:])): files[key] for key in files if key[0] == "input"}

    def loads(self) -> list[dict[str, bytes]]:
        """For every job that was sent, in order: node -> the bytes that it loads (pictures and masks)."""
        uploads = self.uploads
        return [
            {
                node: uploads[entry["inputs"]["image"]]
                for node, entry in body["prompt"].items()
                if entry["class_type"].startswith("LoadImage") and entry["inputs"]["image"] in uploads
            }
            for body in self.sent("POST", "/prompt")
        ]

    def restart(self, seconds: float = 0.2) -> None:
        """Go down now, come back after `seconds` without queue and history."""
        self._server.restart(seconds)

    def down(self) -> None:
        """Go down and stay so."""
        self._server.down()

    def up(self) -> None:
        """Come back after `down`."""
        self._server.up()

    def kill(self) -> None:
        """As kill -9 does: the job that runs ends with the process. `up` starts another one."""
        self.close()

    def plug_in(self) -> None:
        """Be reached again after `down`, of which the process noticed nothing: it worked on."""
        self._server.plug_in()

    def limit_body(self, size: int) -> None:
        """Requests above this size are answered with 413."""
        self._server.max_body = size

    def __enter__(self) -> FakeComfyUI:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End: connections, listener and worker."""
        self._server.down()
        with self.engine.lock:
            self.engine.life += 1
            self.engine.lock.notify_all()


def _with_models(known: dict[str, Any], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """object_info in which these inputs have these choices, too. Release B has two spellings of a list."""
    known = copy.deepcopy(known)
    for place, files in names.items():
        class_type, name = place.split(".")
        specification = known[class_type]["input"]["required"][name]
        choices = specification[1]["options"] if specification[0] == "COMBO" else specification[0]
        choices.extend(files)
    return known


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake ComfyUI for tests.")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--generation", choices=("A", "B"), default="A")
    parser.add_argument("--job-seconds", type=float, default=0.0)
    parser.add_argument("--max-px", type=int)
    parser.add_argument("--switch", action="append", default=[], metavar="GROUP=FAULT")
    parser.add_argument("--checkpoint", action="append", default=[])
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    options = parser.parse_args()
    fake = FakeComfyUI(
        options.generation,
        job_seconds=options.job_seconds,
        max_px=options.max_px,
        checkpoints=(*CHECKPOINTS, *options.checkpoint),
        **dict(switch.split("=", 1) for switch in options.switch),
    )
    partial = options.port_file.with_suffix(".partial")
    partial.write_text(str(fake.port))
    partial.replace(options.port_file)
    with fake:
        while fake.idle < options.idle_seconds:
            time.sleep(min(1.0, options.idle_seconds / 4))


if __name__ == "__main__":
    main()
