"""Variants: the same picture, prompts and seed through several workflows or settings, each once. Pure.

Nothing is learned on the way and nothing is tuned: only what is named differs from variant to variant.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from iterativectl.config.sidecar import Range, Sidecar
from iterativectl.config.types import Rules
from iterativectl.model import History, Iteration, Parameters, Plan, Settings, Stop, Variant
from iterativectl.policy import grid as grids
from iterativectl.policy import stages
from iterativectl.policy.classic import SEEDS
from iterativectl.policy.grid import Grid

DENOISE = (0.35, 0.5, 0.65)  # where nothing else is to be compared: little, medium, much made anew
CFG_AROUND = (-2.0, 0.0, 2.0)  # ... and denoise has no effect, because there is no picture to keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A workflow that may be compared. `own`: the project's, whose settings are taken as they stand.

    `workflow` and `ckpt_name` are as in AIGen.yaml, `sha256` is of the file, `told` its sidecar.
    """

    workflow: str
    sha256: str
    strategy: str
    ckpt_name: str
    own: bool = False
    told: Sidecar | None = None

    @property
    def title(self) -> str:
        """What it does, in a line; the file's name where nobody said it."""
        return self.told.title if self.told else self.stem

    @property
    def stem(self) -> str:
        """The file's name without folder and ending, as `workflow list` has it."""
        return self.workflow.rpartition("/")[2].removesuffix(".json") or "the project's own settings"


@dataclass(frozen=True, kw_only=True)
class Variants:
    """The policy of a run of variants. `start`: the project's settings; `run_seed`: the run's own."""

    rules: Rules
    variants: tuple[Variant, ...]
    start: Settings
    run_seed: int
    masks: tuple[str, ...] = ()

    def decide(self, history: History) -> Stop | Sequence[Plan]:
        """The plans of the variants that are not committed yet; the end when all of them are."""
        done = {iteration.number for iteration in history.iterations}
        return tuple(p for p in self.plans if p.iteration not in done) or self._stop(history.iterations)

    def direction(self, history: History) -> None:
        """None: no parameter is tuned."""

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """One plan a variant, numbered from 1."""
        return tuple(self._plan(number, variant) for number, variant in enumerate(self.variants, 1))

    @property
    def seed(self) -> int:
        """The seed of every variant: the one that the first picture of an ordinary run would have."""
        if self.start.seed is not None:
            return self.start.seed
        return random.Random(f"{self.run_seed}/1/0").randrange(SEEDS)

    def _plan(self, number: int, variant: Variant) -> Plan:
        return Plan(
            iteration=number,
            take=0,
            strategy=variant.strategy,
            parent=None,
            source="input",
            workflow=variant.workflow,
            ckpt_name=variant.ckpt_name,
            parameters=variant.parameters,
            prompts=self.start.prompts,
            seed=self.seed,
            mask=self.masks[0] if self.masks else None,
            reasons=(f"variant {number} of {len(self.variants)}: {variant.name}", *variant.reasons),
        )

    def _stop(self, iterations: Sequence[Iteration]) -> Stop:
        """`passed` when one passes every criterion; `failed` when there is no picture at all."""
        total = len(self.variants)
        failures = [i.failure for i in iterations if i.failure is not None]
        if len(failures) == len(iterations):
            why = f": {failures[0].message}" if failures else ""
            return Stop(status="failed", reason=f"none of the {total} variants could be made{why}")
        passed = [i.number for i in iterations if stages.accepted(i, self.rules, self.masks)]
        made = f"{total - len(failures)} of {total}" if failures else f"all {total}"
        if not passed:
            return Stop(status="stopped", reason=f"{made} variants were made; none passes every criterion")
        which = " and ".join(filter(None, (", ".join(map(str, passed[:-1])), str(passed[-1]))))
        verb = "passes" if len(passed) == 1 else "pass"
        return Stop(status="passed", reason=f"{made} variants were made; {which} {verb} every criterion")


def ranked(iterations: Sequence[Iteration], rules: Rules, masks: Sequence[str]) -> list[Iteration]:
    """Those that were judged, the best first, in the order in which a run chooses its best picture."""
    left, found = list(iterations), []
    while (best := stages.best(left, rules, masks)) is not None:
        found.append(best)
        left.remove(best)
    return found


def default_grid(own: Candidate, parameters: Parameters) -> Grid:
    """What is compared where there is only the project's own workflow: how much is made anew.

    Without a picture to start from (txt2img) that has no effect: then how firmly the prompt is followed.
    """
    if own.strategy == "txt2img":
        return {"cfg": _within((parameters.cfg + step for step in CFG_AROUND), _range(own, "cfg"), 1.0, 20.0)}
    return {"denoise": _within(DENOISE, _range(own, "denoise"), 0.0, 1.0)}


