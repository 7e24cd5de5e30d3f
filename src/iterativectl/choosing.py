"""Which ways of making the picture are compared: workflows that suit and can be run, or settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iterativectl.config.sidecar import Sidecar, load_sidecar, sidecar_of
from iterativectl.errors import (
    ConfigError,
    GenerationError,
    Problem,
    ServerUnavailable,
    UsageError,
)
from iterativectl.loading import EMBEDDED
from iterativectl.model import Finding, Settings, Variant
from iterativectl.policy import grid as grids
from iterativectl.policy.grid import Grid
from iterativectl.policy.variants import Candidate, default_grid, spread
from iterativectl.ports import Generator
from iterativectl.project.runs import RunRecord

Find = Callable[[str], Path]  # a workflow's name in AIGen.yaml -> its file; raises ConfigError

_CHECKS = "`iterativectl workflow check NAME --server URL` says what each of them lacks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The run that is wanted. `notes` are sentences about what is compared and what is not."""

    run: RunRecord
    notes: tuple[str, ...]


def of_variants(now: RunRecord, variants: tuple[Variant, ...], left_out: dict[str, str]) -> RunRecord:
    """A run that makes each variant once, and does not pause because several of them cannot be made."""
    number = len(variants)
    rules = replace(now.rules, max_iterations=number, max_failures=number + 1, patience=None)
    return replace(now, variants=variants, left_out=left_out, rules=rules)


