"""The files that ship, the files we write, and what travels in run.json."""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iterativectl import resources
from iterativectl.config.aigen import (
    aigen_from_json,
    aigen_to_json,
    dump_aigen,
    load_aigen,
    parse_aigen,
)
from iterativectl.config.aivis import aivis_from_json, aivis_to_json, load_aivis, parse_aivis
from iterativectl.config.check import load_schema
from iterativectl.config.heads import SCHEMA_OF, with_schema_head
from iterativectl.config.lint import lint
from iterativectl.config.rules import load_rules, parse_rules, rules_from_json, rules_to_json
from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.config.wording import EXPLAINED_KEYWORDS
from iterativectl.config.yaml_source import parse_yaml, read_yaml
from iterativectl.config.yaml_text import to_yaml
from iterativectl.errors import ConfigError, UsageError
from iterativectl.model import Parameters, Prompts, Settings

ROOT = resources.root()
TEMPLATES = ROOT / "defaults" / "config"
SCHEMAS = ROOT / "schemas"
# The same examples each time, and no complaint about a slow machine.
REPEATABLE = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
PORTRAIT = ROOT / "rules" / "portrait_business_attire.yaml"


def shipped() -> list[Path]:
    """Every YAML file that a clone brings along; not what runs have made."""
    found = [*ROOT.glob("*.yaml")]
    for folder in ("defaults", "rules", "workflow"):
        found += (ROOT / folder).rglob("*.yaml")
    found += (ROOT / "projects").glob("*/config/*.yaml")
    return sorted(found)


def readings(text: str) -> list[Any]:
    return [
        yaml.safe_load(text),
        ruamel.yaml.YAML(typ="safe", pure=True).load(text),
        parse_yaml(text, "f.yaml").data,
    ]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_shipped_file_reads_the_same_everywhere(path: Path) -> None:
    by_pyyaml, by_ruamel, by_us = readings(path.read_text(encoding="utf-8"))
    assert by_pyyaml == by_ruamel == by_us


def test_the_comparison_of_readers_can_fail() -> None:
    by_pyyaml, by_ruamel, by_us = readings("lock_seed: yes\nsteps: 010\n")
    assert by_pyyaml != by_ruamel
    assert by_us == by_ruamel == {"lock_seed": "yes", "steps": 10}


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_shipped_file_names_its_schema_in_the_first_line(path: Path) -> None:
    head, _, _ = path.read_text(encoding="utf-8").partition("\n")
    marker, _, reference = head.partition("$schema=")
    assert marker == "# yaml-language-server: "
    # Templates carry the path that is right where they are copied to.
    place = ROOT / "projects" / "any" / "config" if path.parent == TEMPLATES else path.parent
    target = Path(os.path.normpath(place / reference))
    assert target.parent == SCHEMAS
    assert target.is_file()


def test_a_project_made_by_copying_has_right_heads(tmp_path: Path) -> None:
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    for name in ("rules.yaml", "AIGen.yaml", "AIVis.yaml"):
        copy = tmp_path / "projects" / "mine" / "config" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATES / name, copy)
        text = copy.read_text(encoding="utf-8")
        reference = text.partition("\n")[0].partition("$schema=")[2]
        assert (copy.parent / reference).resolve() == tmp_path / "schemas" / f"{SCHEMA_OF[name]}.schema.json"
        assert with_schema_head(text, copy, tmp_path / "schemas") == text


def test_a_head_is_put_right_for_another_place(tmp_path: Path) -> None:
    text = "# yaml-language-server: $schema=wrong\n# mine\nproject: {}\n"
    file = tmp_path / "elsewhere" / "rules.yaml"
    head = "# yaml-language-server: $schema=../schemas/rules.schema.json\n"
    assert with_schema_head(text, file, tmp_path / "schemas") == f"{head}# mine\nproject: {{}}\n"
    assert with_schema_head("# mine\n", file, tmp_path / "schemas") == f"{head}# mine\n"
    with pytest.raises(UsageError):
        with_schema_head(text, tmp_path / "other.yaml", tmp_path / "schemas")


def test_the_template_is_the_portrait_of_the_specification() -> None:
    rules, warnings = load_rules(TEMPLATES / "rules.yaml")
    aigen, aigen_warnings = load_aigen(TEMPLATES / "AIGen.yaml")
    aivis, aivis_warnings = load_aivis(TEMPLATES / "AIVis.yaml")
    assert warnings == aigen_warnings == aivis_warnings == ()
    assert rules.name == "business_portrait"
    assert {criterion.intent for criterion in rules.acceptance_criteria} == {"change", "preserve"}
    assert "clothing_description" in [question.field for question in rules.questions]
    assert (aigen.backend, aigen.settings.parameters.denoise, aigen.settings.seed) == ("comfyui", 0.5, None)
    assert (aivis.provider, aivis.model, aivis.fallback_provider) == ("ollama", "qwen3-vl:4b", "openrouter")
    document = read_yaml(TEMPLATES / "rules.yaml")
    assert lint(rules, None, aigen, document) == ()


