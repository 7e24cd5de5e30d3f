"""comparison/N_vs_M.json: two pictures of equal rank beside each other."""

from __future__ import annotations

from pathlib import Path

from iterativectl.model import Preference
from iterativectl.project import records
from iterativectl.project.layout import RunPaths

FORMAT = "preference/1"


def of(paths: RunPaths, number: int) -> tuple[Preference, ...]:
    """What came of showing an iteration's picture beside the best one before it. Raises ProjectError."""
    return tuple(
        records.read_fact(path, FORMAT, Preference, key="preference") for path in files_of(paths, number)
    )


def files_of(paths: RunPaths, number: int) -> list[Path]:
    """Its files; there is one at most, unless an older program wrote more."""
    return sorted(paths.preference(number, 0).parent.glob(f"{number}_vs_*.json"))
