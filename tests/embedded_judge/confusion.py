"""The embedded judge's confusion table: python -m tests.embedded_judge.confusion prints it.

For each claim: of the pictures of which it is true, how many the judge accepts, leaves unclear or rejects;
and the same of those of which it is false. An accepted false one is a false accept. (Where the package is
not installed, with PYTHONPATH=src.)
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from PIL import Image
from tests.embedded_judge.scenes import ALL, FRESH, Edit, Scene, scenes
from tests.images.photographs import HELD_OUT

from iterativectl.config.types import AIVis
from iterativectl.images.normalise import Pixels
from iterativectl.model import Item, Picture
from iterativectl.ports import VisionRequest
from iterativectl.vision.embedded import build

# claim: (question, the answer that accepts it, intent)
CLAIMS: dict[str, tuple[str, str, str]] = {
    "sunset": ("Is the sky a warm sunset?", "yes", "change"),
    "warmer": ("Is the light warmer than in the original?", "yes", "change"),
    "colder": ("Is the picture colder than the original?", "yes", "change"),
    "fog": ("Is the picture foggy?", "yes", "change"),
    "snow": ("Is it winter with snow?", "yes", "change"),
    "autumn": ("Are the trees in autumn colours?", "yes", "change"),
    "night": ("Is it night?", "yes", "change"),
    "brighter": ("Is the picture brighter than the original?", "yes", "change"),
    "darker": ("Is the picture darker than the original?", "yes", "change"),
    "vivid": ("Is the picture more colourful than the original?", "yes", "change"),
    "monochrome": ("Is the picture black and white?", "yes", "change"),
    "painting": ("Does it look like a painting or a drawing?", "yes", "change"),
    "vignette": ("Is there a vignette with dark corners?", "yes", "change"),
    "clear_air": ("Is the picture free of fog?", "yes", "preserve"),
    "daylight": ("Is it still bright daylight?", "yes", "preserve"),
    "sharp": ("Is the picture still sharp?", "yes", "preserve"),
    "same_places": (
        "Are the buildings and trees in the same place as in the original?",
        "yes",
        "preserve",
    ),
    "photograph": ("Does it look like a painting or a drawing?", "no", "preserve"),
    "coloured": ("Is the picture black and white?", "no", "preserve"),
    "no_snow": ("Is there no snow?", "yes", "preserve"),
    "no_night": ("Is it night in the picture?", "no", "preserve"),
    "no_sunset": ("Is the sky free of a sunset?", "yes", "preserve"),
}
ITEMS = tuple(
    Item(field=name, question=question, type="boolean", intent=intent, **_range)
    for name, (question, wanted, intent) in CLAIMS.items()
    for _range in ({"min": 0, "max": 0} if wanted == "no" else {},)
)


@dataclass
class Row:
    """Counts of accept, unclear and reject, where the claim is true and where it is false."""

    true: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)


Table: TypeAlias = dict[str, Row]


@dataclass(frozen=True)
class Wrong:
    """A judgement that is not what is true: accepted though false, or rejected though true."""

    claim: str
    photo: str
    edit: str
    accepted: bool
    reason: str


def judge(original: Pixels, result: Pixels) -> Mapping[str, tuple[str, str]]:
    """accept, unclear or reject, and the reason, per claim; all of them in one request as in a run."""
    model = build("embedded", AIVis(provider="embedded", model="embedded"), "embedded", {})
    shown = (("original", as_shown(original)), ("result", as_shown(result)))
    request = VisionRequest(kind="evaluate_criteria", prompt="", items=ITEMS, images=shown)
    records = json.loads(model.ask(request).text)["criteria"]
    return {
        name: (_outcome(records[name]["answer"], CLAIMS[name][1]), records[name]["reason"]) for name in CLAIMS
    }


def as_shown(pixels: Pixels) -> Picture:
    """An array as a model is shown it, not packed at all, for speed."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=0)
    png = buffer.getvalue()
    height, width = pixels.shape[:2]
    return Picture(png=png, width=width, height=height, sha256=hashlib.sha256(png).hexdigest())


def _outcome(answer: str, wanted: str) -> str:
    if answer == "unclear":
        return "unclear"
    return "accept" if answer == wanted else "reject"


def table(photos: tuple[str, ...] = HELD_OUT, edits: Mapping[str, Edit] = ALL) -> tuple[Table, list[Wrong]]:
    """Every edit of every photograph judged: the counts, and every wrong judgement."""
    rows: Table = {name: Row() for name in CLAIMS}
    wrong = []
    for scene in scenes(photos, edits):
        for name, (outcome, reason) in judge(scene.original, scene.result).items():
            truth = _truth(scene, name)
            if truth is None:
                continue
            (rows[name].true if truth else rows[name].false)[outcome] += 1
            if outcome == ("reject" if truth else "accept"):
                wrong.append(Wrong(name, scene.photo, scene.edit, outcome == "accept", reason))
    return rows, wrong


def _truth(scene: Scene, claim: str) -> bool | None:
    return None if claim in scene.open else claim in scene.true


def markdown(rows: Mapping[str, Row]) -> str:
    lines = [
        "| claim | question (accepted by) | true: accepted | unclear | rejected "
        "| false: accepted | unclear | rejected |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        question, wanted, _ = CLAIMS[name]
        counts = [str(side[key]) for side in (row.true, row.false) for key in ("accept", "unclear", "reject")]
        lines.append(f"| {name} | {question} ({wanted}) | {' | '.join(counts)} |")
    return "\n".join(lines)


def main() -> None:
    rows, mistakes = table()
    fresh, _ = table(edits=FRESH)
    print(f"all edits\n\n{markdown(rows)}\n\nfresh edits alone\n\n{markdown(fresh)}\n")
    for mistake in sorted(mistakes, key=lambda each: (not each.accepted, each.claim, each.edit)):
        kind = "FALSE ACCEPT" if mistake.accepted else "false reject"
        print(f"{kind}: {mistake.claim}, {mistake.edit}, {mistake.photo}: {mistake.reason}")


if __name__ == "__main__":
    main()
