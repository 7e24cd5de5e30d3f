"""What a ComfyUI that ended while starting says in its log, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from signal import SIGKILL

_CPU = "`-- --cpu` at the end of the command, or `args: [--cpu]` below comfyui in AIGen.yaml"
# The first that is found counts. {python} and {folder} are filled in.
CURES = (
    (
        r"No module named '?torch\b",
        "This Python has no PyTorch. Name the one that you start ComfyUI with by hand (--python, or "
        "comfyui.python in AIGen.yaml), or install it: {python} -m pip install -r {folder}/requirements.txt",
    ),
    (
        r"No module named|ImportError: cannot import name",
        "A package is missing or of another version. Is {python} what you start ComfyUI with by hand? "
        "If not, name that with --python; else install what is missing: "
        " {python} -m pip install -r {folder}/requirements.txt",
    ),
    (
        r"(?i)already in use|only one usage of each socket address",
        "Another program listens at that port: end it, or choose another port with --port or in AIGen.yaml.",
    ),
    (
        r"Torch not compiled with CUDA enabled",
        f"This PyTorch is the one without CUDA. For the graphics card install the PyTorch that ComfyUI's "
        f"documentation names for it; without one: {_CPU}.",
    ),
    (
        r"(?i)no NVIDIA driver|driver version is insufficient|driver on your system is too old|"
        r"no CUDA-capable device|no CUDA GPUs are available|cudaGetDeviceCount",
        f"PyTorch finds no usable graphics card: look at `nvidia-smi`. Without one: {_CPU}.",
    ),
    (
        r"(?i)CUDA out of memory|OutOfMemoryError|CUDA error: out of memory",
        "The graphics card's memory is taken: end what else uses it (Ollama: `ollama stop MODEL`), or start "
        "with `-- --lowvram`.",
    ),
    (
        r"(?m)^\S*main\.py: error: ",  # argparse, about its command line
        "ComfyUI does not know these arguments: correct comfyui.args in AIGen.yaml or what follows `--`.",
    ),
    (r"(?i)no space left on device", "The disk is full: free some space."),
)


def cure(lines: Sequence[str], code: int | None, python: str, folder: str) -> str:
    """What to do, by the last lines of the log and the exit code (below 0: by that signal)."""
    text = "\n".join(lines)
    for pattern, todo in CURES:
        if re.search(pattern, text):
            return todo.format(python=python, folder=folder)
    if code == -SIGKILL:
        return "It was killed, most often by the system for want of memory: close other programs."
    return "`iterativectl comfyui logs -n 200` shows more. Does it start by hand?"
