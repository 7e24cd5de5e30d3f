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
from iterativectl.policy import stages, stopping, terms, tuning
from iterativectl.policy.stages import Stage

SEEDS = 2**32  # ComfyUI takes 0..2^64-1; 32 bits stay exact in every JSON reader and spreadsheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Classic:
    """`start`: the project's settings; `run_seed`: the run's own; `strategy`: what the workflow does.

    `masks` are worked through in this order, each until its criteria pass; none: the whole picture.
    """

    rules: Rules
    start: Settings
    run_seed: int
    strategy: str = "img2img"
    masks: tuple[str, ...] = ()

    def decide(self, history: History) -> Stop | Sequence[Plan]:
        """The next plan (one), or why the run ends."""
        ended = stopping.stop(history, self.rules, self.masks)
        return ended or self._plan(history, stages.stage(history.iterations, self.rules, self.masks))

    def direction(self, history: History) -> tuning.Direction | None:
        """Which way parameters go next; None inside the similarity band: then no model is asked for any."""
        last = history.iterations[-1] if history.iterations else None
        if last is None or last.assessment is None:
            return None
        return tuning.band_step(last.assessment, stages.in_force(self.rules, self.masks, last.plan.mask))

    def _plan(self, history: History, stage: Stage) -> Stop | Sequence[Plan]:
        last = history.iterations[-1] if history.iterations else None
        number = last.number + 1 if last else 1
        take = history.takes.get(number, 0)
        settings, reasons = self._settings(history, stage)
        own = stage.iterations[-1] if stage.iterations else None
        plan = Plan(
            iteration=number,
            take=take,
            strategy=self.strategy,
            parent=own.number if own else None,
            source=stage.source,
            workflow=settings.workflow,
            ckpt_name=self._ckpt_name(settings),
            parameters=settings.parameters,
            prompts=settings.prompts,
            seed=self._seed(settings, number, take, history),
            mask=stage.mask,
            reasons=reasons,
        )
        return self._unlike_earlier(plan, settings, history)

    def _ckpt_name(self, settings: Settings) -> str:
        inpaint = settings.ckpt_name_inpaint if self.strategy == "inpaint" and self.masks else None
        return inpaint or settings.ckpt_name

    def _settings(self, history: History, stage: Stage) -> tuple[Settings, tuple[str, ...]]:
        newest = history.iterations[-1] if history.iterations else None
        edited = newest.edited if newest else history.edited_start
        if edited is not None:
            return edited, ("working/AIGen.yaml was edited by hand: used as it stands",)
        if not stage.iterations:
            return self._stage_start(stage), (_first_reason(stage),)
        last = stage.iterations[-1]
        base = settings_of(last.plan, self.start)
        if last.assessment is None:
            return base, (f"iteration {last.number} failed: the same settings again",)
        recent = [i.assessment for i in stage.iterations if i.assessment is not None][-2:]
        suggestion = last.advice.parameters if last.advice else None
        tuned = tuning.tune(base.parameters, recent, stage.criteria, suggestion)
        prompts, why = self._prompts(last, base.prompts, stage.criteria)
        reasons = (*tuned.reasons, *why) or ("nothing to change: another seed",)
        return replace(base, parameters=tuned.parameters, prompts=prompts), reasons

    def _stage_start(self, stage: Stage) -> Settings:
        """The start settings, with the mask's base prompts where AIGen.yaml leaves its own empty."""
        return replace(self.start, prompts=self.rules.base_prompts(stage.mask, self.start.prompts))

    def _prompts(
        self, last: Iteration, before: Prompts, criteria: Sequence[Criterion]
    ) -> tuple[Prompts, tuple[str, ...]]:
        assert last.assessment is not None
        failed = tuning.failed_criteria(last.assessment, criteria)
        if not failed:
            return before, ()
        names = {criterion.field for criterion in failed}
        passed = tuple(c for c in criteria if c.field not in names)
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

    def _rng(self, number: int, take: int) -> random.Random:
        return random.Random(f"{self.run_seed}/{number}/{take}")


def _first_reason(stage: Stage) -> str:
    if stage.source == "input":
        return "first try: the settings this run started with"
    return f"iteration {stage.source} passed: from its picture on, now {stage.mask}"


def settings_of(plan: Plan, start: Settings) -> Settings:
    """The settings a plan stands for; what a plan does not carry comes from the start settings.

    A plan names the one checkpoint that it uses: it is the inpainting one where it is not the ordinary one.
    """
    inpaints = plan.ckpt_name == start.ckpt_name_inpaint and plan.ckpt_name != start.ckpt_name
    return replace(
        start,
        workflow=plan.workflow,
        ckpt_name=start.ckpt_name if inpaints else plan.ckpt_name,
        parameters=plan.parameters,
        prompts=plan.prompts,
    )


def _content(plan: Plan) -> tuple[object, ...]:
    """What makes the picture: two plans with equal content make the same one."""
    return (plan.workflow, plan.ckpt_name, plan.parameters, plan.prompts, plan.seed, plan.mask, plan.source)
