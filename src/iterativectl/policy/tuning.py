"""How denoise and cfg move between two tries: the classic policy's fixed steps, and a model's suggestion.

The figures are the specification's (docs/formats.md, "The classic policy").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from iterativectl.config.types import Criterion
from iterativectl.model import Assessment, Parameters

TOO_SIMILAR = 0.85
TOO_DIFFERENT = 0.3
DENOISE_STEP = 0.05
CFG_STEP = 1.0
DENOISE_BOUNDS = (0.05, 1.0)
CFG_BOUNDS = (1.0, 20.0)
STEPS_BOUNDS = (1, 150)  # above this a sampler changes nothing that a person sees
STRENGTH_CAPS = {"low": 0.45, "medium": 0.7, "high": 1.0}

# The names that ComfyUI's core KSampler lists (object_info of 0.3.64 and 0.33.0 agree on these): a model's
# invention of a sampler would only fail at the server.
_SAMPLERS = """
    euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 dpm_2 dpm_2_ancestral lms dpm_fast
    dpm_adaptive dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp
    dpmpp_2m_sde dpmpp_2m_sde_gpu dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu ddpm
    lcm ipndm ipndm_v deis res_multistep res_multistep_cfg_pp res_multistep_ancestral
    res_multistep_ancestral_cfg_pp gradient_estimation gradient_estimation_cfg_pp er_sde seeds_2 seeds_3
    sa_solver sa_solver_pece ddim uni_pc uni_pc_bh2
"""
_SCHEDULERS = """
    simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic kl_optimal
"""
SAMPLERS = frozenset(_SAMPLERS.split())
SCHEDULERS = frozenset(_SCHEDULERS.split())

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Parameters for the next try and the sentences that explain them."""

    parameters: Parameters
    reasons: tuple[str, ...]


