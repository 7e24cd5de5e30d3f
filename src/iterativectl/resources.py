"""The one finder of what ships beside the code: defaults, workflows, schemas, prompts, rules, models."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_INSTALLED = Path(__file__).resolve().parent / "_data"  # the wheel carries the data folders here
_CHECKOUT = Path(__file__).resolve().parents[2]


@cache
def root() -> Path:
    """The folder that holds the data folders: the installed package's own copy, or the checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def checkout() -> Path | None:
    """The checkout that this program runs from, which is a workspace too; None when it was installed."""
    return None if _INSTALLED.is_dir() else _CHECKOUT


def path(*parts: str) -> Path:
    """A shipped file or folder, e.g. path("defaults", "config", "rules.yaml")."""
    return root().joinpath(*parts)
