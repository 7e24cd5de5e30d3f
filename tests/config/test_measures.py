"""Measures of rules.yaml: what is read, there and back; schema and table name the same metrics."""

from __future__ import annotations

import re

import pytest
from tests.papers import ROOT, section, text_of

from iterativectl.config.check import load_schema
from iterativectl.config.metrics import METRICS, REGIONS
from iterativectl.config.rules import parse_rules, rules_from_json, rules_to_json
from iterativectl.config.types import Measure

SCHEMA = load_schema("rules")["$defs"]["measure"]["properties"]
WRITTEN = {
    "{metric: brightness, min: 0.1}": Measure(metric="brightness", min=0.1),
    "{metric: brightness, region: null, min: 0.1, colors: null}": Measure(metric="brightness", min=0.1),
    "{metric: faces, region: {box: [0, 10, 50, 12.5]}, min: 1, max: 1}": Measure(
        metric="faces", region="box", box=(0, 10, 50, 12.5), min=1, max=1
    ),
    "{metric: text, region: {border: 8}, max: 0}": Measure(metric="text", region="border", border=8, max=0),
    "{metric: warmth, region: outside_mask, relative: true, min: -3, max: 3}": Measure(
        metric="warmth", region="outside_mask", relative=True, min=-3, max=3
    ),
    '{metric: palette, colors: ["#AAbbcc"], max: 9}': Measure(metric="palette", colors=("#AAbbcc",), max=9),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_read_and_there_and_back(text: str) -> None:
    rules, warnings = parse_rules(
        f"project: {{name: x}}\nacceptance_criteria: [{{field: a, measure: {text}}}]\n"
    )
    assert not warnings and rules.acceptance_criteria[0].measure == WRITTEN[text]
    assert rules_from_json(rules_to_json(rules)) == rules


def test_the_schema_names_the_metrics_and_regions_that_there_are() -> None:
    assert SCHEMA["metric"]["enum"] == list(METRICS)
    assert SCHEMA["region"]["x-names"] == list(REGIONS)


def test_every_range_has_its_ends_said() -> None:
    for name, metric in METRICS.items():
        assert metric.ends or metric.unit or name == "faces", name


def test_every_metric_has_its_section_its_unit_and_its_picture() -> None:
    text = text_of(ROOT / "docs" / "measures.md")
    headings = {name for line in re.findall(r"^## (.*)$", text, re.MULTILINE) for name in line.split(", ")}
    pictures = set(re.findall(r"\]\(images/measures/(\w+)\.jpg\)", text))
    assert set(METRICS) <= headings
    assert set(METRICS) - {"width", "height"} == pictures, "these two are shown with size"
    for name, metric in METRICS.items():
        assert metric.unit in section(
            text, "size, width, height" if name in ("size", "width", "height") else name
        )
