"""From what a person ranked to the settings that the next run starts from. Pure.

The rule is the specification's (docs/formats.md, "The classic policy"): prompts of the first; numbers
averaged over the first K, the most common sampler and scheduler of those; a seed only where it is locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal, get_args

from iterativectl.model import History, Parameters, Prompts, Settings

Mode = Literal["rank1", "top3", "top5"]
MODES: tuple[Mode, ...] = get_args(Mode)
FIRST: Mapping[Mode, int] = {"rank1": 1, "top3": 3, "top5": 5}  # how many of the ranked count
DIGITS = 4  # of averaged numbers: finer than any sampler can tell, and 0.5 stays 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An iteration that a person ranked: how it was made, and what the person noted on it."""

    iteration: int
    parameters: Parameters
    prompts: Prompts
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What the next run starts from. `iterations` are those that count, best first.

    `notes` are for the next prompt improvement, `remarks` sentences for the person.
    """

    settings: Settings
    iterations: tuple[int, ...]
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def seeded(ranked: Sequence[Ranked], mode: Mode, start: Settings, *, lock_seed: bool) -> Seeded:
    """`start` with prompts and parameters of the ranked, best first. Raises ValueError for none."""
    if not ranked:
        raise ValueError("nothing is ranked")
    wanted = FIRST[mode]
    counted = tuple(ranked[:wanted])
    best = counted[0]
    settings = replace(start, prompts=best.prompts, parameters=_parameters(counted))
    if lock_seed:
        settings = replace(settings, seed=best.seed)
    return Seeded(
        settings=settings,
        iterations=tuple(one.iteration for one in counted),
        notes=tuple(_notes(counted)),
        remarks=_fewer(mode, wanted, len(counted)),
    )


def notes_due(history: History) -> tuple[str, ...]:
    """The notes that the next prompt improvement is given: none once an improvement has had them.

    Said a second time, "too dark" would be answered a second time.
    """
    improved = any(one.advice and one.advice.prompts for one in history.iterations)
    return () if improved else history.notes


def _parameters(counted: Sequence[Ranked]) -> Parameters:
    if len(counted) == 1:
        return counted[0].parameters  # as they are: nothing is rounded
    return Parameters(
        denoise=_mean([one.parameters.denoise for one in counted]),
        cfg=_mean([one.parameters.cfg for one in counted]),
        steps=int(fmean(one.parameters.steps for one in counted) + 0.5),  # halves go up
        sampler_name=_most_common([one.parameters.sampler_name for one in counted]),
        scheduler=_most_common([one.parameters.scheduler for one in counted]),
    )


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), DIGITS)


def _most_common(names: Sequence[str]) -> str:
    """The name that is there most often; of several the one that is ranked best."""
    return max(names, key=names.count)  # max takes the first of equals


def _notes(counted: Sequence[Ranked]) -> list[str]:
    """The notes in one line each, with the place of what they are about."""
    said = [(place, " ".join(one.note.split())) for place, one in enumerate(counted, 1)]
    return [f"on the picture ranked {place}: {note}" for place, note in said if note]


def _fewer(mode: Mode, wanted: int, there: int) -> tuple[str, ...]:
    if there == wanted:
        return ()
    what = "only one can be used: it counts alone" if there == 1 else f"only {there} can be used: they count"
    return (f"{mode} is for {wanted} ranked iterations, and {what}",)
