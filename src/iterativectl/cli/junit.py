"""A judgement as JUnit XML, the form in which GitLab, GitHub's actions and Jenkins read test results.

A picture is a test suite and a criterion a test case: `failure` for one that is not met, `error` for one that
could not be told (unclear), `skipped` for one that was not looked at because another one failed. A picture
that could not be judged has one case of the name "picture" with an error. What models and files say is text
and nothing else: the serialiser escapes it, and characters that XML has no place for are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from xml.etree import ElementTree

from iterativectl.judgement import Judged
from iterativectl.model import Verdict

# XML 1.0, production 2: everything else may not stand in a document, not even escaped.
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPING = ("gate:", "depends_on:")  # who says so: not looked at, or overruled, for another one failed
Scrub = Callable[[str], str]


def junit(pictures: Sequence[Judged], name: str, judge: str, began: datetime, scrub: Scrub) -> bytes:
    """The report. `name` is that of the project or the rules; `scrub` takes secrets out of a text."""
    root = ElementTree.Element("testsuites", {"name": _text(f"judge {name}", scrub)})
    for judged in pictures:
        suite = _suite(judged, name, scrub)
        suite.set("timestamp", began.replace(microsecond=0).isoformat())
        _properties(suite, {"judge": judge, "score": _score(judged), "usd": _usd(judged)}, scrub)
        root.append(suite)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(judged.seconds for judged in pictures):.3f}")
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(judged: Judged, name: str, scrub: Scrub) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": _text(judged.name, scrub)})
    cases = [_case(verdict, judged, name, scrub) for verdict in judged.verdicts]
    if judged.fault is not None:
        case = _empty("picture", judged, name, scrub)
        _say(case, "error", judged.fault.code, judged.fault.message, judged.fault.hint, scrub)
        cases.append(case)
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{judged.seconds:.3f}")
    suite.extend(cases)
    return suite


def _case(verdict: Verdict, judged: Judged, name: str, scrub: Scrub) -> ElementTree.Element:
    case = _empty(verdict.field, judged, name, scrub)
    if verdict.verdict == "passed":
        return case
    tag = "failure" if verdict.verdict == "failed" else "error"
    if verdict.verdict == "failed" and verdict.by.startswith(_SKIPPING):
        tag = "skipped"
    _say(case, tag, verdict.verdict, verdict.reason or verdict.verdict, _details(verdict, judged), scrub)
    return case


def _empty(field: str, judged: Judged, name: str, scrub: Scrub) -> ElementTree.Element:
    attributes = {
        "name": _text(field, scrub),
        "classname": _text(f"{name}.{judged.name}", scrub),
        "file": _text(judged.name, scrub),
        "time": "0.000",  # a picture's criteria are asked about together: the suite has their time
    }
    return ElementTree.Element("testcase", attributes)


def _say(case: ElementTree.Element, tag: str, kind: str, message: str, text: str, scrub: Scrub) -> None:
    attributes = {"message": _text(" ".join(message.split()), scrub)}
    if tag != "skipped":
        attributes["type"] = kind
    said = ElementTree.SubElement(case, tag, attributes)
    if text:
        said.text = _text(text, scrub)


def _details(verdict: Verdict, judged: Judged) -> str:
    lines = [f"picture: {judged.name}", f"verdict: {verdict.verdict}, by {verdict.by}"]
    if verdict.value is not None:
        lines.append(f"value: {verdict.value}")
    if verdict.confidence is not None:
        lines.append(f"confidence: {verdict.confidence:g}")
    return "\n".join([*lines, f"reason: {verdict.reason}"])


def _properties(suite: ElementTree.Element, values: dict[str, str], scrub: Scrub) -> None:
    """First in the suite, as the schema of JUnit's reports has it."""
    properties = ElementTree.Element("properties")
    for key, value in values.items():
        if value:
            ElementTree.SubElement(properties, "property", {"name": key, "value": _text(value, scrub)})
    suite.insert(0, properties)


def _score(judged: Judged) -> str:
    return "" if judged.score is None else f"{judged.score:g}"


def _usd(judged: Judged) -> str:
    return f"{judged.usage['cost_usd']:.6f}" if judged.usage["cost_usd"] else ""


def _text(text: str, scrub: Scrub) -> str:
    return _NO_CHARACTER.sub("\ufffd", scrub(text))