def spread(candidates: Sequence[Candidate], start: Settings, grid: Grid) -> tuple[Variant, ...]:
    """Every candidate with every combination of the grid; equal ones once. Raises UsageError for too many."""
    grids.require_size(len(candidates), grid)
    names = _titles(candidates)
    varying = [name for name, values in grid.items() if len(values) > 1]
    found: dict[tuple[Any, ...], Variant] = {}
    for candidate, title in zip(candidates, names, strict=True):
        base, reasons = _fitted(candidate, start.parameters, grid)
        own_grid = _effective(candidate, grid)
        for values in product(*own_grid.values()):
            chosen = dict(zip(own_grid, values, strict=True))
            differs = ", ".join(grids.said(name, chosen[name]) for name in varying if name in chosen)
            parameters = replace(base, **chosen)
            variant = Variant(
                name=", ".join(filter(None, (title, differs))) or candidate.title,
                workflow=candidate.workflow,
                sha256=candidate.sha256,
                ckpt_name=candidate.ckpt_name,
                strategy=candidate.strategy,
                parameters=parameters,
                reasons=(*reasons, *_unusual(candidate, chosen)),
            )
            found.setdefault((candidate.workflow, candidate.ckpt_name, parameters), variant)
    return tuple(found.values())


def _effective(candidate: Candidate, grid: Grid) -> Grid:
    """The grid without what changes nothing: what paints from words alone has no picture to keep any of."""
    return {n: values for n, values in grid.items() if n != "denoise" or candidate.strategy != "txt2img"}


def _titles(candidates: Sequence[Candidate]) -> list[str]:
    """What tells them apart; where two do the same, the family of their models or the file as well."""
    if len(candidates) == 1:
        return [""]
    titles = Counter(candidate.title for candidate in candidates)
    families = Counter(_with_family(candidate) for candidate in candidates)
    return [
        c.title
        if titles[c.title] == 1
        else _with_family(c)
        if families[_with_family(c)] == 1
        else f"{c.title} ({c.stem})"
        for c in candidates
    ]


def _with_family(candidate: Candidate) -> str:
    family = ", ".join(candidate.told.family) if candidate.told else candidate.stem
    return f"{candidate.title} ({family})"


def _fitted(candidate: Candidate, start: Parameters, grid: Grid) -> tuple[Parameters, tuple[str, ...]]:
    """The project's parameters, brought into what suits another workflow, and why.

    Those of the grid are left to it: a person named their values.
    """
    if candidate.own or candidate.told is None:
        return start, ()
    changes = dict(_changes(candidate.told, start))
    kept = {name: value for name, value in changes.items() if name not in grid}
    reasons = [
        f"{grids.said(name, value)} instead of {getattr(start, name)}: {why}"
        for name, (value, why) in kept.items()
    ]
    return replace(start, **{name: value for name, (value, _) in kept.items()}), tuple(reasons)


def _changes(told: Sidecar, start: Parameters) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Parameters that do not suit the workflow: name, then the value that does, and why."""
    for name in ("denoise", "cfg", "steps"):
        value, suits = getattr(start, name), told.ranges.get(name)
        if name == "cfg" and "guidance" in told.ranges:
            suits = told.ranges["guidance"]
            if not suits.min <= value <= suits.max:
                yield "cfg", (float(suits.start), "the workflow takes the model's own guidance, not CFG")
        elif suits and not suits.min <= value <= suits.max:
            bound = min(max(value, suits.min), suits.max)
            yield name, (type(value)(bound), f"{suits.min:g} to {suits.max:g} suits this workflow")
    for name, good in (("sampler_name", told.samplers), ("scheduler", told.schedulers)):
        if good and getattr(start, name) not in good:
            yield name, (good[0], "that suits this workflow")


def _unusual(candidate: Candidate, chosen: dict[str, Any]) -> Iterator[str]:
    """Values that a person named although they do not suit the workflow."""
    for name, value in chosen.items():
        suits = _range(candidate, name)
        if suits and not suits.min <= value <= suits.max:
            yield f"{grids.said(name, value)} as asked for, although {suits.min:g} to {suits.max:g} suits it"


def _range(candidate: Candidate, name: str) -> Range | None:
    ranges = candidate.told.ranges if candidate.told else {}
    return ranges.get("guidance", ranges.get("cfg")) if name == "cfg" else ranges.get(name)


def _within(
    values: Iterator[float] | Sequence[float], suits: Range | None, least: float, most: float
) -> tuple[float, ...]:
    low, high = (max(least, suits.min), min(most, suits.max)) if suits else (least, most)
    return tuple(dict.fromkeys(round(min(max(value, low), high), 3) for value in values))