def test_the_example_rules_equal_the_template() -> None:
    template = (TEMPLATES / "rules.yaml").read_text(encoding="utf-8")
    example = PORTRAIT.read_text(encoding="utf-8")
    assert example.partition("\n")[2] == template.partition("\n")[2]


# --- defaults and schemas


def defaults_in(schema: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found = {}
    for key, sub in schema.get("properties", {}).items():
        if "default" in sub:
            found[(*path, key)] = sub["default"]
        found |= defaults_in(sub, (*path, key))
    return found


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ("AIGen", aigen_to_json(parse_aigen("workflow_file: x\n")[0])),
        ("AIVis", aivis_to_json(parse_aivis("provider: ollama\nmodel: x\n")[0])),
        (
            "rules",
            rules_to_json(
                parse_rules("project: {name: x}\nacceptance_criteria: [{field: a, question: 'Is it?'}]\n")[0]
            ),
        ),
    ],
    ids=["AIGen", "AIVis", "rules"],
)
def test_the_schemas_say_the_defaults_that_are_used(schema: str, written: dict[str, Any]) -> None:
    never_written = {("api_key",)}  # a secret
    compared = 0
    for path, default in defaults_in(load_schema(schema)).items():
        value: Any = written
        if path not in never_written:
            for key in path:
                value = value[key]
            assert value == default, path
            compared += 1
    assert compared >= 5


def keywords_in(schema: Any) -> set[str]:
    silent = {
        "$schema",
        "$ref",
        "$defs",
        "title",
        "description",
        "properties",
        "items",
        "default",
        "writeOnly",
    }
    found = {key for key in schema if key not in silent and not key.startswith("x-")}
    for container in ("properties", "$defs"):
        for sub in schema.get(container, {}).values():
            found |= keywords_in(sub)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found |= keywords_in(schema[key])
    return found


@pytest.mark.parametrize("name", sorted(SCHEMA_OF.values()))
def test_every_keyword_of_a_schema_has_words_for_people(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert keywords_in(schema) <= EXPLAINED_KEYWORDS


# --- there and back

RICH_RULES = """
project: {name: n, max_iterations: 7, pass_score: 90, patience: 4, lock_seed: true}
acceptance_criteria:
  - field: a
    question: "Is it: a 'suit'?"
    type: number
    min: 1
    max: 2.5
    intent: preserve
    edit_strength: low
    must_include: [x, "yes"]
    ban_terms: [ü]
    avoid_terms: [z]
    weight: 0.5
  - {field: b, measure: {metric: size, min: 512}, gate: true}
  - {field: c, question: "Is it?", depends_on: [a, b]}
questions:
  - {field: a, question: "Which?", enum: [red, blue]}
  - {field: b, question: "Which?", type: array, items: [red, blue]}
  - {field: c, question: "Which?", type: array, items: {type: integer, minimum: 1}}
  - {field: d, question: "How many?", type: integer, min: 0, max: 10}
masking: {masks: [{name: left, active_criteria: [a]}]}
prompts: {global: {positive: p, negative: n}, masks: {left: {positive: l}}}
"""


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


@pytest.mark.parametrize("text", [RICH_RULES, PORTRAIT.read_text(encoding="utf-8")], ids=["rich", "portrait"])
def test_rules_come_back_from_run_json(text: str) -> None:
    rules, warnings = parse_rules(text)
    assert warnings == ()
    again = rules_from_json(through_json(rules_to_json(rules)))
    assert again == rules
    assert repr(again) == repr(rules)  # equal and of equal types: 0 and 0.0 render different prompts


def test_damaged_rules_in_run_json_are_noticed() -> None:
    data = rules_to_json(parse_rules(RICH_RULES)[0])
    data["acceptance_criteria"][0]["intent"] = "chnage"
    with pytest.raises(ConfigError, match="run.json: rules: acceptance_criteria\\[0\\].intent"):
        rules_from_json(data)


def test_aivis_comes_back_without_its_key() -> None:
    text = "provider: ollama\nmodel: m\napi_key: hunter2\nbase_url: http://ann:hunter2@h/v1\nkeep_alive: -1\n"
    text += "limits: {max_cost_usd: 1, max_requests: 50}\nprices: {input: 0.2, output: 1}\n"
    aivis, warnings = parse_aivis(text)
    assert aivis.api_key == "hunter2"
    assert "hunter2" not in repr(warnings)
    data = through_json(aivis_to_json(aivis))
    assert "hunter2" not in json.dumps(data)
    assert aivis_from_json(data) == dataclasses.replace(aivis, api_key="", base_url="http://h/v1")


def test_secrets_stay_out_of_the_settings_we_write() -> None:
    comfyui = ComfyUI(
        url="https://ann:hunter2@h/x",
        headers={"Authorization": "Bearer hunter2", "X-Api-Key": "env:COMFYUI_KEY", "X-Team": "red"},
    )
    aigen = dataclasses.replace(parse_aigen("workflow_file: w.json\n")[0], comfyui=comfyui)
    text = dump_aigen(aigen)
    assert "hunter2" not in text
    again = parse_aigen(text)[0]
    kept = {"X-Api-Key": "env:COMFYUI_KEY", "X-Team": "red"}
    assert again.comfyui == dataclasses.replace(comfyui, url="https://h/x", headers=kept)


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40) | st.sampled_from(
    [
        "yes",
        "1e3",
        "0o17",
        "010",
        "null",
        "~",
        "",
        " x ",
        "a: b",
        "- a",
        "#x",
        "2026-01-09",
        "\n",
        "a\nb",
        "*",
    ]
)
NAMES = TEXTS.filter(lambda text: text.strip())


