"""The fake as a process of its own, as the crash tests of the whole program use it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import requests
from tests.comfyui.rig import Rig

ROOT = Path(__file__).resolve().parents[2]


def test_it_serves_counts_switches_and_ends_by_itself(tmp_path: Path, picture: Path) -> None:
    port_file = tmp_path / "port"
    command = [
        sys.executable,
        "-m",
        "tests.fakes.comfyui",
        "--port-file",
        str(port_file),
        "--idle-seconds",
        "1.5",
    ]
    process = subprocess.Popen([*command, "--generation", "B", "--switch", "ws=silent"], cwd=ROOT)
    try:
        deadline = time.monotonic() + 20
        while not port_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        rig = Rig(tmp_path, f"http://127.0.0.1:{port_file.read_text()}")
        rig.generate()
        requests.post(f"{rig.url}/__fake__/switch", json={"ws": None, "server": "oomx1"}, timeout=5)
        rig.generate(iteration=4, seed=8)
        counters = requests.get(f"{rig.url}/__fake__/counters", timeout=5).json()
        assert (counters["renders"], counters["accepted"], counters["frees"]) == (2, 3, 1)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
