"""HTML in which every text stands as it is: nothing of it is ever taken for markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

EMPTY = frozenset({"img", "meta", "br"})  # elements without an end
# Characters that HTML does not allow, halves of characters, and marks that turn the writing direction around.
_STRANGE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Markup(str):
    """A text that is HTML already: made here, and nowhere else."""

    __slots__ = ()


Child = str | Iterable["Child"] | None


def tag(name: str, /, *children: Child, **attributes: str | int | None) -> Markup:
    """An element. Texts among its children are escaped; None is nothing. `class_` is class, `a_b` is a-b."""
    if not _NAME.fullmatch(name.lower()):
        raise ValueError(f"{name!r} is no element")
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Children one after the other."""
    return Markup("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return _escaped(child) if isinstance(child, str) else joined(child)


def _escaped(text: str) -> str:
    return escape(_STRANGE.sub("\ufffd", text), quote=True)
