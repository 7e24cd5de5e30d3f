"""Which variants there are, with which settings, and how a run of them ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.config.check import load_schema
from iterativectl.config.sidecar import Range, Sidecar
from iterativectl.config.types import Criterion, Rules
from iterativectl.errors import UsageError
from iterativectl.model import (
    Assessment,
    Comparison,
    Failure,
    History,
    Iteration,
    Outcome,
    Parameters,
    Prompts,
    Settings,
    Similarity,
    Stop,
    Verdict,
)
from iterativectl.policy import grid
from iterativectl.policy.classic import Classic
from iterativectl.policy.variants import Candidate, Variants, default_grid, ranked, spread

SCHEMA = load_schema("AIGen")["properties"]["parameters"]["properties"]
START = Settings(
    workflow="workflow/own.json",
    ckpt_name="own.safetensors",
    parameters=Parameters(denoise=0.5, cfg=7.0, steps=25, sampler_name="dpmpp_2m", scheduler="karras"),
    prompts=Prompts(positive="a red house", negative="blurry"),
)
FLUX = Sidecar(
    title="Flux",
    purpose="",
    family=("Flux",),
    strategies=("img2img",),
    ranges={"denoise": Range(start=0.75, min=0.55, max=0.92), "guidance": Range(start=3.5, min=2, max=5)},
    samplers=("euler", "dpmpp_2m"),
    schedulers=("simple", "beta"),
)
OWN = Candidate(
    workflow="workflow/own.json", sha256="a", strategy="img2img", ckpt_name="own.safetensors", own=True
)
OTHER = Candidate(workflow="workflow/flux.json", sha256="b", strategy="img2img", ckpt_name="", told=FLUX)
RULES = Rules(
    name="r",
    acceptance_criteria=(
        Criterion(field="suit", question="?"),
        Criterion(field="face", question="?", intent="preserve"),
    ),
)


# --- --set --------------------------------------------------------------------------------------------------


def test_a_grid_is_read() -> None:
    found = grid.parse(("denoise=0.4, 0.6", "steps=20", "sampler_name=euler,dpmpp_2m"), SCHEMA)
    assert found == {"denoise": (0.4, 0.6), "steps": (20,), "sampler_name": ("euler", "dpmpp_2m")}
    assert grid.size(found) == 4


def test_a_value_that_stands_twice_counts_once() -> None:
    assert grid.parse(("cfg=5,5.0,7",), SCHEMA) == {"cfg": (5.0, 7.0)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("denoise=1.5", "--set denoise=1.5: denoise lies between 0 and 1"),
        ("denoise=-0.1", "--set denoise=-0.1: denoise lies between 0 and 1"),
        ("denoise=nan", "--set denoise=nan: that is not a number"),
        ("denoise=inf", "--set denoise=inf: that is not a number"),
        ("cfg=1e999", "--set cfg=1e999: cfg lies between 1 and 20"),
        ("cfg=0", "--set cfg=0: cfg lies between 1 and 20"),
        ("denoise=0_5", "--set denoise=0_5: that is not a number"),
        ("denoise=٠٫٥", "that is not a number"),
        ("denoise=0.4,,0.6", "--set denoise: a value is empty"),
        ("denoise=", "--set denoise: a value is empty"),
        ("denoise", "--set denoise: its values are missing"),
        ("", "--set : there is no parameter ''"),
        ("=3", "--set =3: there is no parameter ''"),
        ("steps=20.5", "--set steps=20.5: that is not a whole number"),
        ("steps=0", "--set steps=0: steps lies between 1 and 10000"),
        ("steps=99999999999999999999", "that is not a whole number"),
        ("denoize=0.5", "there is no parameter 'denoize'. Did you mean 'denoise'?"),
        ("sampler=euler", "there is no parameter 'sampler'. Did you mean 'sampler_name'?"),
        ("seed=1,2", "a seed is not compared"),
        ("denoise=" + "9" * 400, "denoise lies between 0 and 1"),
        ("x" * 500 + "=1", "there is no parameter 'xxx"),
        ("denoise=0.5;rm -rf", "that is not a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_cure(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        grid.parse((text,), SCHEMA)
    assert message in refused.value.message and refused.value.hint
    assert len(refused.value.message) < 200


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(UsageError, match="--set cfg is given twice"):
        grid.parse(("cfg=5", "cfg=7"), SCHEMA)


@given(st.lists(st.text(max_size=40), max_size=3))
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    try:
        found = grid.parse(tuple(texts), SCHEMA)
    except UsageError:
        return
    assert set(found) <= set(SCHEMA)


def test_too_many_are_refused_before_they_are_made() -> None:
    many = {"steps": tuple(range(1, 9)), "cfg": tuple(float(n) for n in range(1, 10))}
    with pytest.raises(UsageError, match="that makes 72 variants"):
        spread([OWN], START, many)
    assert len(spread([OWN], START, {"steps": tuple(range(1, 65))})) == 64


# --- which settings -----------------------------------------------------------------------------------------


def test_every_combination_once_in_the_order_given() -> None:
    found = spread([OWN], START, {"denoise": (0.4, 0.6), "cfg": (5.0, 7.0)})
    assert [variant.name for variant in found] == [
        *("denoise 0.4, cfg 5", "denoise 0.4, cfg 7", "denoise 0.6, cfg 5", "denoise 0.6, cfg 7")
    ]
    assert found[2].parameters == replace(START.parameters, denoise=0.6, cfg=5.0)


def test_one_value_holds_for_all_and_is_not_in_their_names() -> None:
    found = spread([OWN, OTHER], START, {"steps": (12,)})
    assert [variant.name for variant in found] == ["own", "Flux"]
    assert [variant.parameters.steps for variant in found] == [12, 12]


def test_the_projects_own_workflow_keeps_its_settings() -> None:
    (own,) = spread([replace(OWN, told=FLUX)], START, {})
    assert own.parameters == START.parameters and own.reasons == ()


def test_another_workflow_gets_what_suits_it_with_a_reason() -> None:
    (flux,) = spread([OTHER], START, {})
    assert flux.parameters == Parameters(
        denoise=0.55, cfg=3.5, steps=25, sampler_name="dpmpp_2m", scheduler="simple"
    )
    assert flux.reasons == (
        "denoise 0.55 instead of 0.5: 0.55 to 0.92 suits this workflow",
        "cfg 3.5 instead of 7.0: the workflow takes the model's own guidance, not CFG",
        "scheduler simple instead of karras: that suits this workflow",
    )


def test_what_suits_is_left_as_it_is() -> None:
    start = replace(START, parameters=replace(START.parameters, denoise=0.6, cfg=4.0, scheduler="beta"))
    (flux,) = spread([OTHER], start, {})
    assert flux.parameters == start.parameters and flux.reasons == ()


def test_what_a_person_names_is_taken_and_its_oddness_said() -> None:
    (flux,) = spread([OTHER], START, {"denoise": (0.3,), "cfg": (3.0,)})
    assert (flux.parameters.denoise, flux.parameters.cfg) == (0.3, 3.0)
    assert "denoise 0.3 as asked for, although 0.55 to 0.92 suits it" in flux.reasons


def test_whole_numbers_stay_whole() -> None:
    told = replace(FLUX, ranges={"steps": Range(start=28.0, min=30.0, max=40.0)})
    (variant,) = spread([replace(OTHER, told=told)], START, {})
    assert variant.parameters.steps == 30 and isinstance(variant.parameters.steps, int)


def test_two_workflows_that_do_the_same_are_told_apart() -> None:
    found = spread([OTHER, replace(OTHER, workflow="workflow/flux2.json")], START, {})
    assert [variant.name for variant in found] == ["Flux (flux)", "Flux (flux2)"]


def test_the_family_tells_them_apart_where_it_can() -> None:
    sd = replace(OTHER, workflow="workflow/sd.json", told=replace(FLUX, family=("SD1.5", "SDXL")))
    assert [v.name for v in spread([OTHER, sd], START, {})] == ["Flux (Flux)", "Flux (SD1.5, SDXL)"]


def test_denoise_is_not_compared_where_it_has_no_effect() -> None:
    words = replace(OWN, strategy="txt2img", workflow="workflow/words.json")
    found = spread([words, OWN], START, {"denoise": (0.4, 0.6)})
    assert [variant.name for variant in found] == ["words", "own, denoise 0.4", "own, denoise 0.6"]
    assert found[0].parameters == START.parameters


def test_equal_variants_are_made_once() -> None:
    assert len(spread([OTHER, OTHER], START, {})) == 1


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (OWN, {"denoise": (0.35, 0.5, 0.65)}),
        (replace(OWN, told=FLUX), {"denoise": (0.55, 0.65)}),
        (replace(OWN, strategy="txt2img"), {"cfg": (5.0, 7.0, 9.0)}),
        (replace(OWN, strategy="txt2img", told=FLUX), {"cfg": (5.0,)}),
    ],
)
def test_what_is_compared_where_there_is_nothing_else(candidate: Candidate, expected: Any) -> None:
    assert default_grid(candidate, START.parameters) == expected


# --- the policy ---------------------------------------------------------------------------------------------

POLICY = Variants(
    rules=RULES,
    variants=spread([OWN], START, {"denoise": (0.4, 0.5, 0.6)}),
    start=START,
    run_seed=7,
)


def made(policy: Variants, number: int, suit: Outcome = "failed", face: Outcome = "passed") -> Iteration:
    verdicts = tuple(
        Verdict(field=field, verdict=outcome, value=None, confidence=None, reason="", by="judge")
        for field, outcome in (("suit", suit), ("face", face))
    )
    score = 50.0 * sum(verdict.verdict == "passed" for verdict in verdicts)
    comparison = Comparison(similarity=Similarity(measured=0.9))
    assessment = Assessment(answers={}, verdicts=verdicts, comparison=comparison, score=score)
    return Iteration(plan=policy.plans[number - 1], status="ok", assessment=assessment)


def failed(policy: Variants, number: int) -> Iteration:
    failure = Failure(code="x", message="a node raised")
    return Iteration(plan=policy.plans[number - 1], status="failed", failure=failure)


def decided(*iterations: Iteration) -> tuple[str, str]:
    decision = POLICY.decide(History(iterations=iterations))
    assert isinstance(decision, Stop)
    return decision.status, decision.reason


def test_only_what_is_named_differs() -> None:
    plans = POLICY.decide(History())
    assert not isinstance(plans, Stop)
    assert [plan.iteration for plan in plans] == [1, 2, 3]
    first = plans[0]
    for plan in plans:
        alike = replace(plan, iteration=1, parameters=first.parameters, reasons=first.reasons)
        assert alike == first
    assert first.reasons == ("variant 1 of 3: denoise 0.4",)


def test_the_seed_is_that_of_an_ordinary_runs_first_plan() -> None:
    classic = Classic(rules=RULES, start=START, run_seed=7).decide(History())
    assert not isinstance(classic, Stop)
    assert POLICY.seed == classic[0].seed
    assert replace(POLICY, start=replace(START, seed=99)).seed == 99


def test_what_is_not_committed_is_still_to_be_made() -> None:
    plans = POLICY.decide(History(iterations=(made(POLICY, 1), failed(POLICY, 3))))
    assert not isinstance(plans, Stop) and [plan.iteration for plan in plans] == [2]


def test_it_goes_on_after_one_that_passes() -> None:
    assert not isinstance(POLICY.decide(History(iterations=(made(POLICY, 1, "passed"),))), Stop)


def test_nothing_is_tuned() -> None:
    assert POLICY.direction(History(iterations=(made(POLICY, 1),))) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("iterations", "expected"),
    [
        (
            (made(POLICY, 1), made(POLICY, 2), made(POLICY, 3)),
            ("stopped", "all 3 variants were made; none passes every criterion"),
        ),
        (
            (made(POLICY, 1), made(POLICY, 2, "passed"), failed(POLICY, 3)),
            ("passed", "2 of 3 variants were made; 2 passes every criterion"),
        ),
        (
            (made(POLICY, 1, "passed"), made(POLICY, 2, "passed"), made(POLICY, 3, "passed")),
            ("passed", "all 3 variants were made; 1, 2 and 3 pass every criterion"),
        ),
        (
            (made(POLICY, 1, "passed", "unclear"), failed(POLICY, 2), failed(POLICY, 3)),
            ("stopped", "1 of 3 variants were made; none passes every criterion"),
        ),
        (
            (failed(POLICY, 1), failed(POLICY, 2), failed(POLICY, 3)),
            ("failed", "none of the 3 variants could be made: a node raised"),
        ),
    ],
)
def test_how_it_ends(iterations: tuple[Iteration, ...], expected: tuple[str, str]) -> None:
    assert decided(*iterations) == expected


def test_the_order_is_the_one_in_which_a_run_chooses() -> None:
    worst = made(POLICY, 1, "failed", "failed")
    kept = made(POLICY, 2, "failed", "passed")
    best = made(POLICY, 3, "passed", "passed")
    order = ranked((worst, kept, best), RULES, ())
    assert [one.number for one in order] == [3, 2, 1]
    assert [one.number for one in ranked((failed(POLICY, 1), kept), RULES, ())] == [2]
    assert ranked((), RULES, ()) == []
