"""What is concluded from labels and rankings, and from how few nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from iterativectl.config.types import Criterion, Measure
from iterativectl.judging.calibrating import (
    LEAST_ASKED_AGAIN,
    LEAST_LABELS,
    Case,
    Findings,
    Seen,
    findings,
)
from iterativectl.model import Outcome, Value, Verdict

SUIT = Criterion(field="suit", question="Is it a suit?")
FACE = Criterion(field="face", question="Is it the same face?", intent="preserve")
ALIKE = Criterion(field="alike", measure=Measure(metric="similarity", min=0.5))
P: Outcome = "passed"
F: Outcome = "failed"
U: Outcome = "unclear"


def verdict(name: str, outcome: Outcome, value: Value = None, by: str = "ollama/small") -> Verdict:
    return Verdict(field=name, verdict=outcome, value=value, confidence=None, reason="", by=by)


def case(
    number: int = 1,
    verdicts: Sequence[Verdict] = (),
    labels: Mapping[str, bool] | None = None,
    asked_again: Mapping[str, Sequence[Outcome]] | None = None,
    **more: object,
) -> Case:
    values = {"score": 0.0, "rank": None, "accepted": False, "criteria": ("suit",), **more}
    return Case(
        name=str(number),
        verdicts={one.field: one for one in verdicts},
        labels=labels or {},
        asked_again=asked_again or {},
        **values,  # type: ignore[arg-type]
    )


def suits(*pairs: tuple[bool, Outcome]) -> list[Case]:
    """Cases of one criterion: (label, verdict)."""
    return [case(n, [verdict("suit", said)], {"suit": label}) for n, (label, said) in enumerate(pairs)]


def of(found: Findings, name: str = "suit") -> Seen:
    return next(seen for seen in found.criteria if seen.field == name)


@pytest.mark.parametrize(
    ("pairs", "state"),
    [
        ([(True, P)] * 6 + [(False, F)] * 6, "sees"),
        ([(True, P)] * 4 + [(False, F)] * 4, "too few"),  # eight
        ([(True, P)] * 20, "too few"),  # of one kind alone: it may say yes to everything
        ([(True, P)] * 10 + [(False, F)] * 2, "too few"),
        ([(True, P), (True, F), (False, P), (False, F)] * 4, "blind"),
        ([(True, P)] * 8 + [(False, P)] * 8, "blind"),  # it says yes to everything
        ([(True, F)] * 6 + [(False, P)] * 6, "blind"),  # it says the opposite
        ([(True, P)] * 5 + [(True, F)] * 2 + [(False, F)] * 3 + [(False, P)] * 1, "doubtful"),
        ([(True, U)] * 4 + [(False, U)] * 2 + [(True, P)] * 2, "unclear"),
        ([(True, U)] * 3, "too few"),  # three pictures are not mostly
        ([], "too few"),
    ],
)
def test_what_the_judge_is_said_to_see(pairs: list[tuple[bool, Outcome]], state: str) -> None:
    assert of(findings([SUIT], suits(*pairs))).state == state


def test_unclear_is_seen_without_any_label() -> None:
    cases = [case(n, [verdict("suit", U)]) for n in range(8)]
    assert of(findings([SUIT], cases)).state == "unclear"


@pytest.mark.parametrize("by", ["gate:alike", "depends_on:person"])
def test_what_only_fell_with_another_is_no_judgement(by: str) -> None:
    cases = [case(n, [verdict("suit", F, by=by)], {"suit": True}) for n in range(12)]
    seen = of(findings([SUIT], cases))
    assert (seen.agreement.labels, seen.unclear.total) == (0, 0)


def test_labels_without_a_verdict_and_verdicts_without_a_label() -> None:
    cases = [case(1, [], {"suit": True}), case(2, [verdict("suit", P)], {"other": True})]
    assert of(findings([SUIT], cases)).agreement.labels == 0


# -- votes


def asked(*said: Sequence[Outcome]) -> list[Case]:
    return [case(n, [verdict("suit", P)], asked_again={"suit": given}) for n, given in enumerate(said)]


def test_votes_follow_from_flips() -> None:
    steady = findings([SUIT], asked(*[[P] * 5] * 6))
    assert steady.votes is not None and steady.votes.votes == 1
    shaky = findings([SUIT], asked(*[[P] * 9 + [F]] * 6))
    assert shaky.votes is not None and shaky.votes.votes == 3


def test_too_few_askings_suggest_no_votes() -> None:
    pairs = LEAST_ASKED_AGAIN - 1
    assert findings([SUIT], asked(*[[P, F]] * pairs)).votes is None
    assert of(findings([SUIT], asked(*[[P, P]] * (pairs + 1)))).votes is not None


def test_one_hopeless_criterion_raises_no_votes_for_all() -> None:
    cases = [
        case(n, [verdict("suit", P)], asked_again={"suit": [P] * 4, "face": [P, F, P, F]}) for n in range(6)
    ]
    found = findings([SUIT, FACE], cases)
    assert found.votes is not None and found.votes.votes == 1
    hopeless = of(found, "face").votes
    assert hopeless is not None and not hopeless.enough


# -- the order


def ranked(*scores: float) -> list[Case]:
    """Best first by the person."""
    return [case(n, rank=n, score=score) for n, score in enumerate(scores)]


def test_the_best_rank_should_have_the_highest_score() -> None:
    found = findings([SUIT], ranked(100, 80, 60, 40, 20)).ranked
    assert (found.tau, found.enough, found.tied.hits) == (1.0, True, 0)
    assert found.chance == pytest.approx(1 / 120)
    turned = findings([SUIT], ranked(20, 40, 60, 80, 100)).ranked
    assert (turned.tau, turned.chance) == (-1.0, 1.0)


def test_equal_scores_are_no_order() -> None:
    found = findings([SUIT], [*ranked(50, 50, 50, 50, 50), case(9)]).ranked
    assert (found.pictures, found.tau, found.tied.share) == (5, None, 1.0)


def test_few_ranks_are_too_few() -> None:
    found = findings([SUIT], ranked(100, 50)).ranked
    assert not found.enough
    assert findings([SUIT], []).ranked.pictures == 0


# -- whole pictures and thresholds


def whole(number: int, score: float, good: bool, labels: Mapping[str, bool] | None = None) -> Case:
    said = labels if labels is not None else {"suit": good, "face": good}
    return case(number, labels=said, score=score, accepted=score >= 100, criteria=("suit", "face"))


def test_a_lower_pass_score_where_the_judge_is_too_strict() -> None:
    cases = [whole(n, 80, True) for n in range(6)] + [whole(n, 40, False) for n in range(6, 12)]
    found = findings([SUIT, FACE], cases)
    assert found.cut is not None and found.cut.value == 80
    assert (found.accepting.false_fail, found.accepting.true_fail) == (6, 6)


def test_a_picture_counts_as_a_whole_when_all_is_said_or_something_is_refused() -> None:
    cases = [
        whole(1, 100, True, {"suit": True}),  # face is not said
        whole(2, 100, True, {"suit": False}),  # refused, whatever the face is
        whole(3, 100, True),
    ]
    found = findings([SUIT, FACE], cases).accepting
    assert (found.labels, found.false_pass, found.true_pass) == (2, 1, 1)


def test_few_whole_pictures_suggest_no_pass_score() -> None:
    cases = [whole(n, 80, True) for n in range(5)] + [whole(n, 40, False) for n in range(5, LEAST_LABELS - 1)]
    assert findings([SUIT, FACE], cases).cut is None


def alike(*pairs: tuple[float, bool]) -> list[Case]:
    return [
        case(
            n,
            [verdict("alike", P if value >= 0.5 else F, value, by="measured:similarity")],
            {"alike": label},
        )
        for n, (value, label) in enumerate(pairs)
    ]


def test_a_better_bound_for_what_is_measured() -> None:
    pairs = [(0.6, False)] * 5 + [(0.8, True)] * 4 + [(0.9, True)] * 3
    bound = of(findings([ALIKE], alike(*pairs)), "alike").bound
    assert bound is not None
    assert (bound.which, bound.now, bound.value) == ("min", 0.5, 0.8)
    assert (bound.kept.hits, bound.let_through.hits) == (7, 0)


def test_an_upper_bound_is_an_upper_bound() -> None:
    dark = Criterion(field="alike", measure=Measure(metric="brightness", max=0.9))
    pairs = [(0.6, True)] * 5 + [(0.8, False)] * 5
    bound = of(findings([dark], alike(*pairs)), "alike").bound
    assert bound is not None and (bound.which, bound.value) == ("max", 0.6)


def test_a_bound_that_tells_as_well_stays() -> None:
    pairs = [(0.4, False)] * 5 + [(0.55, True)] * 5
    assert of(findings([ALIKE], alike(*pairs)), "alike").bound is None


def test_what_is_measured_is_not_said_to_be_seen() -> None:
    assert of(findings([ALIKE], alike((0.6, True))), "alike").state == "measured"
