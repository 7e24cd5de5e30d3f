"""A person's labels and rankings beside the judge's verdicts, from the files of a project's runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iterativectl import files
from iterativectl.assessing import EVALUATION_FORMAT
from iterativectl.bench import Bench, Doing, Tell, judged
from iterativectl.config.types import Criterion
from iterativectl.config.wording import did_you_mean
from iterativectl.errors import ProjectError, UsageError
from iterativectl.judgement import combined
from iterativectl.judging.calibrating import Case
from iterativectl.judging.score import score
from iterativectl.model import Iteration, Outcome, Verdict
from iterativectl.policy import stages
from iterativectl.project import handwriting, human, records, runs
from iterativectl.project.human import Labels, Ranking
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord

REPEATS_FORMAT = "repeats/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiced:
    """A run of whose pictures a person has said something. `iterations` are those that were judged."""

    paths: RunPaths
    run: RunRecord
    iterations: Mapping[int, Iteration]
    ranking: Ranking
    labels: Labels

    @property
    def judge(self) -> str:
        """PROVIDER/MODEL of the run."""
        return f"{self.run.aivis.provider}/{self.run.aivis.model}"

    @property
    def spoken_of(self) -> tuple[int, ...]:
        """The judged iterations that have a label or a rank, in order."""
        labelled = human.iterations_in(tuple(self.labels.labels))
        ranked = self.ranking.known(tuple(self.iterations))
        return tuple(number for number in self.iterations if number in labelled or number in ranked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a calibration is made from: runs by one judge and one set of rules, newest last.

    `judge` is PROVIDER/MODEL; `judges` counts whose verdicts they are. `warnings` are sentences for people.
    """

    voiced: tuple[Voiced, ...]
    judge: str
    cases: tuple[Case, ...]
    judges: Mapping[str, int]
    warnings: tuple[str, ...] = ()

    @property
    def newest(self) -> Voiced:
        """The run that the report goes to."""
        return self.voiced[-1]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria of the rules."""
        return self.newest.run.rules.acceptance_criteria


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a judge said when it was asked again: iteration -> field -> verdicts, as they came.

    `asked_at` is ISO 8601.
    """

    asked_at: str = ""
    verdicts: Mapping[str, Mapping[str, tuple[Outcome, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repeats:
    judges: Mapping[str, Again]


def chosen_run(project: ProjectPaths, run_id: str | None) -> RunPaths:
    """The run by name, else the newest. Raises UsageError."""
    ids = runs.run_ids(project)
    if not ids:
        raise UsageError(
            f"{project.name} has no run yet", f"`iterativectl run --project {project.name}` makes pictures."
        )
    if run_id is not None and run_id not in ids:
        raise UsageError(f"there is no run {run_id} in {project.name}", f"There are: {', '.join(ids[-10:])}.")
    return project.run(run_id or ids[-1])


def gather(project: ProjectPaths, run_id: str | None) -> Material | None:
    """Everything that a person said: of one run, else of all that have the newest one's judge and rules.

    None when nobody has said anything. Raises ProjectError naming a damaged file.
    """
    chosen_run(project, run_id)
    warnings: list[str] = []
    names = runs.run_ids(project) if run_id is None else [run_id]
    found = [voiced for name in names if (voiced := _voiced(project.run(name), warnings))]
    if not found:
        return None
    alike = [voiced for voiced in found if _comparable(voiced.run, found[-1].run)]
    for voiced in found:
        if voiced not in alike:
            warnings.append(f"run {voiced.run.run_id} had another judge or other criteria: left out")
    return _material(tuple(alike), found[-1].judge, warnings)


def require(paths: RunPaths, iterations: Sequence[int], fields: Sequence[str] = ()) -> None:
    """Raise UsageError for an iteration that the run does not have, and for a field that its rules do not."""
    done = runs.committed(paths)
    for number in iterations:
        if number not in done:
            there = _there_are([str(n) for n in done])
            raise UsageError(f"run {paths.run_id} has no iteration {number}", there)
    known = [criterion.field for criterion in runs.read_run(paths).rules.acceptance_criteria]
    for name in fields:
        if name not in known:
            hint = did_you_mean(name, known).strip() or _there_are(known)
            raise UsageError(f"the rules have no criterion '{name}'", hint)


def label(paths: RunPaths, iteration: int, said: Mapping[str, bool | None], now: str) -> Labels:
    """Write labels; None takes one back. Raises UsageError for what the run does not have."""
    require(paths, [iteration], list(said))
    return human.label(paths, iteration, said, now)


def rank(paths: RunPaths, iterations: Sequence[int], now: str) -> Ranking:
    """Write a ranking, best first. Raises UsageError for what the run does not have."""
    require(paths, iterations)
    return human.rank(paths, iterations, runs.committed(paths), now)


def asked_again(
    material: Material, bench: Callable[[Voiced], Bench], judge: str, askings: int, tell: Tell
) -> Material:
    """The material with the verdicts of so many new askings about every picture that a person spoke of.

    They are written to human/repeats.json. Where `judge` is not the one of the runs, its majorities take the
    place of their verdicts. Raises what a Judge raises, and ImageError; what was answered is kept.
    """
    total = sum(len(voiced.spoken_of) for voiced in material.voiced)
    number, anew = 0, []
    for voiced in material.voiced:
        at, said, ruled = bench(voiced), {}, {}
        for iteration in voiced.spoken_of:
            number += 1
            path = voiced.paths.image(iteration)
            doing = Doing(number=number, total=total, name=path.name, purpose="", askings=askings)
            mask = voiced.iterations[iteration].plan.mask
            found, _ = judged(at, path.read_bytes(), mask, doing, tell)
            columns = zip(*found, strict=True)
            said[str(iteration)] = {v[0].field: tuple(one.verdict for one in v) for v in columns}
            ruled[iteration] = combined(found)
        now = at.clock.now().isoformat(timespec="seconds")
        _keep(voiced.paths, judge, Again(asked_at=now, verdicts=said))
        anew.append(voiced if judge == material.judge else _by_another(voiced, ruled))
    return _material(tuple(anew), judge, list(material.warnings))


def read_again(paths: RunPaths, judge: str) -> Again:
    """What a judge said when it was asked again before. Raises ProjectError naming a damaged file."""
    return _said_again(paths).get(judge, Again())


def _said_again(paths: RunPaths) -> dict[str, Again]:
    """By judge."""
    if not paths.repeats.exists():
        return {}
    try:
        kept = records.read(paths.repeats, REPEATS_FORMAT)["judges"]
        return dict(records.from_json(_Repeats, {"judges": kept}).judges)
    except (KeyError, ValueError) as error:
        raise records.damaged(paths.repeats, str(error)) from error


def _keep(paths: RunPaths, judge: str, again: Again) -> None:
    """Write what was said, beside what other judges said."""

    def change() -> None:
        judges = {**_said_again(paths), judge: again}
        files.write_json(paths.repeats, {"format": REPEATS_FORMAT, "judges": records.to_json(judges)})

    handwriting.alone(paths, again.asked_at, change)


def _voiced(paths: RunPaths, warnings: list[str]) -> Voiced | None:
    """A run of which a person has said something; None for another."""
    ranking, labels = human.read_ranking(paths.ranking), human.read_labels(paths.labels)
    if ranking is None and labels is None:
        return None
    iterations = {}
    for number in runs.committed(paths):
        try:
            iteration = runs.read_iteration(paths, number)
        except ProjectError as error:
            warnings.append(f"{error.message}: left out")
            continue
        if iteration.assessment is not None:
            iterations[number] = iteration
    voiced = Voiced(
        paths=paths,
        run=runs.read_run(paths),
        iterations=iterations,
        ranking=ranking or Ranking(),
        labels=labels or Labels(),
    )
    warnings += _strangers(voiced)
    return voiced if ranking and ranking.ranking or labels and labels.labels else None


def _strangers(voiced: Voiced) -> list[str]:
    """What a person wrote of pictures and criteria that the run does not have: kept, and not counted."""
    known = {str(number) for number in voiced.iterations}
    fields = {criterion.field for criterion in voiced.run.rules.acceptance_criteria}
    named = [*voiced.ranking.ranking, *voiced.labels.labels]
    lost = [name for name in dict.fromkeys(named) if name not in known]
    said = voiced.labels.labels.values()
    odd = [name for name in dict.fromkeys(name for labels in said for name in labels) if name not in fields]
    where, notes = f"run {voiced.paths.run_id}", []
    if lost:
        notes.append(f"{where} has no judged iteration {_listed(lost)}: what was said of it is not counted")
    if odd:
        notes.append(f"the rules of {where} have no criterion {_listed(odd)}: its labels are not counted")
    return notes


def _comparable(run: RunRecord, other: RunRecord) -> bool:
    same = (run.aivis.provider, run.aivis.model) == (other.aivis.provider, other.aivis.model)
    return same and run.rules.acceptance_criteria == other.rules.acceptance_criteria


def _material(voiced: tuple[Voiced, ...], judge: str, warnings: list[str]) -> Material:
    """The cases of all runs. Only the newest ranking counts: places in two rankings do not compare."""
    ranked = next((v for v in reversed(voiced) if v.ranking.ranking), None)
    cases = []
    judges: Counter[str] = Counter()
    for one in voiced:
        again = read_again(one.paths, judge)
        order = one.ranking.known(tuple(one.iterations)) if one is ranked else ()
        for number in one.spoken_of:
            case = _case(one, number, order.index(number) if number in order else None, again)
            judges.update(verdict.by for verdict in case.verdicts.values())
            cases.append(case)
    return Material(voiced=voiced, judge=judge, cases=tuple(cases), judges=judges, warnings=tuple(warnings))


def _case(voiced: Voiced, number: int, place: int | None, again: Again) -> Case:
    run, iteration = voiced.run, voiced.iterations[number]
    masks = tuple(run.masks)
    assessment = iteration.assessment
    assert assessment is not None, "only judged iterations are spoken of"
    recorded = _first_two_votes(voiced.paths, number)
    return Case(
        name=f"{voiced.paths.run_id}/{number}",
        criteria=tuple(c.field for c in stages.in_force(run.rules, masks, iteration.plan.mask)),
        verdicts={verdict.field: verdict for verdict in assessment.verdicts},
        labels=voiced.labels.labels.get(str(number), {}),
        asked_again={**recorded, **again.verdicts.get(str(number), {})},
        score=score(assessment.verdicts, stages.demanded(run.rules, masks)),
        rank=place,
        accepted=stages.passes(assessment, run.rules),
    )


def _first_two_votes(paths: RunPaths, number: int) -> dict[str, list[Outcome]]:
    """What the votes of a run say of flips: field -> two verdicts of one judge.

    Only the first two: whether a third is asked for hangs on what these said, and would count flips twice.
    """
    path = paths.evaluation(number)
    votes = records.read(path, EVALUATION_FORMAT).get("votes", {}) if path.exists() else {}
    found: dict[str, list[Outcome]] = {}
    for name, given in votes.items():
        first = [vote for vote in given[:2] if vote.get("by") == given[0].get("by")]
        if len(first) == 2:
            found[name] = [vote["verdict"] for vote in first]
    return found


def _by_another(voiced: Voiced, ruled: Mapping[int, tuple[Verdict, ...]]) -> Voiced:
    """The run as if another judge had given its verdicts."""
    masks = tuple(voiced.run.masks)
    iterations = dict(voiced.iterations)
    for number, verdicts in ruled.items():
        old = iterations[number]
        assert old.assessment is not None, "only judged iterations are asked about again"
        criteria = stages.in_force(voiced.run.rules, masks, old.plan.mask)
        assessment = replace(old.assessment, verdicts=verdicts, score=score(verdicts, criteria))
        iterations[number] = replace(old, assessment=assessment)
    return replace(voiced, iterations=iterations)


def _there_are(names: Sequence[Any]) -> str:
    return f"There are: {', '.join(names)}." if names else "There are none yet."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name:.40}'" for name in names[:5]) + (", ..." if len(names) > 5 else "")
