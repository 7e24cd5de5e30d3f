"""What changed between two texts, word by word. Pure.

The pieces that are not "added" join to exactly the old text, those that are not "removed" to exactly the new
one: every blank and comma stands in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

Kind = Literal["same", "added", "removed"]
Piece = dict[str, str]
MOST = 4_000  # words; comparing takes their product in the worst case
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def pieces(before: str, after: str) -> list[Piece]:
    """`{kind, text}` from `before` to `after`, in order; a removed piece stands before what replaces it."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MOST:
        return _merged([("same", before)] if before == after else [("removed", before), ("added", after)])
    found: list[tuple[Kind, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(old[i:j])))
        else:
            found += [("removed", "".join(old[i:j])), ("added", "".join(new[k:m]))]
    return _merged(_joined_blanks(found))


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{name, before, after}` for every name that both have and whose value differs."""
    pairs = ((name, old, after[name]) for name, old in before.items() if name in after)
    return [{"name": name, "before": old, "after": new} for name, old, new in pairs if old != new]


def _joined_blanks(found: Sequence[tuple[Kind, str]]) -> list[tuple[Kind, str]]:
    """A blank alone between two changes is part of them: a sentence turned about is no flicker."""
    told: list[tuple[Kind, str]] = []
    for place, (kind, text) in enumerate(found):
        between = kind == "same" and text.isspace() and 0 < place < len(found) - 1
        told += [("removed", text), ("added", text)] if between else [(kind, text)]
    return told


def _merged(found: Sequence[tuple[Kind, str]]) -> list[Piece]:
    """Runs of changes as one removal and one addition; nothing empty."""
    told: list[Piece] = []
    removed = added = ""
    for kind, text in [*found, ("same", "")]:
        if kind == "removed":
            removed += text
        elif kind == "added":
            added += text
        else:
            changes = (("removed", removed), ("added", added), ("same", text))
            told += [{"kind": name, "text": said} for name, said in changes if said]
            removed = added = ""
    return told
