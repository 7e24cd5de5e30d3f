"""How often a run accepts a picture that it should not, with single votes and with several, and the price.

    python benchmarks/judging.py [--runs 3000] [--quick]

Runs over drawn pictures whose truth is known, with a judge that errs as often as it is told (drawn.py). False
and true acceptances are a run's: the share of runs that end with a wrong, or with a right picture. Requests
are all that a run sends about its pictures, verdict requests those about the criteria. In the hard case half
of the errors stick to the picture: no vote can cure those.

Goals, for the votes that the template has, at 15 wrong answers in 100 that are independent: false acceptances
fall by at least 5 times (with 95 % certainty) at no more than 2.2 times the requests, and true ones do not
fall. Without any error at most one further request confirms an accepted picture. Other scenarios are shown
beside it. Some runs are made a second time as whole runs, with every file, and must take the same course.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from drawn import Course, Looking, Scenario, quick, whole

from iterativectl.config.aivis import load_aivis

ROOT = Path(__file__).resolve().parents[1]
ERROR = 0.15
ERRORS = (0.0, 0.05, ERROR, 0.25)
VOTES = (1, 3, 5)
FALL, PRICE, MOST_EXTRA = 5.0, 2.2, 1
NORMAL_95 = 1.96
USUAL = Scenario()
OTHERS = {
    "3 criteria": Scenario(criteria=3),
    "5 criteria": Scenario(criteria=5),
    "6 criteria": Scenario(criteria=6),
    "6 criteria, each holds in 8 of 10": Scenario(criteria=6, share=0.8),
    "each holds in 5 of 10": Scenario(share=0.5),
    "each holds in 8 of 10": Scenario(share=0.8),
    "from 4 of 10 to 9 of 10": Scenario(share=0.4, late=0.9),
    "at most 10 iterations": Scenario(max_iterations=10),
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of many runs. `verdicts`, `requests` and `iterations` are means, `extra` is the most of any."""

    runs: int
    false: float
    true: float
    iterations: float
    verdicts: float
    requests: float
    extra: int

    @classmethod
    def of(cls, courses: Sequence[Course]) -> Figures:
        """Summed up."""
        runs = len(courses)
        return cls(
            runs=runs,
            false=sum(course.accepted and not course.true for course in courses) / runs,
            true=sum(course.true for course in courses) / runs,
            iterations=sum(course.iterations for course in courses) / runs,
            verdicts=sum(course.verdict_requests for course in courses) / runs,
            requests=sum(course.requests for course in courses) / runs,
            extra=max(course.extra for course in courses),
        )

    def row(self, *head: str) -> str:
        """A line of the table; shares with half the width of their 95 % interval."""
        cells = [
            f"{self.false:.4f} ±{half_width(self.false, self.runs):.4f}",
            f"{self.true:.3f} ±{half_width(self.true, self.runs):.3f}",
            f"{self.iterations:.2f}",
            f"{self.verdicts:.2f}",
            f"{self.requests:.2f}",
        ]
        return f"| {' | '.join([*head, *cells])} |"


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Several votes beside single ones. `fall`: of false acceptances, `at_least` with 95 % certainty."""

    fall: float
    at_least: float
    more_true: float
    more_true_at_least: float
    requests: float
    verdicts: float

    @classmethod
    def of(cls, single: Figures, several: Figures) -> Ratio:
        """The interval of a ratio of shares is that of its logarithm (Katz and others, 1978)."""
        fall = single.false / several.false if several.false else math.inf
        spread = math.sqrt(sum((1 - f.false) / (f.runs * f.false) for f in (single, several) if f.false))
        widths = [half_width(figures.true, figures.runs) for figures in (single, several)]
        return cls(
            fall=fall,
            at_least=fall * math.exp(-NORMAL_95 * spread) if several.false else fall,
            more_true=several.true - single.true,
            more_true_at_least=several.true - single.true - math.hypot(*widths),
            requests=several.requests / single.requests,
            verdicts=several.verdicts / single.verdicts,
        )


def half_width(share: float, runs: int) -> float:
    """Of the 95 % interval of a share, Wald's."""
    return NORMAL_95 * math.sqrt(share * (1 - share) / runs)


def measured(scenario: Scenario, error: float, votes: int, runs: int, *, sticky: bool = False) -> Figures:
    """Many quick runs, of the seeds from 0 on."""
    judge = Looking(scenario=scenario, error=error, sticky=sticky)
    return Figures.of([quick(scenario, judge, votes, seed) for seed in range(runs)])


