"""The least that a loop can do beside the same two servers, as a measure: prints JSON as one_run.py does.

    python benchmarks/bare_run.py FOLDER --comfyui PORT --judge PORT [--px 1024] [--iterations 12]

Per iteration one job (socket first, its end message, history, picture) and four questions: about the result,
twice about original and result, and one of text only. The pictures are sent as they came. Nothing is checked,
decoded, measured, written to disk or tried again: a kill, a broken picture or a lost job would be its end.
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from pathlib import Path

import requests
import websocket

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from one_run import ROOT, arguments, peak_mb, photograph, sample

SHOWN = ("result", "original result", "original result", "")


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    session = requests.Session()
    comfyui = f"http://127.0.0.1:{options.comfyui}"
    original = photograph(options.px)
    files = {"image": ("input.png", original)}
    name = session.post(f"{comfyui}/upload/image", files=files, timeout=60).json()["name"]
    samples = []
    for number in range(options.iterations):
        result = _made(session, comfyui, name, number)
        pictures = {"original": original, "result": result}
        for shown in SHOWN:
            _asked(session, options.judge, [pictures[which] for which in shown.split()])
        samples.append(sample())
    print(json.dumps({"samples": samples, "peak_mb": peak_mb()}))


def _made(session: requests.Session, comfyui: str, name: str, number: int) -> bytes:
    ticket = str(uuid.uuid4())
    graph = json.loads((ROOT / "workflow" / "img2img_no_mask_api.json").read_text(encoding="utf-8"))
    graph["2"]["inputs"]["image"] = name
    graph["6"]["inputs"]["seed"] = number
    socket = websocket.create_connection(f"ws{comfyui[4:]}/ws?clientId={ticket}", timeout=60)
    body = {"prompt": graph, "client_id": ticket, "prompt_id": ticket}
    session.post(f"{comfyui}/prompt", json=body, timeout=60).raise_for_status()
    while json.loads(socket.recv()) != {"type": "executing", "data": {"node": None, "prompt_id": ticket}}:
        pass
    record = session.get(f"{comfyui}/history/{ticket}", timeout=60).json()[ticket]
    picture = session.get(f"{comfyui}/view", params=record["outputs"]["8"]["images"][0], timeout=60).content
    socket.close()
    return picture


def _asked(session: requests.Session, judge: int, pictures: list[bytes]) -> str:
    images = [base64.b64encode(picture).decode() for picture in pictures]
    message = {"role": "user", "content": "Is there a wall?", "images": images}
    body = {"model": "qwen3-vl:4b", "messages": [message], "stream": False, "format": {"type": "object"}}
    answer = session.post(f"http://127.0.0.1:{judge}/api/chat", json=body, timeout=60)
    return str(answer.json()["message"]["content"])


if __name__ == "__main__":
    main()