def failed_criteria(assessment: Assessment, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """The criteria whose verdict is "failed" (unclear ones are neither failed nor passed)."""
    failed = {verdict.field for verdict in assessment.verdicts if verdict.verdict == "failed"}
    return tuple(criterion for criterion in criteria if criterion.field in failed)


def band_step(assessment: Assessment, criteria: Sequence[Criterion]) -> Direction | None:
    """Which way the fixed step goes outside the similarity band; None inside it.

    "Too similar" does not fire once every change criterion has passed.
    """
    similarity = assessment.comparison.similarity.steering
    if similarity < TOO_DIFFERENT:
        return "down"
    passed = {verdict.field for verdict in assessment.verdicts if verdict.verdict == "passed"}
    changes_open = any(c.intent == "change" and c.field not in passed for c in criteria)
    return "up" if similarity > TOO_SIMILAR and changes_open else None


def tune(
    base: Parameters,
    recent: Sequence[Assessment],
    criteria: Sequence[Criterion],
    suggestion: Mapping[str, Any] | None,
) -> Tuned:
    """The next parameters. `recent` holds the last assessments, newest last; at least one."""
    assessment = recent[-1]
    direction = band_step(assessment, criteria)
    if direction:
        tuned = _outside_band(base, assessment, direction, suggestion)
    else:
        tuned = _inside_band(base, recent, criteria)
    return _capped(tuned, failed_criteria(assessment, criteria))


def _outside_band(
    base: Parameters, assessment: Assessment, direction: Direction, suggestion: Mapping[str, Any] | None
) -> Tuned:
    similarity = assessment.comparison.similarity.steering
    if direction == "up":
        why = f"similarity {similarity:.2f} is above {TOO_SIMILAR}: too similar"
        stepped = replace(
            base,
            denoise=_clamp(base.denoise + DENOISE_STEP, DENOISE_BOUNDS),
            cfg=_clamp(base.cfg + CFG_STEP, CFG_BOUNDS),
        )
    else:
        why = f"similarity {similarity:.2f} is below {TOO_DIFFERENT}: a different picture"
        stepped = replace(base, denoise=_clamp(base.denoise - DENOISE_STEP, DENOISE_BOUNDS))
    parameters = _suggested(stepped, base, direction, suggestion or {})
    by = "" if parameters == stepped else "as suggested, "
    return Tuned(parameters=parameters, reasons=(f"{why}: {by}{_moves(base, parameters)}",))


def _inside_band(base: Parameters, recent: Sequence[Assessment], criteria: Sequence[Criterion]) -> Tuned:
    failed = failed_criteria(recent[-1], criteria)
    changes = [c for c in failed if c.intent == "change"]
    if failed and not changes:
        names = ", ".join(c.field for c in failed)
        down = replace(base, denoise=_clamp(base.denoise - DENOISE_STEP, DENOISE_BOUNDS))
        return Tuned(
            parameters=down, reasons=(f"only what should stay fails ({names}): {_moves(base, down)}",)
        )
    before = {c.field for c in failed_criteria(recent[-2], criteria)} if len(recent) > 1 else set()
    stubborn = [c.field for c in changes if c.field in before]
    if stubborn:
        up = replace(base, denoise=_clamp(base.denoise + DENOISE_STEP, DENOISE_BOUNDS))
        return Tuned(
            parameters=up, reasons=(f"{', '.join(stubborn)} failed twice running: {_moves(base, up)}",)
        )
    return Tuned(parameters=base, reasons=())


def _suggested(
    stepped: Parameters, base: Parameters, direction: Direction, suggestion: Mapping[str, Any]
) -> Parameters:
    """The model's values instead of the step's, where they are inside the bounds and not against the step."""
    usable = {name: _usable(name, value, base, direction) for name, value in suggestion.items()}
    return replace(stepped, **{name: value for name, value in usable.items() if value is not None})


def _usable(name: str, value: Any, base: Parameters, direction: Direction) -> Any:
    if name == "denoise":
        return _in_direction(value, base.denoise, DENOISE_BOUNDS, direction)
    if name == "cfg":
        # The step moves cfg only upwards; downwards it has no direction that could be contradicted.
        return _in_direction(value, base.cfg, CFG_BOUNDS, direction if direction == "up" else None)
    if name == "steps":
        inside = isinstance(value, int) and STEPS_BOUNDS[0] <= value <= STEPS_BOUNDS[1]
        return value if inside and not isinstance(value, bool) else None
    known = {"sampler_name": SAMPLERS, "scheduler": SCHEDULERS}.get(name, frozenset())
    return value if isinstance(value, str) and value in known else None


def _in_direction(
    value: Any, base: float, bounds: tuple[float, float], direction: Direction | None
) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not bounds[0] <= value <= bounds[1]:
        return None
    if direction == "up" and value <= base:
        return None
    if direction == "down" and value >= base:
        return None
    return float(value)


def _capped(tuned: Tuned, failed: Sequence[Criterion]) -> Tuned:
    """denoise capped by the edit_strength of the strictest failed change criterion."""
    changes = [criterion for criterion in failed if criterion.intent == "change"]
    if not changes:
        return tuned
    strictest = min(changes, key=lambda criterion: STRENGTH_CAPS[criterion.edit_strength])
    cap = STRENGTH_CAPS[strictest.edit_strength]
    if tuned.parameters.denoise <= cap:
        return tuned
    capped = replace(tuned.parameters, denoise=cap)
    reason = f"{strictest.field} has edit_strength {strictest.edit_strength}: denoise at most {cap}"
    return Tuned(parameters=capped, reasons=(*tuned.reasons, reason))


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return round(min(max(value, bounds[0]), bounds[1]), 4)


def _moves(before: Parameters, after: Parameters) -> str:
    """What moved, in words: "denoise 0.5 -> 0.55, cfg 7.0 -> 8.0"."""
    names = ("denoise", "cfg", "steps", "sampler_name", "scheduler")
    moved = [
        f"{n} {getattr(before, n)} -> {getattr(after, n)}"
        for n in names
        if getattr(before, n) != getattr(after, n)
    ]
    return ", ".join(moved) or "already at its bound"