@st.composite
def generator_settings(draw: st.DrawFn) -> AIGen:
    numbers = st.floats(0, 1)
    return AIGen(
        backend="comfyui",
        settings=Settings(
            workflow=draw(NAMES),
            ckpt_name=draw(TEXTS),
            ckpt_name_inpaint=draw(st.none() | NAMES),
            parameters=Parameters(
                denoise=draw(numbers),
                cfg=1 + 19 * draw(numbers),
                steps=draw(st.integers(1, 10000)),
                sampler_name=draw(NAMES),
                scheduler=draw(NAMES),
            ),
            prompts=Prompts(positive=draw(TEXTS), negative=draw(TEXTS)),
            seed=draw(st.none() | st.integers(0, 2**64 - 1)),
        ),
        comfyui=ComfyUI(wait_seconds=draw(st.floats(0, 604800)), headers={"X-Team": "env:TEAM"}),
        roles={"sampler": draw(NAMES)},
    )


@REPEATABLE
@given(generator_settings())
def test_written_settings_load_to_the_same(aigen: AIGen) -> None:
    text = dump_aigen(aigen)
    again, warnings = parse_aigen(text)
    assert (again, warnings) == (aigen, ())
    assert dump_aigen(again) == text
    assert aigen_from_json(through_json(aigen_to_json(aigen))) == aigen
    by_pyyaml, by_ruamel, by_us = readings(text)
    assert by_pyyaml == by_ruamel == by_us


def test_a_dumper_of_yaml_1_1_alone_would_lose_texts() -> None:
    """The twin of the test above: what PyYAML writes plainly, a 1.2 reader takes for a number."""
    careless = yaml.safe_dump({"sampler_name": "1e3"})
    assert parse_yaml(careless, "f").data == {"sampler_name": 1000.0}
    assert parse_yaml(to_yaml({"sampler_name": "1e3"}), "f").data == {"sampler_name": "1e3"}


# --- junk

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
LOADERS = {
    "rules": (parse_rules, RICH_RULES),
    "AIGen": (parse_aigen, (TEMPLATES / "AIGen.yaml").read_text(encoding="utf-8")),
    "AIVis": (parse_aivis, (TEMPLATES / "AIVis.yaml").read_text(encoding="utf-8")),
}


def places(data: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in the data."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = []
    for key, value in pairs:
        found += [(data, key), *places(value)]
    return found


@settings(REPEATABLE, max_examples=200)
@given(st.sampled_from(sorted(LOADERS)), st.data())
def test_junk_at_any_place_is_refused_or_read_but_never_crashes(name: str, data: st.DataObject) -> None:
    parse, good = LOADERS[name]
    content = yaml.safe_load(good)
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(content)))
        container[key] = data.draw(JUNK)
    try:
        value, warnings = parse(yaml.safe_dump(content))
    except ConfigError as error:
        assert any(problem.severity == "error" for problem in error.problems)
    else:
        assert all(warning.severity == "warning" for warning in warnings)
        back = {"rules": rules_to_json, "AIGen": aigen_to_json, "AIVis": aivis_to_json}[name]
        json.dumps(back(value), allow_nan=False)
