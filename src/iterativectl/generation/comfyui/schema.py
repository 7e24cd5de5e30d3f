"""What /object_info says of a node class: which inputs it needs and which values they take. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 12  # choices named in a message; lists of models run to hundreds


def inputs(description: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The `required` or `optional` inputs: name -> specification."""
    section = description.get("input")
    found = section.get(kind) if isinstance(section, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def choices(specification: object) -> list[Any] | None:
    """The values an input may take; None when it is not a choice.

    Two spellings are in use, side by side: [[values], {...}] and ["COMBO", {"options": [values]}].
    """
    if not isinstance(specification, Sequence) or isinstance(specification, str) or not specification:
        return None
    if isinstance(specification[0], list):
        return specification[0]
    if specification[0] == "COMBO" and len(specification) > 1 and isinstance(specification[1], Mapping):
        options = specification[1].get("options")
        return options if isinstance(options, list) else None
    return None


def is_upload(specification: object) -> bool:
    """A choice of uploaded files: its list shows only the top folder, files below it are accepted too."""
    if not isinstance(specification, Sequence) or len(specification) < 2:
        return False
    options = specification[1]
    return isinstance(options, Mapping) and any(key.endswith("_upload") and options[key] for key in options)


def expected(value: object, allowed: Sequence[Any]) -> str:
    """`'eulr' is not one of euler, heun, ... (42). Did you mean 'euler'?`"""
    names = [str(choice) for choice in allowed]
    shown = ", ".join(names[:SHOWN]) + (f", ... ({len(names)} in all)" if len(names) > SHOWN else "")
    return f"{value!r} is not one of {shown or 'none: the server has no such file'}{meant(str(value), names)}"


def meant(value: str, names: Sequence[str]) -> str:
    """` Did you mean 'x'?`, or nothing where no name is close."""
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(value.lower(), lowered, n=1, cutoff=0.6)
    return f". Did you mean {lowered[close[0]]!r}?" if close else ""
