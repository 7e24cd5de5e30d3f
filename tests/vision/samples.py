"""Requests as the judge makes them."""

from __future__ import annotations

from dataclasses import replace

from iterativectl.ports import VisionRequest
from iterativectl.vision.canary import plain_picture

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
ORIGINAL = plain_picture((250, 220, 0), side=32)
RESULT = plain_picture((0, 140, 50), side=32)
REQUEST = VisionRequest(
    kind="evaluate_criteria",
    prompt="Is it dark? Answer with JSON.",
    images=(("the ORIGINAL", ORIGINAL), ("the RESULT", RESULT)),
    schema=SCHEMA,
)
TEXT_ONLY = replace(REQUEST, kind="improve_prompts", images=())
FREE_TEXT = replace(REQUEST, kind="describe_image", schema=None)
