"""Asking a model for the prompts that a run begins with, and reading them. Pure.

Asked for is {"reason": TEXT, "global": {positive, negative}, "masks": {NAME: {positive, negative}, ...}}; the
masks only where there are any.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iterativectl.config.types import PromptTemplates, Rules
from iterativectl.config.yaml_words import one_line
from iterativectl.judging import asking_well, wording
from iterativectl.judging.finding import FAILURES, find
from iterativectl.judging.shapes import Wanted, spelling
from iterativectl.model import Prompts
from iterativectl.ports import VisionRequest

TEMPLATE = "base_prompts"
MAX_PROMPT = 1_200  # characters; a paragraph for Flux has about 500
MAX_REASON = 300
WHOLE = "global"  # the prompts for the whole picture, as rules.yaml calls them
_NOTHING = frozenset(["none", "n/a", "null", "empty", ""])

# How a family of models wants to be told, by the first word of its name (a sidecar's `family`).
SENTENCES = (
    "Write the positive prompt as two to four full sentences in plain English, 40 to 100 words: the model "
    "reads sentences well."
)
TAGS = (
    "Write the positive prompt as comma-separated phrases, the most important ones first, 20 to 50 words: "
    "the model reads phrases well, and what comes late counts little."
)
PHRASES = (
    "Write the positive prompt as comma-separated phrases, the most important ones first. At most 60 words."
)
STYLES: Mapping[str, str] = {
    "flux": SENTENCES,
    "sd3": SENTENCES,
    "sd3.5": SENTENCES,
    "qwen": SENTENCES,
    "sd1.5": TAGS,
    "sdxl": TAGS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Prompts for the whole picture and for masks by name, and the model's reason.

    `faults` say what is missing or unusable; with any of them there is nothing to use.
    """

    whole: Prompts = Prompts(positive="", negative="")
    masks: Mapping[str, Prompts] = field(default_factory=dict)
    reason: str = ""
    faults: tuple[str, ...] = ()


def style_for(family: Sequence[str]) -> str:
    """How to write for these kinds of models; the middle way where they differ or none is known."""
    styles = {STYLES.get(name.split()[0].casefold(), PHRASES) for name in family if name.strip()}
    return styles.pop() if len(styles) == 1 else PHRASES


def request(
    templates: PromptTemplates,
    rules: Rules,
    about: tuple[str, str],
    sample: int,
    faults: Sequence[str] = (),
) -> VisionRequest:
    """What is asked, text only. `about`: the original in words, and how prompts should be written."""
    description, style = about
    names = tuple(mask.name for mask in rules.masks)
    return VisionRequest(
        kind="base_prompts",
        prompt=templates.render(
            TEMPLATE,
            description=description or "(no description)",
            criteria=_criteria(rules, names),
            current=_current(rules, names),
            style=style,
            faults=wording.lines(faults),
            schema=shape(names),
        ),
        schema=schema(names),
        sample=sample,
        facts={"description": description},
    )


def schema(masks: Sequence[str]) -> dict[str, Any]:
    """The JSON Schema of the reply."""
    pair = _object({"positive": {"type": "string"}, "negative": {"type": "string"}})
    blocks: dict[str, Any] = {"reason": {"type": "string"}, WHOLE: pair}
    return _object(blocks | ({"masks": _object(dict.fromkeys(masks, pair))} if masks else {}))


def shape(masks: Sequence[str]) -> str:
    """The reply's shape as a small model understands it best."""
    pair = '{"positive": "...", "negative": "..."}'
    lines = ['  "reason": "one sentence"', f'  "{WHOLE}": {pair}']
    if masks:
        inner = ",\n".join(f"    {json.dumps(name)}: {pair}" for name in masks)
        lines.append(f'  "masks": {{\n{inner}\n  }}')
    return "{\n" + ",\n".join(lines) + "\n}"


def read(text: str, masks: Sequence[str], finish: str = "stop") -> Written:
    """The prompts in a reply; with any fault there is nothing to use."""
    found = find(text, Wanted(fields=(WHOLE, "masks", "reason"), root="prompts"), finish)
    if not found.fields:
        flat = find(text, Wanted(fields=("positive", "negative", "reason"), root="prompts"), finish)
        if not flat.fields or masks:
            return Written(faults=(FAILURES[found.failure],))
        found = flat
    fields = dict(found.fields)
    faults: list[str] = []
    whole = _pair(fields.get(WHOLE, fields), "the whole picture", faults)
    inner = fields.get("masks")
    given = {spelling(str(k)): v for k, v in inner.items()} if isinstance(inner, Mapping) else {}
    each = {name: _pair(given.get(spelling(name)), f"the mask {name}", faults) for name in masks}
    reason = fields.get("reason")
    return Written(
        whole=whole,
        masks=each,
        reason=one_line(reason)[:MAX_REASON] if isinstance(reason, str) else "",
        faults=tuple(faults),
    )


def _pair(value: Any, what: str, faults: list[str]) -> Prompts:
    """Both prompts; an empty negative one is an answer, an empty positive one is not."""
    given = {spelling(str(k)): v for k, v in value.items()} if isinstance(value, Mapping) else {}
    positive, negative = _prompt(given.get("positive")), _prompt(given.get("negative"))
    for name, text in (("positive", positive), ("negative", negative)):
        if text is None:
            faults.append(f"the {name} prompt for {what} is missing or is no text")
        elif len(text) > MAX_PROMPT:
            faults.append(f"the {name} prompt for {what} is longer than {MAX_PROMPT} characters")
        elif asking_well.commands(text):
            faults.append(f"the {name} prompt for {what} holds an instruction or an address")
    if positive == "":
        faults.append(f"the positive prompt for {what} is empty")
    return Prompts(positive=positive or "", negative=negative or "")


def _prompt(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(value)  # a list of phrases is a prompt, too
    if not isinstance(value, str):
        return None
    text = one_line(value).strip(" \"'")
    return "" if text.casefold().strip(". -") in _NOTHING else text


def _criteria(rules: Rules, masks: Sequence[str]) -> str:
    """What each prompt has to serve: all criteria, and for a mask those that count with it."""
    parts = [f'For "{WHOLE}", the whole picture:\n{_lines(rules, None)}']
    parts += [f'For the mask "{name}":\n{_lines(rules, name)}' for name in masks]
    return "\n".join(parts)


def _lines(rules: Rules, mask: str | None) -> str:
    said = []
    for c in rules.in_force(mask):
        if c.measure is None:
            passes = " (no is right)" if c.type == "boolean" and c.max == 0 else ""
            tags = [
                f"{name}: {', '.join(getattr(c, name))}"
                for name in ("must_include", "ban_terms", "avoid_terms")
                if getattr(c, name)
            ]
            said.append("; ".join([f"{c.field} ({c.intent}): {c.question}{passes}", *tags]))
    return wording.lines(said)


def _current(rules: Rules, masks: Sequence[str]) -> str:
    pairs = [(WHOLE, rules.prompts)]
    pairs += [(name, rules.mask_prompts[name]) for name in masks if name in rules.mask_prompts]
    return wording.lines(
        f"{name} {kind}: {getattr(prompts, kind)}"
        for name, prompts in pairs
        for kind in ("positive", "negative")
        if getattr(prompts, kind)
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
