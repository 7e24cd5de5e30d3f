"""The embedded judge: measurements of the two pictures behind a small vocabulary, no vision model.

What its vocabulary does not cover it cannot tell, and says so. It shares no code, no table of words and no
threshold with the painter (generation/embedded).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iterativectl.config.types import AIVis
from iterativectl.ports import VisionModel
from iterativectl.vision.embedded.judge import EmbeddedJudge


def build(
    name: str, aivis: AIVis, model: str, environ: Mapping[str, str], session: Any = None
) -> VisionModel:
    """The judge. It needs no model, no key and nothing from the environment."""
    return EmbeddedJudge()
