"""Reading what may be damaged: what cannot be read becomes a sentence, and the rest is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from iterativectl.errors import IterativeError, ProjectError
from iterativectl.project import records

Fact = TypeVar("Fact")
# What reading raises where a file holds other kinds of values than it should.
UNFIT = (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)
MAX_BYTES = 30_000_000  # of one file of a step; the raw replies of a picture have 50 kB


def tried(problems: list[str], read: Callable[[], Fact]) -> Fact | None:
    """What `read` gives; None where it cannot, and why among the problems."""
    try:
        return read()
    except IterativeError as error:
        problems.append(error.message)
    except UNFIT as error:
        problems.append(f"a file of the run cannot be read: {type(error).__name__}: {error}"[:500])
    return None


def record(path: Path, kind: str) -> dict[str, Any]:
    """A JSON file of ours, `kind` as "metadata/1". Raises ProjectError for a damaged one."""
    return records.read(_bounded(path), kind)


def json_bytes(path: Path) -> bytes:
    """A JSON file without a format of ours, such as a workflow, as it is. Raises ProjectError for no JSON."""
    try:
        content = _bounded(path).read_bytes()
        json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise records.damaged(path, f"it is not JSON ({str(error):.200})") from error
    return content


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _bounded(path: Path) -> Path:
    size = path.stat().st_size if path.is_file() else 0
    if size > MAX_BYTES:
        raise ProjectError(f"{path} is too large to be shown: {size} bytes", "Look at it with an editor.")
    return path


def named(problems: list[str], root: Path) -> list[str]:
    """The problems, each once, with paths as they stand below the project's folder."""
    return list(dict.fromkeys(problem.replace(f"{root}/", "") for problem in problems))
