"""Facts to JSON and back. What a file holds is checked while it is read: damage is noticed."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from iterativectl.errors import ProjectError

REPEATED = 120  # characters: who said it and the usual reasons come with every iteration, and are kept once

_VERSION = re.compile("[0-9]{1,9}")
_TOO_LARGE = 2**1023  # for a float

Fact = TypeVar("Fact")


def to_json(fact: Any) -> Any:
    """A frozen dataclass (and what it holds) as JSON values, fields in the order of the class."""
    if dataclasses.is_dataclass(fact) and not isinstance(fact, type):
        return {f.name: to_json(getattr(fact, f.name)) for f in dataclasses.fields(fact)}
    if isinstance(fact, Mapping):
        return {str(key): to_json(value) for key, value in fact.items()}
    if isinstance(fact, (list, tuple)):
        return [to_json(value) for value in fact]
    return fact


def from_json(cls: type[Fact], data: Any) -> Fact:
    """The dataclass `cls` from JSON values. Raises ValueError naming the field that does not fit."""
    return typing.cast(Fact, _convert(cls, data, cls.__name__))


def read(path: Path, expected_format: str) -> dict[str, Any]:
    """A JSON file of ours. Raises ProjectError when it is damaged or from a newer program."""
    data = _load(path)
    name, _, version = expected_format.partition("/")
    found_name, _, found_version = str(data.get("format", "")).partition("/")
    if found_name != name or not _VERSION.fullmatch(found_version):
        raise damaged(path, f"its format is {data.get('format')!r} instead of {expected_format!r}")
    if int(found_version) > int(version):
        raise ProjectError(
            f"{path} was written by a newer program ({data['format']}; this one reads {expected_format})",
            "Update the program; the file was not touched.",
        )
    return data


def read_fact(path: Path, expected_format: str, cls: type[Fact], key: str | None = None) -> Fact:
    """A fact from a file of ours, or from one key of it. Raises ProjectError when damaged."""
    data = read(path, expected_format)
    try:
        body = data[key] if key else {name: value for name, value in data.items() if name != "format"}
        return from_json(cls, body)
    except (KeyError, ValueError) as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> ProjectError:
    """The error for a file of ours that cannot be what we wrote."""
    return ProjectError(
        f"{path} is damaged: {why}",
        "Nothing was changed. Put the file back from a backup, or redo from there with --resume-from N, "
        "or start a new run with --reset (both keep every file).",
    )


class _Twice(ValueError):
    """A key that stands twice in an object: nobody knows which of the two is meant."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Twice(f"{next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_object)
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except _Twice as error:
        raise damaged(path, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"it is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise damaged(path, "it is not a JSON object")
    return data


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _convert(kind: Any, data: Any, where: str) -> Any:
    if kind is Any:
        return data
    if dataclasses.is_dataclass(kind):
        return _convert_dataclass(kind, data, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(get_args(kind), data, where)
    if origin is Literal:
        if data not in get_args(kind):
            raise ValueError(f"{where}: {data!r} is not one of {', '.join(map(str, get_args(kind)))}")
        return data
    if origin is tuple or kind is tuple:
        return _convert_tuple(kind, data, where)
    if origin is not None and issubclass(origin, Mapping):
        return _convert_mapping(kind, data, where)
    if origin is not None and issubclass(origin, Sequence):
        return data if isinstance(data, list) else _refuse(kind, data, where)
    return _convert_plain(kind, data, where)


def _convert_dataclass(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        _refuse(kind, data, where)
    hints = _hints(kind)
    values = {
        f.name: _convert(hints[f.name], data[f.name], f"{where}.{f.name}")
        for f in dataclasses.fields(kind)
        if f.name in data
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def _convert_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    for kind in kinds:
        try:
            return _convert(kind, data, where)
        except ValueError:
            continue
    raise ValueError(f"{where}: {data!r} does not fit")


def _convert_tuple(kind: Any, data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        _refuse(kind, data, where)
    element = get_args(kind)[0] if get_args(kind) else Any
    return tuple(_convert(element, value, f"{where}[{index}]") for index, value in enumerate(data))


def _convert_mapping(kind: Any, data: Any, where: str) -> dict[Any, Any]:
    if not isinstance(data, dict):
        _refuse(kind, data, where)
    key_kind, value_kind = get_args(kind)
    return {
        (int(key) if key_kind is int else key): _convert(value_kind, value, f"{where}.{key}")
        for key, value in data.items()
    }


def _convert_plain(kind: Any, data: Any, where: str) -> Any:
    if kind is type(None):
        return None if data is None else _refuse(kind, data, where)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data) if abs(data) < _TOO_LARGE else _refuse(kind, data, where)
    if isinstance(data, bool) and kind is not bool:
        _refuse(kind, data, where)
    if not isinstance(data, kind):
        _refuse(kind, data, where)
    return sys.intern(data) if type(data) is str and len(data) <= REPEATED else data


def _refuse(kind: Any, data: Any, where: str) -> typing.NoReturn:
    raise ValueError(f"{where}: {data!r} is not a {getattr(kind, '__name__', kind)}")
