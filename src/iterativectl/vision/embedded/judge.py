"""The embedded judge as a VisionModel: JSON text in the shapes of every other judge, from figures alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from iterativectl.images.normalise import to_pixels
from iterativectl.model import Finding, Item
from iterativectl.ports import Reply, Usage, VisionRequest
from iterativectl.vision.embedded import advice
from iterativectl.vision.embedded.claims import Evidence, daylight, fog, night, sunset, warm
from iterativectl.vision.embedded.evidence import beside, look
from iterativectl.vision.embedded.vocabulary import understand

NOTHING_KNOWN = "not in the embedded judge's vocabulary of light, weather, season, style and structure"
_PLAIN = "what how is are the of a in it this picture image look looks like describe"
_LIGHT = "light lighting weather mood atmosphere colours colors colour time day season"
_PLAIN_WORDS, _LIGHT_WORDS = set(_PLAIN.split()), set(_LIGHT.split())
_SAME = ("same", "the same", "unchanged", "equal")
CONFIDENCE = {"clear": "high", "absent": "high", "faint": "medium"}


class EmbeddedJudge:
    """ports.VisionModel without a model: free, in this process, the same answer every time."""

    name = "embedded"
    model = "measurements"
    wire_version = "embedded/1"
    sees_images = True

    def check(self) -> Sequence[Finding]:
        """Says what it is."""
        why = "It answers about light, weather, season, style and structure; objects and faces it cannot see."
        return [Finding(status="ok", what="embedded judge: measurements, no vision model", why=why)]

    def ask(self, request: VisionRequest) -> Reply:
        """Answer by kind; what is not understood is answered "unclear"."""
        began = time.perf_counter()
        text = _ANSWERS[request.kind](request)
        return Reply(
            text=text,
            usage=Usage(cost_usd=0.0),
            seconds=round(time.perf_counter() - began, 4),
            served_by="this process",
            provider=self.name,
            model=self.model,
        )


def _evidence(request: VisionRequest) -> Evidence:
    """The figures of the pictures that are shown: the original first where there are two."""
    shown = [to_pixels(picture.png) for _, picture in request.images[:2]]  # enlarged regions come after them
    if len(shown) == 1:
        return Evidence(result=look(shown[0]))
    return Evidence(result=look(shown[-1]), original=look(shown[0]), beside=beside(shown[0], shown[-1]))


def _criteria(request: VisionRequest) -> str:
    seen = _evidence(request)
    return json.dumps({"criteria": {item.field: _criterion(item, seen) for item in request.items}})


def _criterion(item: Item, seen: Evidence) -> dict[str, Any]:
    understood = understand(item.question)
    if understood is None or item.type != "boolean":
        answer = "unclear" if item.type == "boolean" else None
        return {"reason": NOTHING_KNOWN, "answer": answer, "confidence": "low"}
    found = understood.claim.judge(seen)
    if found.level is None:
        return {"reason": found.reason, "answer": "unclear", "confidence": "low"}
    passes_when_absent = understood.negated != (item.min == 0 and item.max == 0)
    if found.level == "faint" and understood.claim.only_absence and not passes_when_absent:
        return {"reason": found.reason, "answer": "unclear", "confidence": "low"}
    wanted = "absent" if understood.negated else "clear"
    answer = "yes" if found.level == wanted else "no"
    if item.min == 0 and item.max == 0:
        # "no" is the answer that passes: what is faint is then not counted in its favour either.
        against = "clear" if understood.negated else "absent"
        answer = "no" if found.level == against else "yes"
    return {"reason": found.reason, "answer": answer, "confidence": CONFIDENCE[found.level]}


def _questions(request: VisionRequest) -> str:
    seen = _evidence(request)
    return json.dumps({"answers": {item.field: _question(item, seen) for item in request.items}})


def _question(item: Item, seen: Evidence) -> Any:
    if item.type == "boolean":
        return _criterion(item, seen)["answer"]
    if item.type != "string":
        return None
    if item.enum:
        return _choice(item, seen)
    return describe(seen) if _asks_for_the_light(item.question) else "unclear"


def _choice(item: Item, seen: Evidence) -> str:
    """The one allowed value whose claim is clear; "unclear" with none or several.

    "the same" is the answer where every other value is understood and absent.
    """
    levels = {str(value): _level(str(value), seen) for value in item.enum}
    clear = [value for value, level in levels.items() if level == "clear"]
    if clear:
        return clear[0] if len(clear) == 1 else "unclear"
    same = [value for value in levels if value.lower() in _SAME]
    others = {level for value, level in levels.items() if value not in same}
    return same[0] if same and others == {"absent"} else "unclear"


def _level(value: str, seen: Evidence) -> str | None:
    understood = understand(value)
    return None if understood is None or understood.negated else understood.claim.judge(seen).level


def _asks_for_the_light(question: str) -> bool:
    words = set(question.lower().replace("?", "").split())
    return bool(words & _LIGHT_WORDS) and words <= _PLAIN_WORDS | _LIGHT_WORDS


def describe(seen: Evidence) -> str:
    """What the figures say, in a sentence."""
    words = [
        word
        for word, claim in (("dark", night), ("bright", daylight), ("hazy", fog), ("warm", warm))
        if claim(seen).level == "clear"
    ]
    if sunset(seen).level == "clear":
        words.append("with a red or orange sky")
    return f"{', '.join(words) or 'neither bright nor dark'}; {_figures(seen)}"


def _figures(seen: Evidence) -> str:
    now = seen.result
    return (
        f"brightness {now.brightness:.2f}, contrast {now.contrast:.2f}, saturation {now.saturation:.2f}, "
        f"warmth {now.warmth:+.2f}, haze {now.haze:.2f}, {now.green_share:.0%} green"
    )


def _describe(request: VisionRequest) -> str:
    return f"Measured, not seen: {describe(_evidence(request))}."


def _compare(request: VisionRequest) -> str:
    seen = _evidence(request)
    similarity = float(request.facts.get("similarity", 0.5))
    word = "same" if similarity > 0.85 else "different" if similarity < 0.3 else "close"
    differences = {
        topic: "not seen by measurements" for topic in ("clothing", "pose", "features", "proportions")
    }
    kept = seen.beside.kept if seen.beside else 1.0
    differences["background"] = f"now {describe(seen)}"
    analysis = f"Shapes agree by {kept:.2f}. Measured, not seen: {_figures(seen)}."
    return json.dumps({"differences": differences, "analysis": analysis, "similarity": word})


def _at_once(request: VisionRequest) -> str:
    """Questions have no intent, criteria have one."""
    parts = {
        "answers": _questions(replace(request, items=tuple(i for i in request.items if not i.intent))),
        "criteria": _criteria(replace(request, items=tuple(i for i in request.items if i.intent))),
    }
    told = {name: json.loads(text)[name] for name, text in parts.items()}
    return json.dumps({**told, "comparison": json.loads(_compare(request))})


def _prefer(request: VisionRequest) -> str:
    return json.dumps({"reason": "figures do not say which of two pictures is better", "better": "equal"})


_ANSWERS: Mapping[str, Callable[[VisionRequest], str]] = {
    "describe_image": _describe,
    "ask_questions": _questions,
    "evaluate_criteria": _criteria,
    "compare_images": _compare,
    "judge_at_once": _at_once,
    "compare_results": _prefer,
    "improve_prompts": advice.improve,
    "suggest_parameters": advice.suggest,
}
