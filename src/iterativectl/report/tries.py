"""One iteration of the report's page: the picture, the verdicts, what was tried and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iterativectl.report.gathering import Facts, Gathered
from iterativectl.report.markup import Child, Markup, tag
from iterativectl.report.words import duration, money, number

SHOWN = ("denoise", "cfg", "steps", "sampler_name", "scheduler", "seed")


def tried(facts: Facts, run: Gathered, address: str | None) -> Markup:
    """An iteration. `address` is its picture's."""
    number_ = facts["n"]
    image = (
        tag("img", src=address, alt=f"Iteration {number_}")
        if address
        else tag("div", facts["failure"]["message"] if facts["failure"] else "no picture", class_="absent")
    )
    return tag(
        "article",
        tag("figure", image),
        tag(
            "div",
            tag("header", tag("h3", f"Iteration {number_}"), list(_standing(facts, run))),
            _verdicts(facts),
            tag("p", _settings(facts), class_="settings"),
            _failure(facts),
            _prompts(facts["changes"]),
            _reasons(facts),
            tag("div", facts["note"], class_="note text") if facts["note"] else None,
        ),
        class_="panel iteration",
        id=f"iteration-{number_}",
    )


def _standing(facts: Facts, run: Gathered) -> Iterator[Child]:
    if facts["score"] is not None:
        yield tag("span", f"score {number(facts['score'])}", class_="score")
    likeness = facts["similarity"]["measured"]
    inside = facts["similarity"]["inside_mask"]
    if likeness is not None:
        where = f"{number(inside)} inside the mask" if inside is not None else number(likeness)
        yield tag("span", f"similarity {where}", class_="muted")
    if facts["accepted"]:
        yield tag("span", "accepted", class_="mark passed")
    elif facts["n"] == run.best:
        yield tag("span", "the best", class_="mark")
    if facts["rank"]:
        yield tag("span", f"ranked {facts['rank']}")
    told = [f"{facts['stars']} of 5 stars"] if facts["stars"] else []
    told += [name for name in ("favourite", "rejected") if facts[name]]
    if told:
        yield tag("span", ", ".join(told))
    spent = filter(None, (duration(facts["seconds"]), money(facts["cost_usd"]) if facts["cost_usd"] else ""))
    yield tag("span", " · ".join(spent), class_="muted")


def _verdicts(facts: Facts) -> Markup | None:
    words = {"passed": "✓", "failed": "✗", "unclear": "?"}
    said = [
        tag(
            "li",
            f"{words[found['verdict']]} {field}{_yours(found)}",
            class_=found["verdict"],
            title=found["reason"],
        )
        for field, found in facts["verdicts"].items()
    ]
    return tag("ul", said, class_="tags") if said else None


def _yours(found: Facts) -> str:
    return "" if found["human"] is None else f" (you: {'met' if found['human'] else 'not met'})"


def _settings(facts: Facts) -> str:
    """The settings in one line, and whose settings they were before."""
    used = {name: facts["parameters"].get(name) for name in SHOWN}
    told = [
        f"{name.removesuffix('_name')} {number(value)}" for name, value in used.items() if value is not None
    ]
    if facts["mask"]:
        told.append(f"mask {facts['mask']}")
    if facts["parent"] is not None:
        told.append(f"from iteration {facts['parent']}")
    return " · ".join(told)


def _failure(facts: Facts) -> Markup | None:
    failed = facts["failure"]
    if not failed:
        return None
    return tag("p", tag("b", "Failed: "), failed["message"], " ", failed["hint"], class_="failed text")


def _prompts(changes: Facts) -> list[Markup]:
    """Both prompts, with what was taken out and what was put in since the parent."""
    shown = []
    for side in ("positive", "negative"):
        pieces = changes["prompts"][side]
        if pieces:
            shown.append(tag("p", tag("b", side), [_piece(piece) for piece in pieces], class_="prompt text"))
    return shown


def _piece(piece: dict[str, Any]) -> Child:
    names = {"added": "ins", "removed": "del"}
    name = names.get(piece["kind"])
    return tag(name, piece["text"]) if name else str(piece["text"])


def _reasons(facts: Facts) -> Markup | None:
    said = [tag("li", reason) for reason in facts["reasons"]]
    return tag("ul", said, class_="plain muted") if said else None
