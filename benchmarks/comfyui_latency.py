"""How much later than a bare WebSocket client do we have the picture? Needs a running ComfyUI.

    python benchmarks/comfyui_latency.py [URL] [--pairs 100]

The graph is LoadImage -> SaveImage, so nearly all of the time is the protocol's. Both sides open a
fresh WebSocket for every job, keep one HTTP connection, change the file prefix each time and alternate
between two pictures, so that nothing comes from the server's cache. The order within a pair changes.
Ours does all that it does in a run: ticket and graph on disk before the job is sent, the picture
decoded and on disk (fsync) before it counts as there. The bare client holds the bytes in memory. Goal:
the median of the paired differences is at most 10 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

import requests
import websocket
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.generation.comfyui import build
from iterativectl.model import Parameters, Plan, Prompts, Settings
from iterativectl.ports import GenerationInputs
from iterativectl.project.tickets import TicketFile

GOAL_MS = 10.0
ROLES = {"sampler": "8", "positive": "9", "image": "1", "save": "3"}
PARAMETERS = Parameters(denoise=0.5, cfg=7.0, steps=1, sampler_name="euler", scheduler="normal")
# The sampler and its text are there for the tracing only: they do not lead to the output, so they never run.
GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": ""}},
    "8": {"class_type": "KSampler", "inputs": {"seed": 0, "positive": ["9", 0]}},
    "9": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
}


class Bare:
    """The shortest client that is right: socket first, its end message, then history, then the picture."""

    def __init__(self, url: str, pictures: list[Path]) -> None:
        self.url = url
        self.session = requests.Session()
        self.names = [self._upload(path) for path in pictures]

    def _upload(self, path: Path) -> str:
        reply = self.session.post(f"{self.url}/upload/image", files={"image": (path.name, path.read_bytes())})
        return reply.json()["name"]

    def make(self, index: int) -> None:
        client_id, prompt_id = str(uuid.uuid4()), str(uuid.uuid4())
        connection = websocket.create_connection(
            f"{self.url.replace('http', 'ws', 1)}/ws?clientId={client_id}", suppress_origin=True, timeout=60
        )
        graph = {
            "1": {"class_type": "LoadImage", "inputs": {"image": self.names[index % 2]}},
            "3": {
                "class_type": "SaveImage",
                "inputs": {"images": ["1", 0], "filename_prefix": f"bare/{prompt_id}"},
            },
        }
        body = {"prompt": graph, "client_id": client_id, "prompt_id": prompt_id}
        self.session.post(f"{self.url}/prompt", json=body).raise_for_status()
        while True:
            message = connection.recv()
            if isinstance(message, str):
                data = json.loads(message)
                if data["type"] == "executing" and data["data"] == {"node": None, "prompt_id": prompt_id}:
                    break
        record = self.session.get(f"{self.url}/history/{prompt_id}").json()[prompt_id]
        image = record["outputs"]["3"]["images"][0]
        picture = self.session.get(f"{self.url}/view", params=image).content
        connection.close()
        assert picture.startswith(b"\x89PNG")


class Ours:
    """The generator as a run uses it."""

    def __init__(self, url: str, pictures: list[Path], folder: Path) -> None:
        self.pictures, self.folder = pictures, folder
        workflow = folder / "trivial.json"
        workflow.write_text(json.dumps(GRAPH))
        settings = Settings(
            workflow="trivial",
            ckpt_name="-",
            parameters=PARAMETERS,
            prompts=Prompts(positive="", negative=""),
        )
        aigen = AIGen(backend="comfyui", settings=settings, comfyui=ComfyUI(url=url), roles=ROLES)
        self.generator = build(aigen, lambda _: workflow, {})

    def make(self, index: int) -> None:
        plan = Plan(
            iteration=index,
            take=0,
            strategy="img2img",
            parent=None,
            source="input",
            workflow="trivial",
            ckpt_name="-",
            parameters=PARAMETERS,
            prompts=Prompts(positive="", negative=""),
            seed=index,
            mask=None,
            reasons=(),
        )
        tickets = TicketFile(self.folder / f"{index}_tickets.json", lambda: "now", lambda _: None)
        inputs = GenerationInputs(
            source=self.pictures[index % 2],
            mask=None,
            control_image=None,
            destination=self.folder / f"{index}.png",
            graph_destination=self.folder / f"{index}_api.json",
            tickets=tickets,
            attend=lambda: None,
            project="benchmark",
            run_id="latency",
        )
        self.generator.generate(plan, inputs, lambda _: None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8188")
    parser.add_argument("--pairs", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = [_noise(folder / f"{letter}.png", seed) for seed, letter in enumerate("ab")]
        sides = {"bare": Bare(options.url, pictures), "ours": Ours(options.url, pictures, folder)}
        for warm_up in range(-4, 0):
            for side in sides.values():
                side.make(abs(warm_up) + 10 * options.pairs)
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for index in range(options.pairs):
            for side in random.sample(list(sides), 2):
                began = time.perf_counter()
                sides[side].make(index)
                times[side].append((time.perf_counter() - began) * 1000)
    return _report(times)


def _noise(path: Path, seed: int) -> Path:
    """256 x 256 of noise that a PNG cannot shrink much, as in the recorded floor timings."""
    Image.frombytes("RGB", (256, 256), random.Random(seed).randbytes(256 * 256 * 3)).save(path)
    return path


def _report(times: dict[str, list[float]]) -> int:
    differences = [ours - bare for ours, bare in zip(times["ours"], times["bare"], strict=True)]
    for side, values in times.items():
        print(
            f"{side}: min {min(values):.1f} median {statistics.median(values):.1f} max {max(values):.1f} ms"
        )
    median = statistics.median(differences)
    print(
        f"median of {len(differences)} paired differences: {median:.1f} ms (goal: at most {GOAL_MS:.0f} ms)"
    )
    return 0 if median <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
