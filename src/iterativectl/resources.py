"""The one finder of what ships with the program: defaults/, workflow/, schemas/, rules/, ..."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parent / "_data"  # the wheel carries the data folders here


@cache
def root() -> Path:
    """The folder that holds the data folders: the checkout, or the installed package's own copy."""
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "defaults").is_dir():
        return _CHECKOUT
    return _INSTALLED


def path(*parts: str) -> Path:
    """A shipped file or folder, e.g. path("defaults", "config", "rules.yaml")."""
    return root().joinpath(*parts)
