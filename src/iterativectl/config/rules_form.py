"""rules.yaml as a form: its data for a page to show, and a person's file with other data put into it.

Comments, order, quotes, odd indentation and whatever the form does not show stay: only lines that say
something else are written (config.yaml_change). Pure.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from iterativectl.config.check import load_schema
from iterativectl.config.rules_edit import CRITERIA, NAME, QUESTIONS
from iterativectl.config.yaml_change import with_data
from iterativectl.config.yaml_insert import NoPlace
from iterativectl.config.yaml_lists import same
from iterativectl.config.yaml_parts import Hints
from iterativectl.config.yaml_source import KeyPath, parse_yaml
from iterativectl.config.yaml_writing import ordered, pair
from iterativectl.errors import ConfigError, Problem

BLOCKS = (CRITERIA, QUESTIONS)
CONTEXT = 3  # lines around a change that are shown with it
_BOM = "\ufeff"
_BY_HAND = "Change it in the text."


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What rules.yaml should say.

    `data` is all of the file as plain data. `origins`, for the criteria and the questions, give the index
    that each entry has in the file, None for a new one; where they are missing the entries are compared.
    """

    data: Mapping[str, Any]
    origins: Mapping[str, Sequence[int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of a diff; of a `gap` the text says where it goes on: "line 12"."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


def form_of(text: str) -> dict[str, Any] | None:
    """The data of a file, None where it is none that a form can show: broken, or built otherwise."""
    try:
        data = copy.deepcopy(parse_yaml(text.removeprefix(_BOM), NAME).data)
    except ConfigError:
        return None
    if data is None:
        return {}
    return data if isinstance(data, dict) and _shown(data) else None


def with_form(text: str, form: Form) -> str:
    """The text, saying what the form says. Raises ConfigError when that cannot be, or not without harm."""
    bom = _BOM if text.startswith(_BOM) else ""
    plain = text.removeprefix(_BOM)
    old = parse_yaml(plain, NAME).data or {}
    new = copy.deepcopy(dict(form.data))
    if not _shown(new):
        raise _refusal("the criteria and the questions must be lists of blocks")
    if same(old, new):
        return text
    if not old:
        return bom + _begun(plain, new)
    hints = Hints(order=_order, origins=_origins(form, old, new), kind=_intent)
    for attempt in (hints, replace(hints, whole=True)):
        try:
            made = with_data(plain, old, new, attempt)
            if same(parse_yaml(made, NAME).data, new):
                return bom + made
        except (NoPlace, ConfigError):
            continue
    _refuse_unwritable(new)
    raise _refusal("the file is built so that this cannot be changed without changing other parts (anchors?)")


def diff(before: str, after: str) -> list[DiffLine]:
    """The lines that differ, with a few around them; [] for the same text."""
    old, new = before.splitlines(), after.splitlines()
    found: list[DiffLine] = []
    for line in list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]:
        if line.startswith("@@"):
            start = line.split("+")[1].split(" ")[0].split(",")[0]
            found.append(DiffLine(kind="gap", text=f"line {start}"))
        else:
            kind = {"+": "added", "-": "removed"}.get(line[:1], "same")
            found.append(DiffLine(kind=kind, text=line[1:]))  # type: ignore[arg-type]
    return found


def with_line_ends(text: str, before: str) -> str:
    """A text whose line ends a page has made alike, with those of the text before, and its byte order mark.

    Lines that are there in both keep their own; new ones get what most have.
    """
    if before.startswith(_BOM) and not text.startswith(_BOM):
        text = _BOM + text
    if "\r" not in before or "\r" in text:
        return text
    old, new = before.splitlines(keepends=True), text.splitlines(keepends=True)
    usual = "\r\n" if 2 * before.count("\r\n") >= before.count("\n") else "\n"
    made = [line.removesuffix("\n") + usual if line.endswith("\n") else line for line in new]
    plain = [line.replace("\r", "") for line in old]
    for first, at, length in difflib.SequenceMatcher(None, plain, new, autojunk=False).get_matching_blocks():
        made[at : at + length] = old[first : first + length]
    return "".join(made)


def _shown(data: Mapping[str, Any]) -> bool:
    """Whether the criteria and the questions are lists of blocks, where there are any."""
    lists = [data.get(block) for block in BLOCKS]
    return all(
        one is None or (isinstance(one, list) and all(isinstance(entry, dict) for entry in one))
        for one in lists
    )


def _begun(text: str, new: Mapping[str, Any]) -> str:
    """A file that held nothing but remarks, if anything."""
    lines: list[str] = []
    for key, content in ordered(new, _order).items():
        lines += [*([""] if lines else []), *pair(key, content, 0)]
    head = text if not text or text.endswith("\n") else f"{text}\n"
    made = head + "".join(f"{line}\n" for line in lines)
    if not same(parse_yaml(made, NAME).data, dict(new)):
        raise _refusal("this cannot be written into the file")
    return made


def _origins(
    form: Form, old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[KeyPath, Sequence[int | None]]:
    """The origins that can be meant: one for each entry, each index once and there."""
    found: dict[KeyPath, Sequence[int | None]] = {}
    for block in BLOCKS:
        given = form.origins.get(block)
        if given is None:
            continue
        known = [at for at in given if at is not None]
        there = len(old.get(block) or ())
        fits = len(given) == len(new.get(block) or ()) and len(set(known)) == len(known)
        if not fits or not all(0 <= at < there for at in known):
            raise _refusal("the form does not fit the file that it was made from")
        found[(block,)] = list(given)
    return found


def _intent(entry: Any) -> Any:
    return entry.get("intent", "change") if isinstance(entry, Mapping) else None


def _order(path: KeyPath) -> Sequence[str]:
    """The keys of the block at `path`, as the schema has them."""
    schema = load_schema("rules")
    at: Mapping[str, Any] = schema
    for part in path:
        at = at.get("items" if isinstance(part, int) else "properties", {})
        at = at if isinstance(part, int) else at.get(part, {})
        if "$ref" in at:
            at = schema["$defs"][at["$ref"].rpartition("/")[2]]
    keys = list(at.get("properties", {}))
    return _like_people(keys) if "measure" in keys else keys


def _like_people(keys: list[str]) -> list[str]:
    """A measure stands where a question would."""
    others = [key for key in keys if key != "measure"]
    at = others.index("question") + 1
    return [*others[:at], "measure", *others[at:]]


def _refuse_unwritable(new: Any) -> None:
    """A text with characters that no file holds is named as such."""
    problems = list(_unwritable(new, ()))
    if problems:
        raise ConfigError(problems, "Remove these characters.")


def _unwritable(content: Any, path: KeyPath) -> Iterator[Problem]:
    if isinstance(content, str):
        bad = [one for one in content if (one < " " and one not in "\n\r\t") or "\x7f" <= one <= "\x9f"]
        bad += [one for one in content if "\ud800" <= one <= "\udfff"]
        if bad:
            dotted = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
            message = f"the text holds the control character U+{ord(bad[0]):04X}: remove it"
            yield Problem(where=NAME, path=dotted, message=message)
    elif isinstance(content, Mapping):
        for key, part in content.items():
            yield from _unwritable(part, (*path, key))
    elif isinstance(content, list):
        for at, part in enumerate(content):
            yield from _unwritable(part, (*path, at))


def _refusal(message: str) -> ConfigError:
    return ConfigError([Problem(where=NAME, path="", message=message)], _BY_HAND)
