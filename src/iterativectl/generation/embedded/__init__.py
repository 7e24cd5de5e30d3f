"""The embedded painter: classical edits without a diffusion model, driven by the prompt's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from iterativectl.clock import Clock, SystemClock
from iterativectl.config.types import AIGen
from iterativectl.generation.embedded.painter import EmbeddedPainter


def build(
    aigen: AIGen,
    find_workflow: Callable[[str], Path],
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
) -> EmbeddedPainter:
    """The painter. It needs no workflow, no server and nothing from the environment."""
    return EmbeddedPainter(clock or SystemClock())
