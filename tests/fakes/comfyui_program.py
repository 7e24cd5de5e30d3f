"""A program that is started as ComfyUI's main.py is: for the tests that start, watch and stop it.

It needs the standard library only, answers /system_stats, /queue and /models/FOLDER, and ends by itself after
a minute. What it is to do wrong stands among its arguments, as in `main.py --port 8188 --slow 2`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LIFE_SECONDS = 60.0
GIB = 2**30
DEAF = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); "
    f"time.sleep({LIFE_SECONDS})"
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--disable-auto-launch", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--die", metavar="LAST_WORDS", help="end at once")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds before it listens")
    parser.add_argument("--deaf", action="store_true", help="ignore the request to end")
    parser.add_argument("--silent", action="store_true", help="take connections and never answer")
    parser.add_argument("--child", action="store_true", help="with a process of its own that is deaf")
    parser.add_argument("--jobs", default="", help="job names; those that begin with o are ours")
    return parser.parse_args()


def main() -> None:
    here = Path(__file__).resolve().parent
    with (here / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    threading.Timer(LIFE_SECONDS, lambda: os._exit(9)).start()
    print("Checkpoint files will always be loaded safely.")
    given = arguments()
    if given.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if given.child:
        child = subprocess.Popen([sys.executable, "-c", DEAF])
        with (here / "pids").open("a") as pids:
            pids.write(f"{child.pid}\n")
    if given.die is not None:
        print(given.die, file=sys.stderr)
        os._exit(1)
    time.sleep(given.slow)
    serve(given)


def serve(given: argparse.Namespace) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if given.silent:
                time.sleep(LIFE_SECONDS)
            answer = answers(given).get(self.path)
            body = json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """The log is ComfyUI's, not the server's."""

    server = ThreadingHTTPServer((given.listen, given.port), Handler)
    server.daemon_threads = True
    print(f"\x1b[32mTo see the GUI go to\x1b[0m: http://{given.listen}:{given.port}")
    server.serve_forever()


def answers(given: argparse.Namespace) -> dict[str, object]:
    device = {"name": "cuda:0 Fake", "type": "cuda", "vram_total": 8 * GIB, "vram_free": 6 * GIB}
    system = {"comfyui_version": "0.33.0", "python_version": "3.11.7 (main)", "pytorch_version": "2.9.0"}
    running, *pending = [*(job(name) for name in filter(None, given.jobs.split(","))), None]
    return {
        "/system_stats": {"system": {**system, "argv": sys.argv}, "devices": [device]},
        "/queue": {"queue_running": [running] if running else [], "queue_pending": pending[:-1]},
        "/models/checkpoints": ["a.safetensors", "b.safetensors"],
        "/models/loras": [],
    }


def job(name: str) -> list[object]:
    about = {"extra_pnginfo": {"iterative": {"project": "p", "ticket": name}}} if name.startswith("o") else {}
    return [1, name, {}, about, []]


if __name__ == "__main__":
    main()
