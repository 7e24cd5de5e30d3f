"""What a line of the index says: of an iteration, of a run, of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["passed", "failed", "unclear", "none"]
VERDICTS: tuple[Verdict, ...] = ("passed", "failed", "unclear", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationFacts:
    """A committed iteration. `passed`, `failed`, `unclear`: how many criteria were judged so.

    `seconds`: what making and judging it took; `cost_usd` None: not known, or nothing was asked.
    `picture`: the first characters of its hash, None without one.
    `stars` 0 to 5, `favourite`, `rejected` and `note` are a person's.
    """

    n: int
    status: str
    at: str | None = None
    score: float | None = None
    passed: int = 0
    failed: int = 0
    unclear: int = 0
    similarity: float | None = None
    denoise: float | None = None
    cfg: float | None = None
    steps: int | None = None
    seed: int | None = None
    strategy: str | None = None
    workflow: str | None = None
    seconds: float = 0.0
    cost_usd: float | None = None
    positive: str = ""
    negative: str = ""
    picture: str | None = None
    stars: int = 0
    favourite: bool = False
    rejected: bool = False
    note: str = ""

    @property
    def criteria(self) -> int:
        """How many criteria were judged."""
        return self.passed + self.failed + self.unclear

    @property
    def verdict(self) -> Verdict:
        """Of all criteria together: one that failed decides, then one that is unclear."""
        if not self.criteria:
            return "none"
        return "failed" if self.failed else "unclear" if self.unclear else "passed"

    @property
    def rank(self) -> tuple[float, int, int]:
        """The larger, the better: score, then fewer unclear, then the earlier."""
        return (-1.0 if self.score is None else self.score, -self.unclear, -self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run. `verdict`, `score`, `passed` of `criteria`, `similarity`, `prompt`: of its best iteration.

    `seconds` is the sum of its iterations'; `cost_usd` None: not known. `favourites`, `ranked`, `notes`: how
    many. `picture`: the first characters of the best picture's hash.
    """

    project: str
    run_id: str
    started_at: str | None = None
    state: str
    words: str
    verdict: Verdict = "none"
    score: float | None = None
    best_iteration: int | None = None
    iterations: int = 0
    max_iterations: int | None = None
    passed: int | None = None
    criteria: int | None = None
    similarity: float | None = None
    seconds: float = 0.0
    cost_usd: float | None = None
    requests: int = 0
    engine: str | None = None
    judge: str | None = None
    prompt: str = ""
    variants: int = 0
    seeded_from: str | None = None
    favourites: int = 0
    ranked: int = 0
    notes: int = 0
    picture: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRead:
    """A run as its files say it. `stamp`: by which a change of these is noticed."""

    run: RunFacts
    iterations: Sequence[IterationFacts]
    stamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """A project. `accepted`: whether output/ holds an accepted picture, and of which run and iteration."""

    name: str
    accepted: bool = False
    accepted_run: str | None = None
    accepted_iteration: int | None = None
    has_input: bool = False
    problems: tuple[str, ...] = ()


def folded(text: str) -> str:
    """Text as it is compared in a search: without case, runs of white space as one space."""
    return " ".join(text.casefold().split())