class Choice:
    """Choosing among workflows: whether they suit what is in play, and whether the servers can run them."""

    def __init__(self, now: RunRecord, generator: Generator, find: Find) -> None:
        self._now = now
        self._settings = now.aigen.settings
        self._generator = generator
        self._find = find
        self._own_told = self._sidecar(self._settings.workflow)

    def of_named(self, names: Sequence[str], grid: Grid) -> Chosen:
        """These workflows, whatever they are for. Raises UsageError for one that cannot be run."""
        if self._now.aigen.backend == EMBEDDED:
            cure = "Compare settings instead: --set denoise=0.35,0.5,0.65."
            raise UsageError("the embedded engine runs no workflows: there is nothing to compare", cure)
        grids.require_size(len(names), grid)
        candidates = []
        for name in dict.fromkeys(names):
            try:
                candidates.append(self._candidate(name))
            except (ConfigError, GenerationError) as error:
                raise UsageError(f"--workflow {name}: {error.message}", error.hint) from error
            self._require(candidates[-1], grid, f"--workflow {name}")
        return self._chosen(candidates, grid, {}, [])

    def of_own(self, grid: Grid) -> Chosen:
        """The project's own workflow with several settings. Raises ConfigError when it cannot be run."""
        own = self._candidate(self._settings.workflow)
        if grid:
            grids.require_size(1, grid)
            self._require(own, grid, "the project's own workflow")
            return self._chosen([own], grid, {}, [])
        return self._chosen([own], *self._by_default(own, {}))

    def of_all(self, shelf: Sequence[str]) -> Chosen:
        """The project's own workflow, and all others that suit and that the servers can run."""
        left_out: dict[str, str] = {}
        candidates: list[Candidate] = []
        seen: set[Path] = set()
        for name in dict.fromkeys((self._settings.workflow, *shelf)):
            try:
                path = self._find(name).resolve()
                if path in seen:
                    continue
                seen.add(path)
                candidate = self._candidate(name)
            except (ConfigError, GenerationError) as error:
                left_out[name] = error.message
                continue
            why = self._unsuited(candidate) or self._fault(spread([candidate], self._settings, {}))
            if why:
                left_out[name] = why
            elif len(candidates) < grids.LARGEST:
                candidates.append(candidate)
            else:
                left_out[name] = f"there are {grids.LARGEST} others already"
        if not candidates:
            problems = [Problem(where=name, path="", message=why) for name, why in left_out.items()]
            raise ConfigError(problems, _CHECKS)
        if candidates[0].own and len(candidates) == 1:
            return self._chosen(candidates, *self._by_default(candidates[0], left_out))
        return self._chosen(candidates, {}, left_out, [])

    def _by_default(self, own: Candidate, left_out: dict[str, str]) -> tuple[Grid, dict[str, str], list[str]]:
        grid = default_grid(own, self._settings.parameters)
        (name, values), *_ = grid.items()
        words = ", ".join(f"{value:g}" for value in values)
        engine = "embedded engine" if self._now.aigen.backend == EMBEDDED else "project's own workflow"
        return grid, left_out, [f"there is only the {engine} to compare: {name} {words}"]

    def _chosen(
        self, candidates: Sequence[Candidate], grid: Grid, left_out: dict[str, str], notes: Sequence[str]
    ) -> Chosen:
        run = of_variants(self._now, spread(candidates, self._settings, grid), left_out)
        told = [f"left out: {name}: {why}" for name, why in left_out.items()]
        return Chosen(run=run, notes=(*notes, *told))

    def _candidate(self, name: str) -> Candidate:
        own = name == self._settings.workflow
        strategy = self._generator.strategy(name, mask=bool(self._now.masks))
        told = self._own_told if own else self._sidecar(name)
        return Candidate(
            workflow=name,
            sha256=sha256_of(self._find, self._now, name),
            strategy=strategy,
            ckpt_name=self._own_checkpoint(strategy) if own else self._checkpoint(told),
            own=own,
            told=told,
        )

    def _sidecar(self, name: str) -> Sidecar | None:
        """What is told of a workflow; one that cannot be read counts as none: `workflow check` says so."""
        if self._now.aigen.backend == EMBEDDED:
            return None
        try:
            path = sidecar_of(self._find(name))
            return load_sidecar(path)[0] if path.is_file() else None
        except ConfigError:
            return None

    def _own_checkpoint(self, strategy: str) -> str:
        inpaint = self._settings.ckpt_name_inpaint if strategy == "inpaint" and self._now.masks else None
        return inpaint or self._settings.ckpt_name

    def _checkpoint(self, told: Sidecar | None) -> str:
        """The project's own where the workflow takes one of the same kind, else "": the workflow's."""
        chosen = _chosen_model(told)
        if chosen is None:
            return ""
        if chosen[0] == "ckpt_name_inpaint":
            return self._settings.ckpt_name_inpaint or ""
        return self._settings.ckpt_name if chosen == _chosen_model(self._own_told) else ""

    def _unsuited(self, candidate: Candidate) -> str:
        """Why a workflow does not suit what is in play; "" when it does. The project's own always does."""
        if candidate.own:
            return ""
        if candidate.strategy == "txt2img":
            return "it paints from the prompt alone (name it with --workflow to have it compared)"
        if candidate.strategy == "inpaint" and not self._now.masks:
            return "it edits inside a mask, and no mask is in play"
        return ""

    def _require(self, candidate: Candidate, grid: Grid, what: str) -> None:
        why = self._fault(spread([candidate], self._settings, grid))
        if why:
            raise UsageError(f"{what} cannot be run as asked: {why}", _CHECKS)

    def _fault(self, variants: Sequence[Variant]) -> str:
        """What keeps the servers from running these, by the names in them; "" for nothing."""
        distinct = {(v.parameters.sampler_name, v.parameters.scheduler): v for v in variants}
        for variant in distinct.values():
            settings = replace(
                self._settings,
                workflow=variant.workflow,
                ckpt_name=variant.ckpt_name,
                parameters=variant.parameters,
            )
            faults = [finding for finding in self._generator.check(settings) if finding.status == "error"]
            if faults and not self._generator.reachable():
                raise ServerUnavailable(said(faults[0]), faults[0].todo)
            if faults:
                more = f" (and {len(faults) - 2} more)" if len(faults) > 2 else ""
                return "; ".join(map(said, faults[:2])) + more
        return ""


def _chosen_model(told: Sidecar | None) -> tuple[str, str, str] | None:
    """The file that AIGen.yaml's model block names instead: by which setting, its folder, and what it is."""
    models = told.models if told else ()
    return next(((m.chosen_by, m.folder, m.file) for m in models if m.chosen_by), None)


def sha256_of(find: Find, now: RunRecord, name: str) -> str:
    return "" if now.aigen.backend == EMBEDDED else hashlib.sha256(find(name).read_bytes()).hexdigest()


def unreachable(generator: Generator, settings: Settings) -> ServerUnavailable:
    fault = next((f for f in generator.check(settings) if f.status == "error"), None)
    message = said(fault) if fault else "the generating server does not answer"
    return ServerUnavailable(message, fault.todo if fault else "Start it and run the same command again.")


def said(finding: Finding) -> str:
    """A finding in one line."""
    return ": ".join(filter(None, (finding.what, finding.why)))
