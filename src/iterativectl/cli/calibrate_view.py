"""What `calibrate` says: the page for people, on the terminal and as Markdown, and the same as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iterativectl.calibration import Material
from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, count, table
from iterativectl.cli.judge_view import per_cent
from iterativectl.judging.agreement import Rate
from iterativectl.judging.calibrating import (
    LEAST_ASKED_AGAIN,
    LEAST_EACH,
    LEAST_LABELS,
    LEAST_RANKED,
    Findings,
    Ranked,
    Seen,
    State,
    enough,
)
from iterativectl.loading import EMBEDDED
from iterativectl.project import records

COLUMNS = (
    *("criterion", "the judge", "labels", "agrees", "false pass", "false fail"),
    *("kappa", "unclear", "flips"),
)
STATES: dict[State, tuple[str, Tone]] = {
    "sees": ("sees it", "good"),
    "doubtful": ("not sure yet", "unsure"),
    "blind": ("cannot see it", "bad"),
    "unclear": ("mostly unclear", "bad"),
    "too few": ("too few labels", "quiet"),
    "measured": ("measured", "plain"),
}


def blocks(found: Findings, material: Material) -> list[Block]:
    """One page: who was compared, the order, the criteria, what to do."""
    shown: list[Block] = [Line(text) for text in _who(material)]
    shown += [Line(f"note: {warning}", "unsure") for warning in material.warnings]
    shown += [Line(""), Line("Your order and the judge's scores", "head"), *_order(found.ranked)]
    shown += [Line(""), Line("Criterion by criterion", "head"), _criteria(found), *_legend(found)]
    shown += [Line(""), Line("What to do", "head"), *_todo(found, material)]
    return shown


def data(found: Findings, material: Material) -> dict[str, Any]:
    """calibration/1, less project and page."""
    return {
        "runs": [voiced.run.run_id for voiced in material.voiced],
        "judge": material.judge,
        "verdicts_by": dict(material.judges),
        "pictures": len(material.cases),
        "ranking": {**_json(found.ranked), "enough": found.ranked.enough},
        "criteria": [_seen_data(seen) for seen in found.criteria],
        "accepting": _agreement_data(found.accepting),
        "suggested": {
            "votes": _json(found.votes),
            "pass_score": _json(found.cut),
            "bounds": {seen.field: _json(seen.bound) for seen in found.criteria if seen.bound},
        },
        "warnings": list(material.warnings),
    }


def _who(material: Material) -> Iterator[str]:
    names = [voiced.run.run_id for voiced in material.voiced]
    labels = sum(len(case.labels) for case in material.cases)
    ranked = sum(case.rank is not None for case in material.cases)
    yield f"judge: {material.judge}"
    yield f"{'run' if len(names) == 1 else 'runs'}: {', '.join(names)}"
    yield f"you: {count(labels, 'label')} on {count(len(material.cases), 'picture')}, {ranked} ranked"
    others = {by: number for by, number in material.judges.items() if _another(by, material.judge)}
    if others:
        told = ", ".join(f"{number} by {by}" for by, number in sorted(others.items()))
        yield f"not all verdicts are that judge's: {told}"


def _another(by: str, judge: str) -> bool:
    return by != judge and not by.startswith(("measured:", "gate:", "depends_on:"))


def _order(ranked: Ranked) -> list[Block]:
    if not ranked.pictures:
        return [Line("no ranking: `calibrate --rank 3,20,12` writes one, best first", "quiet", 1)]
    if ranked.tau is None:
        told = "the judge gives all of them the same score" if ranked.pictures > 1 else "one is no order"
        return [Line(f"{count(ranked.pictures, 'picture')} ranked: {told}", "unsure", 1)]
    figure = f"Kendall's tau-b {ranked.tau:.2f} over {ranked.pictures} pictures (1: your order, 0: no order)"
    lines: list[Block] = [Line(figure, indent=1)]
    if not ranked.enough:
        return [*lines, Line(f"too few to say: rank {LEAST_RANKED} at least", "quiet", 1)]
    odds = f"a random order does as well in {_odds(ranked.chance)} cases"
    lines.append(Line(f"{odds}; {_strength(ranked)}", _tone(ranked), 1))
    if ranked.tied.hits:
        tied = f"{per_cent(ranked.tied.share)} of the pairs have equal scores: the judge does not order them"
        lines.append(Line(tied, "quiet", 1))
    return lines


def _odds(chance: float) -> str:
    return "fewer than 1 of 1000" if chance < 0.001 else f"{max(1, round(1000 * chance))} of 1000"


def _strength(ranked: Ranked) -> str:
    if ranked.chance > 0.05:
        return "the scores do not show your order"
    strong = ranked.tau is not None and ranked.tau >= 0.5
    return "the scores follow your order" if strong else "the scores follow your order loosely"


def _tone(ranked: Ranked) -> Tone:
    return "unsure" if ranked.chance > 0.05 else "good"


def _criteria(found: Findings) -> Table:
    rows = [_row(seen) for seen in found.criteria]
    whole = found.accepting
    if whole.labels:
        accepted = (
            Cell("(whole picture)", "quiet"),
            "",
            str(whole.labels),
            _share(whole.accuracy),
            _share(whole.false_passes),
            _share(whole.false_fails),
        )
        rows.append((*accepted, _kappa(whole.kappa) if enough(whole) else "", "", ""))
    names = (
        "criterion",
        "the judge",
        "labels",
        "agrees",
        "false pass",
        "false fail",
        "kappa",
        "unclear",
        "flips",
    )
    return table(names, rows)


def _row(seen: Seen) -> tuple[Cell | str, ...]:
    words, tone = STATES[seen.state]
    agreed = seen.agreement
    return (
        seen.field,
        Cell(words, tone),
        str(agreed.labels),
        _share(agreed.accuracy),
        _share(agreed.false_passes),
        _share(agreed.false_fails),
        _kappa(agreed.kappa) if enough(agreed) else "",
        per_cent(seen.unclear.share),
        _flips(seen),
    )


def _share(rate: Rate) -> str:
    """`8/10 (49-94 %)`."""
    if not rate.total:
        return ""
    return f"{rate.hits}/{rate.total} ({100 * rate.low:.0f}-{100 * rate.high:.0f} %)"


def _kappa(kappa: Any) -> str:
    return "" if kappa is None else f"{kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"


def _flips(seen: Seen) -> str:
    return "" if seen.flips.share is None else f"{per_cent(seen.flips.share)} of {seen.flips.askings}"


def _legend(found: Findings) -> list[Block]:
    lines = [
        "false pass: the share of what you refuse that the judge passes; false fail: the other way round",
        "in brackets: where the true figure lies in 95 of 100 cases; kappa: 1 agreement, 0 chance",
    ]
    if any(seen.flips.share is not None for seen in found.criteria):
        lines.append("flips: how often two askings about one picture differ, and how many there were")
    return [Line(text, "quiet", 1) for text in lines]


def _todo(found: Findings, material: Material) -> list[Block]:
    lines = [*_per_criterion(found), *_too_few(found), *_whole(found, material)]
    return [Line(text, indent=1) for text in lines or ["nothing: the judge sees what you see"]]


def _per_criterion(found: Findings) -> Iterator[str]:
    for seen in found.criteria:
        if seen.state == "unclear":
            yield f"{seen.field}: the judge cannot tell; ask for what can be seen, or measure it"
        elif seen.state == "blind":
            yield f"{seen.field}: as good as chance; measure it, reword it, or ask a stronger model"
        elif seen.state == "doubtful":
            yield f"{seen.field}: it may see this; more labels would tell"
        if seen.votes is not None and not seen.votes.enough:
            yield (
                f"{seen.field}: flips too often; even {seen.votes.votes} votes pass it wrongly in "
                f"{per_cent(seen.votes.wrong)} of the cases: reword it, or ask a stronger model"
            )
        if seen.bound is not None:
            bound = seen.bound
            yield (
                f"{seen.field}: `{bound.which}: {bound.value:g}` instead of {bound.now:g} keeps "
                f"{_of(bound.kept)} that you pass and lets {_of(bound.let_through)} through that you refuse"
            )


def _too_few(found: Findings) -> Iterator[str]:
    few = [seen for seen in found.criteria if seen.state == "too few"]
    if few:
        has = ", ".join(f"{s.field} has {s.agreement.met} and {s.agreement.not_met}" for s in few)
        wanted = f"{LEAST_LABELS} of a criterion, {LEAST_EACH} met and {LEAST_EACH} not met among them"
        yield f"too few labels to say; it takes {wanted}: {has}"


def _whole(found: Findings, material: Material) -> Iterator[str]:
    if found.votes is not None:
        told = f"wrong in {per_cent(found.votes.wrong)}, missed in {per_cent(found.votes.missed)}"
        yield f"`votes: {found.votes.votes}` in AIVis.yaml settles what flips ({told})"
    elif not any(seen.votes for seen in found.criteria) and not material.judge.startswith(f"{EMBEDDED}/"):
        asked = f"{LEAST_ASKED_AGAIN} pairs of askings of a criterion"
        yield f"votes: nobody was asked again ({asked} are needed): `calibrate --repeat 5` asks"
    now = material.newest.run.rules.pass_score
    if found.cut is None:
        kinds = f"{LEAST_LABELS} pictures with every label, {LEAST_EACH} good and {LEAST_EACH} not at least"
        yield f"pass_score: too few to say; it needs {kinds}"
    elif found.cut.value != now:
        yield (
            f"`pass_score: {found.cut.value:g}` in rules.yaml (now {now:g}) keeps {_of(found.cut.kept)} "
            f"that you pass and lets {_of(found.cut.let_through)} through that you refuse"
        )


def _of(rate: Rate) -> str:
    return f"{rate.hits} of {rate.total}"


def _seen_data(seen: Seen) -> dict[str, Any]:
    return {
        "field": seen.field,
        "state": seen.state,
        "agreement": _agreement_data(seen.agreement),
        "unclear": _rate_data(seen.unclear),
        "flips": _json(seen.flips),
        "votes": _json(seen.votes),
    }


def _agreement_data(agreed: Any) -> dict[str, Any]:
    return {
        **_json(agreed),
        "labels": agreed.labels,
        "accuracy": _rate_data(agreed.accuracy),
        "false_passes": _rate_data(agreed.false_passes),
        "false_fails": _rate_data(agreed.false_fails),
        "kappa": _json(agreed.kappa),
    }


def _rate_data(rate: Rate) -> dict[str, Any]:
    return {**_json(rate), "share": rate.share}


def _json(fact: Any) -> Any:
    return records.to_json(fact)
