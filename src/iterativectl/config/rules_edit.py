"""Change a person's rules.yaml: comments, order and every byte outside of the change stay.

New lines are put between the old ones (config.yaml_insert). Where the file is built so that this cannot be
done, ruamel.yaml writes it anew, which keeps comments and order but may lay lines out differently. Whatever
was done, the new text is read again and must hold exactly what the old one held, and the change: else nothing
comes of it. Pure.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from iterativectl.config import yaml_insert, yaml_words
from iterativectl.config.yaml_insert import NoPlace
from iterativectl.config.yaml_source import parse_yaml, require_mapping
from iterativectl.errors import ConfigError, Problem
from iterativectl.model import Prompts

NAME = "rules.yaml"
CRITERIA, QUESTIONS = "acceptance_criteria", "questions"
_BOM = "\ufeff"
Made = Callable[[Any], Any]  # a value of ours -> the object that stands for it where it is put
Change = Callable[[Any, Made], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A new entry of rules.yaml, its keys in the order in which they are written. `why` stands above it."""

    block: Literal["acceptance_criteria", "questions"]
    entry: Mapping[str, Any]
    why: str = ""


def with_additions(text: str, additions: Sequence[Addition]) -> str:
    """The text with more criteria and questions.

    A criterion goes after the last one of its intent where the file keeps the intents apart, else last.
    Raises ConfigError for a text that cannot be extended.
    """
    for addition in additions:
        text = _with_addition(text, addition)
    return text


def with_prompts(text: str, prompts: Prompts, masks: Mapping[str, Prompts]) -> str:
    """The text with these base prompts, for the whole picture and for masks by name. Raises ConfigError."""
    for path, content in _prompt_values(prompts, masks):
        text = _with_value(text, path, content)
    return text


def _prompt_values(prompts: Prompts, masks: Mapping[str, Prompts]) -> Iterable[tuple[tuple[str, ...], str]]:
    for place, given in [(("global",), prompts), *((("masks", name), masks[name]) for name in masks)]:
        yield ("prompts", *place, "positive"), given.positive
        yield ("prompts", *place, "negative"), given.negative


def _with_addition(text: str, addition: Addition) -> str:
    data = _data(text)
    there = data.get(addition.block) or []
    at = _index(there, addition)
    new = yaml_insert.Entry(content=addition.entry, remark=addition.why, after=at - 1 if there else None)

    def change(loaded: Any, made: Made) -> None:
        if not loaded.get(addition.block):
            loaded[addition.block] = []
        loaded[addition.block].insert(at, made(addition.entry))

    shown = "\n".join(yaml_words.entry(addition.entry, 2))
    return _changed(
        text,
        change,
        lambda old: yaml_insert.with_entry(old, addition.block, new, CRITERIA),
        f"Add it by hand, under {addition.block}:\n{shown}",
    )


def _index(there: Sequence[Mapping[str, Any]], addition: Addition) -> int:
    """Where a new entry goes."""
    if addition.block == CRITERIA and there:
        intents = [entry.get("intent", "change") for entry in there]
        wanted = addition.entry.get("intent", "change")
        changes = sum(1 for i, a in enumerate(intents[1:]) if a != intents[i])
        if changes == 1 and wanted in intents:
            return len(intents) - intents[::-1].index(wanted)
    return len(there)


def _with_value(text: str, path: tuple[str, ...], content: str) -> str:
    def change(loaded: Any, made: Made) -> None:
        block = loaded
        for key in path[:-1]:
            if not block.get(key):
                block[key] = {}
            block = block[key]
        block[path[-1]] = made(content)

    if _at(_data(text), path) == content:
        return text
    return _changed(
        text,
        change,
        lambda old: yaml_insert.with_value(old, path, content),
        f"Write it by hand: {'.'.join(path)}: {yaml_words.value(content)}",
    )


def _at(data: Any, path: Sequence[str]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _changed(text: str, change: Change, insert: Callable[[str], str], by_hand: str) -> str:
    """The text after a change, by insertion or else by ruamel.yaml; only what holds exactly the change."""
    bom = _BOM if text.startswith(_BOM) else ""
    old = text.removeprefix(_BOM)
    wanted = _data(old)
    change(wanted, copy.deepcopy)
    for way in (insert, lambda given: _dumped(given, change)):
        try:
            new = way(old)
            if _data(new) == wanted:
                return bom + new
        except (NoPlace, ConfigError):
            continue
    message = "the file is built so that it cannot be extended without changing other parts of it (anchors?)"
    raise ConfigError([Problem(where=NAME, path="", message=message)], by_hand)


def _data(text: str) -> dict[str, Any]:
    """What the text holds, in objects of its own: an anchor's as often as it is used. Raises ConfigError."""
    return copy.deepcopy(_parsed(text.removeprefix(_BOM)))


@lru_cache(maxsize=2)
def _parsed(text: str) -> dict[str, Any]:
    """Each text is the new one of a change and the old one of the next."""
    return require_mapping(parse_yaml(text, NAME))


def _for_ruamel(content: Any) -> Any:
    """A value as `yaml_words` would write it: lists between brackets, quotes where they are needed."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(content, str):
        return content if yaml_words.value(content)[0] != '"' else DoubleQuotedScalarString(content)
    if isinstance(content, Mapping):
        return CommentedMap({key: _for_ruamel(part) for key, part in content.items()})
    if isinstance(content, (list, tuple)):
        made = CommentedSeq(map(_for_ruamel, content))
        made.fa.set_flow_style()
        return made
    return content


def _dumped(text: str, change: Change) -> str:
    """ruamel.yaml's round trip, in the file's own indentation. Raises NoPlace for what it cannot read."""
    from ruamel.yaml import YAML  # slow, and seldom needed
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.util import load_yaml_guess_indent

    try:
        _, indent, offset = load_yaml_guess_indent(text)
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 4096
        yaml.indent(mapping=2, sequence=indent or 4, offset=offset if offset is not None else 2)
        loaded = yaml.load(text)
        change(loaded, _for_ruamel)
        buffer = io.StringIO()
        yaml.dump(loaded, buffer)
    except (YAMLError, AttributeError, TypeError, ValueError) as error:
        raise NoPlace("ruamel.yaml cannot write it anew") from error
    written = buffer.getvalue()
    return written.replace("\n", "\r\n") if "\r\n" in text else written
