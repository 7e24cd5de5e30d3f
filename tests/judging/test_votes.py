"""What votes add up to, and what is asked next: tests/cases/votes, and what holds whatever a judge says.

In a case, `rounds` are what requests brought: FIELD and one of

+ -  a vote for it, or against it          ?  the judge cannot tell     !  could not be read
= #  the same of a judge that is steady    x  contradicts itself        0  no reply came

`ask` is what is to be asked next, `verdicts` what the votes so far say: the word, and the confidence
("model": the judge's own).
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from iterativectl.config.types import Criterion
from iterativectl.judging import rulings, tally, votes
from iterativectl.judging.score import score
from iterativectl.judging.votes import Ballot, Stakes, Vote
from iterativectl.model import Verdict

CASES = sorted((Path(__file__).parent.parent / "cases" / "votes").glob("*.json"))
BY = "ollama/scripted"
OWN = 0.7  # a judge's own word on how sure it is
LIMITS = (1, 3, 5, 7, 9)
Rule = Callable[[Ballot, Sequence[Vote]], Sequence[Criterion]]


def vote(field: str, mark: str, sample: int) -> Vote:
    verdict: Any = {"+": "passed", "=": "passed", "-": "failed", "#": "failed"}.get(mark, "unclear")
    return Vote(
        field=field,
        sample=sample,
        verdict=verdict,
        value=None if verdict == "unclear" else verdict == "passed",
        confidence=None if verdict == "unclear" else OWN,
        reason=mark,
        by=BY,
        contradiction="it says both" if mark == "x" else "",
        again=mark in "!x",
        steady=mark in "=#",
    )


def cast(rounds: Sequence[str]) -> list[Vote]:
    marked = ((sample, word) for sample, text in enumerate(rounds) for word in text.split())
    return [vote(word[:-1], word[-1], sample) for sample, word in marked]


def measured(field: str, outcome: Any) -> Verdict:
    return Verdict(field=field, verdict=outcome, value=0.5, confidence=None, reason="", by="measured:size")


def ballot(data: Mapping[str, Any]) -> Ballot:
    weights, depends = data.get("weights", {}), data.get("depends", {})
    return Ballot(
        criteria=tuple(
            Criterion(
                field=name,
                question=f"Is it {name}?",
                weight=weights.get(name, 1),
                depends_on=tuple(depends.get(name, ())),
            )
            for name in data.get("fields", ["a", "b", "c"])
        ),
        fixed={name: measured(name, outcome) for name, outcome in data.get("fixed", {}).items()},
        limit=data["votes"],
        stakes=Stakes(
            pass_score=data.get("pass_score", 100),
            stood=dict.fromkeys(data.get("stood", ()), data.get("stood_by", BY)),
        ),
    )


def said(verdict: Verdict) -> str:
    sure = "model" if verdict.confidence == OWN else verdict.confidence
    return f"{verdict.verdict} {sure}" if sure is not None else verdict.verdict


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path) -> None:
    data = json.loads(case.read_text(encoding="utf-8"))
    asked, given = ballot(data), cast(data["rounds"])
    assert [c.field for c in votes.to_ask(asked, given)] == data["ask"], data["why"]
    if given:
        ruled = votes.ruled(asked, given)
        assert {name: said(ruled[name]) for name in data["verdicts"]} == data["verdicts"], data["why"]


# --- whatever a judge says ----------------------------------------------------------------------------------


def course(asked: Ballot, answer: Callable[[str], str], rule: Rule = votes.to_ask) -> tuple[list[Vote], int]:
    """Asked until the votes decide: all of them, and how many requests it took."""
    given: list[Vote] = []
    for sample in range(20):
        wanted = rule(asked, given)
        if not wanted:
            return given, sample
        given += [vote(criterion.field, answer(criterion.field), sample) for criterion in wanted]
    raise AssertionError("it never ends")


def random_ballots(number: int) -> Iterator[tuple[Ballot, random.Random]]:
    for seed in range(number):
        rng = random.Random(seed)
        names = [f"c{index}" for index in range(rng.randint(1, 6))]
        data = {
            "fields": names,
            "votes": rng.choice(LIMITS),
            "pass_score": rng.choice([100, 100, 60]),
            "weights": {name: rng.choice([1, 1, 3]) for name in names},
            "depends": {names[-1]: [names[0]]} if len(names) > 2 and rng.random() < 0.3 else {},
            "stood": [name for name in names if rng.random() < 0.5],
        }
        yield ballot(data), rng


def marks(rng: random.Random) -> Callable[[str], str]:
    """Mostly for it, so that much is confirmed, with everything else in between."""
    return lambda field: rng.choice("++++++-?!x")


def is_accepted(asked: Ballot, ruled: Mapping[str, Verdict]) -> bool:
    verdicts = rulings.overruled(list(ruled.values()), asked.criteria)
    unclear = any(verdict.verdict == "unclear" for verdict in verdicts)
    return not unclear and score(verdicts, asked.criteria) >= asked.stakes.pass_score


def test_nothing_is_asked_more_often_than_votes_says() -> None:
    for asked, rng in random_ballots(1500):
        given, requests = course(asked, marks(rng))
        most = max(asked.limit, 1 + votes.ASKED_AGAIN)
        for criterion in asked.criteria:
            assert sum(one.field == criterion.field for one in given) <= most
        assert requests <= most + 2, requests


def test_what_is_accepted_was_confirmed() -> None:
    """Every pass that the acceptance needs has a lead, and more than half of the answers."""
    confirmed = 0
    for asked, rng in random_ballots(3000):
        given, _ = course(asked, marks(rng))
        ruled = votes.ruled(asked, given)
        if asked.limit == 1 or not is_accepted(asked, ruled):
            continue
        weak = 0
        for name, counted in counts(asked, given).items():
            needed = not is_accepted(asked, {**ruled, name: measured(name, "failed")})
            if ruled[name].verdict == "passed" and needed:
                assert 2 * counted.passed > counted.given
                weak += counted.lead < tally.LEAD
                confirmed += 1
        assert weak <= votes.SPARED.get(asked.limit, 0)
    assert confirmed > 500


def test_no_verdict_comes_out_of_what_is_unclear() -> None:
    for asked, rng in random_ballots(500):
        given, _ = course(asked, lambda field, rng=rng: rng.choice("?!x0"))
        assert {verdict.verdict for verdict in votes.ruled(asked, given).values()} == {"unclear"}


def test_every_field_asked_about_has_a_verdict_whenever_it_stops() -> None:
    for asked, rng in random_ballots(300):
        given, requests = course(asked, marks(rng))
        for stop in range(1, requests + 1):
            so_far = [one for one in given if one.sample < stop]
            assert list(votes.ruled(asked, so_far)) == [criterion.field for criterion in asked.criteria]


@pytest.mark.parametrize("limit", LIMITS[1:])
@pytest.mark.parametrize("criteria", range(1, 13))
def test_a_judge_that_never_errs_is_asked_once_more(limit: int, criteria: int) -> None:
    asked = ballot({"votes": limit, "fields": [f"c{number}" for number in range(criteria)]})
    given, requests = course(asked, lambda field: "+")
    assert requests == 2
    assert is_accepted(asked, votes.ruled(asked, given))


def counts(asked: Ballot, given: Sequence[Vote]) -> dict[str, tally.Tally]:
    return {name: tally.tally(own) for name, own in votes.by_field(asked, given).items()}


# --- how often it is wrong ----------------------------------------------------------------------------------


def chance_of_accepting(asked: Ballot, wrong: Sequence[str], error: float, rule: Rule) -> float:
    """That a picture which fails the criteria `wrong` is accepted: every course of the votes, weighed."""

    def follow(given: tuple[Vote, ...], sample: int) -> float:
        wanted = [criterion.field for criterion in rule(asked, given)]
        if not wanted:
            return float(is_accepted(asked, votes.ruled(asked, given)))
        total = 0.0
        for answers in itertools.product("+-", repeat=len(wanted)):
            cast_now = tuple(vote(name, mark, sample) for name, mark in zip(wanted, answers, strict=True))
            share = 1.0
            for name, mark in zip(wanted, answers, strict=True):
                right = (mark == "+") is (name not in wrong)
                share *= 1 - error if right else error
            total += share * follow((*given, *cast_now), sample + 1)
        return total

    return follow((), 0)


def single(asked: Ballot, given: Sequence[Vote]) -> Sequence[Criterion]:
    """A planted fault: nobody is asked twice, whatever `votes` says."""
    return () if given else asked.asked


def impatient(asked: Ballot, given: Sequence[Vote]) -> Sequence[Criterion]:
    """A planted fault: the first second answer is enough, though the judge has contradicted itself."""
    return votes.to_ask(asked, given) if len(given) <= len(asked.asked) else ()


TWO = {"fields": ["a", "b"]}


@pytest.mark.parametrize(("limit", "fall"), [(3, 3.0), (5, 5.0), (7, 5.0)])
def test_false_acceptances_fall_against_true_ones(limit: int, fall: float) -> None:
    """The odds of a wrong picture among the accepted ones, at 15 wrong answers in 100, computed exactly."""
    one, several = ballot({**TWO, "votes": 1}), ballot({**TWO, "votes": limit})

    def odds(asked: Ballot) -> float:
        false = chance_of_accepting(asked, ["b"], 0.15, votes.to_ask)
        return false / chance_of_accepting(asked, [], 0.15, votes.to_ask)

    assert odds(one) / odds(several) >= fall
    good = [chance_of_accepting(asked, [], 0.15, votes.to_ask) for asked in (one, several)]
    assert good[1] >= good[0] or limit == 3, "and no fewer good ones are accepted"


@pytest.mark.parametrize("planted", [single, impatient])
def test_that_test_can_fail(planted: Rule) -> None:
    """Rules that stop too early accept next to nothing: what is not confirmed is not passed."""
    asked = ballot({**TWO, "votes": 5})
    soon = chance_of_accepting(asked, [], 0.15, planted)
    assert soon < 0.7 * chance_of_accepting(asked, [], 0.15, votes.to_ask)


# --- what is kept -------------------------------------------------------------------------------------------


def test_what_is_kept_of_the_votes() -> None:
    asked, given = ballot({"votes": 5}), cast(["a+ b- c+", "a+ b+ c+"])
    kept = tally.to_json(given)
    assert list(kept) == ["a", "b", "c"]
    assert kept["b"] == [
        {"sample": 0, "answer": False, "verdict": "failed", "confidence": OWN, "reason": "-", "by": BY},
        {"sample": 1, "answer": True, "verdict": "passed", "confidence": OWN, "reason": "+", "by": BY},
    ]
    ruled = tuple(votes.ruled(asked, given).values())
    assert tally.agreed(ruled, kept) == {"a": [2, 2], "b": [0, 2], "c": [2, 2]}
    assert tally.agreed(ruled, tally.to_json(given[:3])) == {}, "one answer confirms nothing"
