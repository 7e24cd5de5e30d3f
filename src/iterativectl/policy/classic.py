"""The classic policy: fixed steps of denoise and cfg, prompts from what failed, until all criteria pass.

A policy is a pure function: history in, next plan or stop out. The rng of a plan is made from the run's seed,
the iteration and the take, so that a run can be replayed and a repeated number makes a new picture.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from iterativectl.config.types import Criterion, Rules
from iterativectl.model import History, Iteration, Plan, Prompts, Settings, Stop
from iterativectl.policy import stopping, terms, tuning

SEEDS = 2**32  # ComfyUI takes 0..2^64-1; 32 bits stay exact in every JSON reader and spreadsheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Classic:
    """`start`: the project's settings; `run_seed`: the run's own; `strategy`: what the workflow does."""

    rules: Rules
    start: Settings
    run_seed: int
    strategy: str = "img2img"

    def decide(self, history: History) -> Stop | Sequence[Plan]:
        """The next plan (one), or why the run ends."""
        ended = stopping.stop(history, self.rules, self.start.mask)
        return ended or self._plan(history)

    def direction(self, history: History) -> tuning.Direction | None:
        """Which way parameters go next; None inside the similarity band: then no model is asked for any."""
        last = history.iterations[-1] if history.iterations else None
        if last is None or last.assessment is None:
            return None
        return tuning.band_step(last.assessment, self._criteria())

    def _plan(self, history: History) -> Stop | Sequence[Plan]:
        last = history.iterations[-1] if history.iterations else None
        number = last.number + 1 if last else 1
        take = history.takes.get(number, 0)
        settings, reasons = self._settings(history, last)
        plan = Plan(
            iteration=number,
            take=take,
            strategy=self.strategy,
            parent=last.number if last else None,
            source="input",
            workflow=settings.workflow,
            ckpt_name=settings.ckpt_name,
            parameters=settings.parameters,
            prompts=settings.prompts,
            seed=self._seed(settings, number, take, history),
            mask=settings.mask,
            reasons=reasons,
        )
        return self._unlike_earlier(plan, settings, history)

    def _settings(self, history: History, last: Iteration | None) -> tuple[Settings, tuple[str, ...]]:
        edited = last.edited if last else history.edited_start
        if edited is not None:
            return edited, ("working/AIGen.yaml was edited by hand: used as it stands",)
        if last is None:
            return self.start, ("first try: the settings this run started with",)
        base = settings_of(last.plan, self.start)
        if last.assessment is None:
            return base, (f"iteration {last.number} failed: the same settings again",)
        recent = [i.assessment for i in history.iterations if i.assessment is not None][-2:]
        suggestion = last.advice.parameters if last.advice else None
        tuned = tuning.tune(base.parameters, recent, self._criteria(), suggestion)
        prompts, why = self._prompts(last, base.prompts)
        reasons = (*tuned.reasons, *why) or ("nothing to change: another seed",)
        return replace(base, parameters=tuned.parameters, prompts=prompts), reasons

    def _prompts(self, last: Iteration, before: Prompts) -> tuple[Prompts, tuple[str, ...]]:
        assert last.assessment is not None
        failed = tuning.failed_criteria(last.assessment, self._criteria())
        if not failed:
            return before, ()
        names = {criterion.field for criterion in failed}
        passed = tuple(c for c in self._criteria() if c.field not in names)
        advised = last.advice.prompts if last.advice else None
        after = terms.shape(advised or before, before, failed, passed)
        if after == before:
            return before, ()
        source = "improved prompts" if advised else "prompts shaped by the rules"
        return after, (f"{source} for {', '.join(criterion.field for criterion in failed)}",)

    def _seed(self, settings: Settings, number: int, take: int, history: History) -> int:
        if settings.seed is not None:
            return settings.seed
        if self.rules.lock_seed and history.iterations:
            return history.iterations[0].plan.seed
        return self._rng(number, take).randrange(SEEDS)

    def _unlike_earlier(self, plan: Plan, settings: Settings, history: History) -> Stop | Sequence[Plan]:
        """A plan equal to an earlier one gets a new seed, or the run stops."""
        tried = {_content(iteration.plan) for iteration in history.iterations if iteration.status == "ok"}
        rng = self._rng(plan.iteration, plan.take)
        while _content(plan) in tried:
            if settings.seed is not None or self.rules.lock_seed:
                return Stop(
                    status="no_progress", reason="nothing left to try: the next plan equals an earlier one"
                )
            plan = replace(plan, seed=rng.randrange(SEEDS))
        return (plan,)

    def _criteria(self) -> tuple[Criterion, ...]:
        return self.rules.in_force(self.start.mask)

    def _rng(self, number: int, take: int) -> random.Random:
        return random.Random(f"{self.run_seed}/{number}/{take}")


def settings_of(plan: Plan, start: Settings) -> Settings:
    """The settings a plan stands for; what a plan does not carry comes from the start settings."""
    return replace(
        start,
        workflow=plan.workflow,
        ckpt_name=plan.ckpt_name,
        parameters=plan.parameters,
        prompts=plan.prompts,
        mask=plan.mask,
    )


def _content(plan: Plan) -> tuple[object, ...]:
    """What makes the picture: two plans with equal content make the same one."""
    return (plan.workflow, plan.ckpt_name, plan.parameters, plan.prompts, plan.seed, plan.mask, plan.source)