HEAD = """\
| {} | votes | false accepts a run | true accepts a run | iterations | verdict requests | requests |
|---|---|---|---|---|---|---|"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=3000, help="of a row with a goal; a third of the others")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs: too few to hold the goals")
    options = parser.parse_args()
    runs = options.runs // 10 if options.quick else options.runs
    shipped = load_aivis(ROOT / "defaults" / "config" / "AIVis.yaml")[0].votes
    began = time.perf_counter()
    agree = same_course(min(30, runs))
    single, several, exact = usual_table(runs, shipped)
    other_tables(max(1, runs // 3), shipped)
    met = goals(Ratio.of(single, several), exact, shipped)
    print(f"\n{time.perf_counter() - began:.0f} s")
    return 0 if met and agree else 1


def usual_table(runs: int, shipped: int) -> tuple[Figures, Figures, Figures]:
    """The main table; and of it single and shipped votes at ERROR, and shipped votes without any error."""
    print(f"\n{USUAL.criteria} criteria, each holds in {10 * USUAL.share:.0f} of 10 pictures; ", end="")
    print(f"at most {USUAL.max_iterations} iterations; {runs} runs a row at {ERROR:.0%}, else {runs // 3}\n")
    print(HEAD.format("wrong answers"))
    kept: dict[tuple[float, int], Figures] = {}
    for error, sticky in [
        *((error, False) for error in ERRORS),
        *((error, True) for error in ERRORS if error),
    ]:
        for votes in sorted({*VOTES, shipped}):
            enough = runs if error == ERROR and not sticky else max(1, runs // 3)
            found = measured(USUAL, error, votes, enough, sticky=sticky)
            print(found.row(f"{error:.0%}{', half of them stick' if sticky else ''}", str(votes)), flush=True)
            if not sticky:
                kept[error, votes] = found
    return kept[ERROR, 1], kept[ERROR, shipped], kept[0.0, shipped]


def other_tables(runs: int, shipped: int) -> None:
    """How much of it is the scenario's doing."""
    print(f"\nOther scenarios, {ERROR:.0%} wrong; {runs} runs each\n")
    print("| scenario | votes | false accepts fall | at least | true accepts | requests | verdict requests |")
    print("|---|---|---|---|---|---|---|")
    for name, scenario in {"as above": USUAL, **OTHERS}.items():
        single = measured(scenario, ERROR, 1, runs)
        for votes in sorted({3, shipped}):
            ratio = Ratio.of(single, measured(scenario, ERROR, votes, runs))
            print(
                f"| {name} | {votes} | {ratio.fall:.1f} x | {ratio.at_least:.1f} x | {ratio.more_true:+.3f} "
                f"| {ratio.requests:.2f} x | {ratio.verdicts:.2f} x |",
                flush=True,
            )


def same_course(runs: int) -> bool:
    """Whether whole runs, with every file, take the course of the quick ones."""
    scenario = replace(USUAL, max_iterations=6)
    differing = 0
    for seed in range(runs):
        for votes in (1, 5):
            judges = [Looking(scenario=scenario, error=ERROR) for _ in range(2)]
            with tempfile.TemporaryDirectory() as folder:
                told = whole(scenario, judges[0], votes, seed, Path(folder))
            differing += told != quick(scenario, judges[1], votes, seed)
    said = "the same course in all of them" if not differing else f"another course in {differing}: MISSED"
    print(f"{2 * runs} whole runs beside the quick ones: {said}")
    return not differing


def goals(ratio: Ratio, exact: Figures, shipped: int) -> bool:
    """Print what is to be reached, and whether it is."""
    print(f"\nGoals, {ERROR:.0%} wrong and independent, votes: {shipped}\n")
    lines = [
        (
            f"false accepts fall {ratio.fall:.1f} times (at least {ratio.at_least:.1f}), goal {FALL:g}",
            ratio.at_least >= FALL,
        ),
        (
            f"requests {ratio.requests:.2f} times, goal at most {PRICE:g} (verdict requests alone: "
            f"{ratio.verdicts:.2f})",
            ratio.requests <= PRICE,
        ),
        (
            f"true accepts {ratio.more_true:+.3f} (at least {ratio.more_true_at_least:+.3f}), goal: no fewer",
            ratio.more_true_at_least >= 0,
        ),
        (
            f"without errors at most {exact.extra} request confirms an accepted picture, goal {MOST_EXTRA}",
            exact.extra <= MOST_EXTRA,
        ),
    ]
    for text, met in lines:
        print(f"{text}: {'met' if met else 'MISSED'}")
    return all(met for _, met in lines)


if __name__ == "__main__":
    sys.exit(main())
