"""Reading YAML: plain values, lines, and files that are none."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iterativectl.config.yaml_source import MAX_BYTES, parse_yaml, read_yaml
from iterativectl.errors import ConfigError

# What YAML 1.1 (PyYAML) and YAML 1.2 (ruamel.yaml) read differently.
PLAIN = [
    ("true", True),
    ("False", False),
    ("yes", "yes"),
    ("No", "No"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("~", None),
    ("", None),
    ("null", None),
    ("010", 10),
    ("0o17", 15),
    ("0x1F", 31),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("-7.", -7.0),
    ("2026-01-09", "2026-01-09"),
    ("'5'", "5"),
    ("18446744073709551615", 2**64 - 1),
]


@pytest.mark.parametrize(("written", "value"), PLAIN, ids=[written or "nothing" for written, _ in PLAIN])
def test_plain_values_are_those_of_yaml_1_2(written: str, value: object) -> None:
    data = parse_yaml(f"a: {written}\n", "f.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_every_key_and_element_knows_its_line() -> None:
    document = parse_yaml("a:\n  b:\n    - x\n    - c: 1\n\n      d: |\n        one\n", "f.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "b", 0)) == 3
    assert document.line(("a", "b", 1, "d")) == 6
    assert document.line(("a", "b", 1, "nothing", "there")) == 4
    assert document.places[("a", "b", 1, "d")].line == 7, "the text of a | block begins in the next line"


def test_anchors_and_merge_keys() -> None:
    text = "base: &base {a: 1, b: 2}\nother: {c: 9, b: 8}\nx:\n  b: 3\n  <<: *base\ny: *base\n"
    data = parse_yaml(text, "f.yaml").data
    assert data["x"] == {"b": 3, "a": 1}
    assert data["y"] == {"a": 1, "b": 2}
    assert data == yaml.safe_load(text)


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    return str(caught.value)


def test_a_few_lines_that_stand_for_millions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "stands for more than" in refused("\n".join(lines))


def test_deep_nesting_is_refused() -> None:
    assert "nested too deeply" in refused("[" * 5000)
    assert "nested too deeply" in refused("".join(f"{' ' * depth}a:\n" for depth in range(600)))


def file_refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert caught.value.hint
    return caught.value


def test_a_missing_file_is_named_in_full(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    error = file_refused(path)
    assert str(error) == f"{path}: there is no such file"
    assert "project create" in error.hint


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in str(file_refused(tmp_path))


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes("project:\n  name: Café\n".encode("latin-1"))
    assert str(file_refused(path)) == "rules.yaml:2: the file is not UTF-8 text: save it with that encoding"


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 256 KiB" in str(file_refused(path))


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes("a: ä\r\nb: 2\r\n".encode("utf-8-sig"))
    assert read_yaml(path).data == {"a": "ä", "b": 2}


YAML_LIKE = st.text(
    alphabet=st.sampled_from(list(" \n\t:-[]{},'\"|>&*!?#%@`~<=.\\0123456789aeilnoxUu\x85\ufeff"))
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(YAML_LIKE, st.text()))
def test_junk_raises_nothing_but_config_errors(text: str) -> None:
    try:
        document = parse_yaml(text, "f.yaml")
    except ConfigError as error:
        assert error.problems
        assert all(problem.where.startswith("f.yaml") and problem.message for problem in error.problems)
    else:
        assert () in document.places or document.data is None
