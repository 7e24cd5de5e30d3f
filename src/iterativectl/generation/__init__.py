"""Backends that make pictures, by the name they have in AIGen.yaml.

Each value says where a backend's `build` is; it is imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from iterativectl.ports import Generator

GENERATORS: dict[str, str] = {
    "comfyui": "iterativectl.generation.comfyui",
    "embedded": "iterativectl.generation.embedded",
}


def builder(backend: str) -> Callable[..., Generator]:
    """The `build` of a backend. KeyError for a name that is not in GENERATORS."""
    build: Any = import_module(GENERATORS[backend]).build
    return build  # type: ignore[no-any-return]
