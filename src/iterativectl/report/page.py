"""A run as one page of HTML that needs nothing else: no script, nothing from elsewhere.

Made in pieces, so that a long run is never all in memory. The verdict comes first, then the pictures, then
why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iterativectl.report.gathering import Facts, Gathered
from iterativectl.report.markup import Child, Markup, joined, tag
from iterativectl.report.pictures import Pictures
from iterativectl.report.style import policy, style
from iterativectl.report.tries import tried
from iterativectl.report.words import count, duration, money, number, spent, verdict

LARGE, SMALL = 900, 480  # px of the longest side where pictures are embedded


def page(run: Gathered, pictures: Pictures) -> Iterator[str]:
    """The whole page, piece by piece."""
    yield _head(run, pictures)
    yield _opening(run)
    yield _pair(run, pictures)
    best = run.in_full(run.best) if run.best is not None else None
    yield _criteria(run, best)
    yield _ranking(run)
    yield _chart(run)
    yield tag("h2", "Every iteration")
    for facts in run.all_in_full():
        yield tried(facts, run, pictures.address(run.picture(facts["n"]), f"iteration_{facts['n']}", SMALL))
    if not run.lines:
        yield tag("p", "None was finished.", class_="muted")
    yield _costs(run)
    yield _made_with(run)
    yield _problems(run)
    yield _foot(run)


def _head(run: Gathered, pictures: Pictures) -> str:
    title, looks = f"{run.project.name}, run {run.paths.run_id}", style()
    return joined(
        [
            Markup('<!doctype html>\n<html lang="en"><head>'),
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy(pictures.sources, looks)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", title),
            tag("style", Markup(looks)),
            Markup("</head><body><main>\n"),
        ]
    )


def _opening(run: Gathered) -> Markup:
    facts = run.run
    tone = "passed" if facts["accepted"] else "failed" if facts["state"] == "failed" else "unclear"
    told = [
        facts["started_at"] and f"Started {_when(facts['started_at'])}",
        duration(facts["seconds"]),
        spent(facts["usage"]),
    ]
    return tag(
        "header",
        tag("p", f"Run {run.paths.run_id}", class_="eyebrow"),
        tag("h1", run.project.name),
        tag("p", verdict(facts), class_=f"verdict {tone}"),
        tag("p", " · ".join(str(part) for part in told if part), class_="muted"),
    )


def _pair(run: Gathered, pictures: Pictures) -> Markup:
    """The original and the best picture beside each other."""
    best = run.best
    made = pictures.address(run.picture(best), f"iteration_{best}", LARGE) if best is not None else None
    found = next((facts for facts in run.lines if facts["n"] == best), None)
    likeness = found["similarity"] if found else None
    told = "" if likeness is None else f", similarity to the original {number(likeness)}"
    said = (
        f"Iteration {best}, score {number(run.run['best_score'])}{told}" if found else "No picture was made"
    )
    size = f", {run.run['input']['width']} × {run.run['input']['height']} px" if run.original else ""
    original = pictures.address(run.original, "original", LARGE)
    return tag(
        "section",
        figure(original, "The original", f"The original{size}", "The original is another picture now."),
        figure(made, f"Iteration {best}", said, "There is no picture."),
        class_="pair",
    )


def figure(address: str | None, alt: str, caption: str, absent: str) -> Markup:
    """A picture with what is said below it, or what is said in its place."""
    shown = tag("img", src=address, alt=alt) if address else tag("div", absent, class_="absent")
    return tag("figure", shown, tag("figcaption", caption))


def _criteria(run: Gathered, best: Facts | None) -> Markup:
    verdicts = best["verdicts"] if best else {}
    judged = any(found["human"] is not None for found in verdicts.values())
    rows = [_criterion(asked, verdicts.get(asked["field"]), judged) for asked in run.run["criteria"]]
    if not rows:
        return Markup("")
    of = f"What iteration {run.best} was held against" if best else "What was asked for"
    names = ("Criterion", "Verdict", "Why", *(("You say",) if judged else ()))
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    table = tag("table", head, tag("tbody", rows), class_="criteria")
    return tag("section", tag("h2", of), tag("div", table, class_="panel wide"))


def _criterion(asked: Facts, found: Facts | None, judged: bool) -> Markup:
    """A row; `judged`: a person said something of one of them."""
    outcome = found["verdict"] if found else "not judged"
    told = [asked["intent"], f"wanted: {asked['in_words']}" if asked["in_words"] else None]
    return tag(
        "tr",
        tag(
            "td",
            tag("b", asked["field"]),
            tag("div", asked["question"], class_="text"),
            tag("div", ", ".join(part for part in told if part), class_="muted"),
        ),
        tag("td", outcome, class_=f"mark {outcome if found else 'muted'}"),
        tag(
            "td",
            tag("div", found["reason"] if found else "", class_="text"),
            tag("div", _by(found["by"], found["confidence"]) if found else "", class_="muted"),
        ),
        tag("td", _human(found["human"] if found else None), class_="mark") if judged else None,
    )


def _by(by: str, sure: Any) -> str:
    return ", ".join(filter(None, (by, f"confidence {number(sure)}" if sure is not None else "")))


def _human(said: bool | None) -> Child:
    if said is None:
        return tag("span", "–", class_="muted")
    return tag("span", "met" if said else "not met", class_="passed" if said else "failed")


def _ranking(run: Gathered) -> Markup:
    """What a person said: the ranking, and notes on pictures that are not in it."""
    notes = {facts["n"]: facts["note"] for facts in run.lines if facts["note"]}
    ranked = [tag("li", f"Iteration {n}", _noted(notes.get(n))) for n in run.ranking]
    others = [tag("li", f"Iteration {n}", _noted(note)) for n, note in notes.items() if n not in run.ranking]
    if not ranked and not others:
        return Markup("")
    return tag(
        "section",
        tag("h2", "Ranking and notes"),
        tag(
            "div",
            tag("ol", ranked, class_="ranking") if ranked else None,
            tag("ul", others, class_="plain") if others else None,
            class_="panel",
        ),
    )


def _noted(note: str | None) -> Child:
    return [": ", tag("span", note, class_="text")] if note else None


def _chart(run: Gathered) -> Markup:
    """The scores as bars; nothing for a single iteration."""
    scored = [facts for facts in run.lines if facts["score"] is not None]
    if len(scored) < 2 or len(run.lines) > 200:
        return Markup("")
    step = 600 / len(run.lines)
    wide = min(28.0, step * 0.7)
    bars: list[Child] = [tag("line", x1=20, x2=620, y1=100, y2=100)]
    for place, facts in enumerate(run.lines):
        middle, high = 20 + step * (place + 0.5), 0.9 * (facts["score"] or 0)
        bars.append(
            tag(
                "rect",
                tag("title", f"Iteration {facts['n']}: {number(facts['score'])}"),
                x=f"{middle - wide / 2:.1f}",
                y=f"{100 - high:.1f}",
                width=f"{wide:.1f}",
                height=f"{max(high, 1):.1f}",
                class_="won" if facts["accepted"] else "best" if facts["n"] == run.best else None,
            )
        )
        if len(run.lines) <= 40:
            bars.append(tag("text", str(facts["n"]), x=f"{middle:.1f}", y=114))
    says = "Score by iteration"
    drawn = tag("svg", bars, class_="chart", viewBox="0 0 640 120", role="img", aria_label=says)
    return tag("section", tag("h2", says), tag("div", drawn, class_="panel"))


def _costs(run: Gathered) -> Markup:
    facts, each = run.run, run.run["cost_per_accepted"] or {}
    per = each.get("usd")
    told = [
        ("Time", duration(facts["seconds"])),
        ("Models", spent(facts["usage"])),
        ("An accepted picture of this project", money(per) if per is not None else ""),
    ]
    return _listed("Time and cost", told)


def _made_with(run: Gathered) -> Markup:
    facts, began = run.run, run.began
    seeded = facts["seeded_from"]
    settings = ", ".join(f"{name} {number(value)}" for name, value in began["parameters"].items())
    told = [
        ("Pictures", facts["engine"]),
        ("Judge", facts["judge"]),
        ("Workflow", facts["workflow"]),
        ("Mask", facts["mask"]),
        ("Began with", settings),
        ("Positive prompt", began["prompts"]["positive"]),
        ("Negative prompt", began["prompts"]["negative"]),
        ("From the ranking of", f"run {seeded.get('run_id')} ({seeded.get('mode')})" if seeded else None),
        (
            "Limits",
            f"at most {count(facts['max_iterations'], 'iteration')}" if facts["max_iterations"] else None,
        ),
        *((f"Version: {name}", said) for name, said in run.versions.items()),
    ]
    return _listed("How it was made", told)


def _listed(title: str, told: list[tuple[str, Any]]) -> Markup:
    rows = [(tag("dt", name), tag("dd", str(said), class_="text")) for name, said in told if said]
    return tag("section", tag("h2", title), tag("div", tag("dl", rows), class_="panel"))


def _problems(run: Gathered) -> Markup:
    found = run.run["problems"]
    if not found:
        return Markup("")
    listed = tag("ul", [tag("li", problem) for problem in found], class_="plain")
    return tag("section", tag("h2", "What could not be read"), tag("div", listed, class_="panel failed"))


def _foot(run: Gathered) -> str:
    made = f"Made by {run.versions['report']} on {_when(run.made_at.isoformat(timespec='seconds'))}."
    return joined([tag("footer", made), Markup("\n</main></body></html>\n")])


def _when(said: str) -> str:
    """ISO 8601 as people write it, as far as the minute."""
    return said[:16].replace("T", " ")
