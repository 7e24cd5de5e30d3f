"""The classic policy, case by case: tests/cases/decide/*.yaml. Adding a case is adding a file."""

from pathlib import Path

import pytest
import yaml

from iterativectl.config.rules import parse_rules
from iterativectl.model import (
    Advice,
    Assessment,
    Comparison,
    Failure,
    History,
    Iteration,
    Parameters,
    Plan,
    Prompts,
    Settings,
    Similarity,
    Stop,
    Verdict,
)
from iterativectl.policy.classic import Classic

CASES = sorted((Path(__file__).parents[1] / "cases" / "decide").glob("*.yaml"))
START = {"denoise": 0.5, "cfg": 7.0, "steps": 25, "sampler_name": "dpmpp_2m", "scheduler": "karras"}
WORDS = {"+": "passed", "-": "failed", "?": "unclear"}


def settings(data: dict) -> Settings:
    parameters = {**START, **{k: v for k, v in data.items() if k in START}}
    return Settings(
        workflow="w.json",
        ckpt_name="c.safetensors",
        ckpt_name_inpaint=data.get("ckpt_name_inpaint"),
        parameters=Parameters(**parameters),
        prompts=Prompts(positive=data.get("positive", "a man"), negative=data.get("negative", "")),
        seed=data.get("seed"),
    )


def iteration(number: int, data: dict, start: Settings) -> Iteration:
    """`verdicts: {suit: -, face: +}`, similarity, parameters, prompts; `failure: text` for a failed one."""
    base = settings({**data, "positive": data.get("positive", start.prompts.positive)})
    plan = Plan(
        iteration=number,
        take=0,
        strategy="img2img",
        parent=number - 1 or None,
        source=data.get("source", "input"),
        workflow="w.json",
        ckpt_name="c.safetensors",
        parameters=base.parameters,
        prompts=Prompts(
            positive=base.prompts.positive, negative=data.get("negative", start.prompts.negative)
        ),
        seed=data.get("seed", 1000 + number),
        mask=data.get("mask"),
        reasons=(),
    )
    if "failure" in data:
        failure = Failure(code="execution_failed", message=data["failure"])
        return Iteration(plan=plan, status="failed", failure=failure)
    verdicts = tuple(
        Verdict(field=f, verdict=WORDS[w], value=None, confidence=None, reason="", by="ollama/m")
        for f, w in data["verdicts"].items()
    )
    passed = sum(v.verdict == "passed" for v in verdicts)
    assessment = Assessment(
        answers={},
        verdicts=verdicts,
        comparison=Comparison(similarity=Similarity(measured=data["similarity"])),
        score=data.get("score", 100 * passed / len(verdicts)),
    )
    advice = data.get("advice", {})
    prompts = Prompts(**advice["prompts"]) if "prompts" in advice else None
    return Iteration(
        plan=plan,
        status="ok",
        assessment=assessment,
        advice=Advice(prompts=prompts, parameters=advice.get("parameters")),
        edited=settings(data["edited"]) if "edited" in data else None,
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    rules, _ = parse_rules(yaml.safe_dump(case["rules"]))
    start = settings(case.get("start", {}))
    policy = Classic(
        rules=rules,
        start=start,
        run_seed=case.get("run_seed", 7),
        strategy=case.get("strategy", "img2img"),
        masks=tuple(case.get("masks", ())),
    )
    numbers = case.get("numbers") or range(1, len(case["history"]) + 1)
    history = History(
        iterations=tuple(iteration(n, d, start) for n, d in zip(numbers, case["history"], strict=True)),
        takes=case.get("takes", {}),
    )
    decision = policy.decide(history)
    expected = case["expect"]
    if "stop" in expected:
        assert isinstance(decision, Stop), decision
        assert decision.status == expected["stop"]
        assert expected.get("reason", "") in decision.reason
        return
    assert not isinstance(decision, Stop), decision
    (plan,) = decision
    seen = {
        **{name: getattr(plan.parameters, name) for name in START},
        "positive": plan.prompts.positive,
        "negative": plan.prompts.negative,
        "iteration": plan.iteration,
        "parent": plan.parent,
        "take": plan.take,
        "seed": plan.seed,
        "source": plan.source,
        "mask": plan.mask,
        "strategy": plan.strategy,
        "ckpt_name": plan.ckpt_name,
    }
    checked = {name: value for name, value in expected.items() if name not in ("reasons", "new_seed")}
    assert {name: seen[name] for name in checked} == checked
    for reason in expected.get("reasons", []):
        assert any(reason in said for said in plan.reasons), plan.reasons
    if expected.get("new_seed"):
        assert plan.seed not in {i.plan.seed for i in history.iterations}


def test_every_case_checks_something() -> None:
    for path in CASES:
        assert yaml.safe_load(path.read_text())["expect"], path
    assert len(CASES) >= 30


def test_equal_history_gives_the_equal_plan_and_another_take_another_seed() -> None:
    rules, _ = parse_rules(
        yaml.safe_dump({"project": {"name": "p"}, "acceptance_criteria": [{"field": "a", "question": "A?"}]})
    )
    policy = Classic(rules=rules, start=settings({}), run_seed=3)
    first, again = policy.decide(History()), policy.decide(History())
    assert first == again
    other_take = policy.decide(History(takes={1: 1}))
    assert not isinstance(first, Stop) and not isinstance(other_take, Stop)
    assert other_take[0].seed != first[0].seed
    assert other_take[0].parameters == first[0].parameters
