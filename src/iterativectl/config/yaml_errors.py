"""What a YAML syntax error means and what to do about it, in words for people.

PyYAML says what its scanner expected; the table below says what the writer most likely did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class _Meaning:
    """`pattern` is searched in "CONTEXT | PROBLEM"; `at_start`: the line where the construct began."""

    pattern: str
    message: str
    at_start: bool = False


_TABLE = (
    _Meaning(r"found character '\\t'", "a tab stands where YAML wants spaces: replace it by spaces"),
    _Meaning(
        r"found character '(.)'",
        "a text must not begin with {0}: put the text in quotes",
    ),
    _Meaning(
        r"could not find expected ':'",
        "a colon is missing: write 'key: value', with a space after the colon",
        at_start=True,
    ),
    _Meaning(
        r"scanning a quoted scalar.*(?:unexpected end of stream|document separator)",
        "the quote that opens in this line is never closed",
        at_start=True,
    ),
    _Meaning(
        r"mapping values are not allowed here",
        "this line does not follow from the one above: a colon is missing there, or the indentation is "
        "wrong, or a text that holds ': ' needs quotes",
    ),
    _Meaning(
        r"flow (?:sequence|mapping).*but got '\?'",
        "inside [a list] or {{a: block}} a text with a question mark needs quotes",
    ),
    _Meaning(
        r"flow (?:sequence|mapping).*expected ',' or '(.)'",
        "the bracket that opens in this line is not closed with {0}, or a comma is missing",
        at_start=True,
    ),
    _Meaning(r"parsing a flow node.*found '(.+?)'", "in a [list] or {{block}} a value is missing before {0}"),
    _Meaning(
        r"block (?:mapping|collection).*found '(?:<scalar>|\]|\}|,)'",
        "something follows the end of the value: a quote or bracket too many, or a quote inside a quoted "
        "text (put the text in the other kind of quotes)",
    ),
    _Meaning(
        r"block (?:mapping|collection).*(?:expected <block end>)",
        "the indentation does not fit: start all keys or dashes of a block in the same column",
    ),
    _Meaning(r"undefined alias '(.+)'", "*{0} is used, but no &{0} stands above it (for a text: use quotes)"),
    _Meaning(r"while scanning an (?:alias|anchor)", "a text must not begin with * or &: put it in quotes"),
    _Meaning(
        r"found unknown escape character|expected escape sequence",
        "a backslash in \"double quotes\" starts a code such as \\n: use 'single quotes' for the text",
    ),
    _Meaning(r"found duplicate anchor '(.+)'", "the anchor &{0} is defined twice"),
    _Meaning(
        r"single document|<document start>",
        "the file must hold one document: remove the line '---' or '...' and what follows",
    ),
    _Meaning(r"parsing a block node.*found '(.)'", "a text must not begin with {0}: put the text in quotes"),
    _Meaning(r"block scalar", "after | or > the text begins in the next line, indented"),
    _Meaning(r"sequence entries are not allowed", "a list with dashes begins in the line after its key"),
    _Meaning(
        r"while (?:scanning|parsing) a (?:tag|directive)", "a text must not begin with ! or %: use quotes"
    ),
    _Meaning(r"incompatible YAML document", "remove the %YAML line"),
)


def explain(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """(line from 1, message) of a syntax error. Nothing of the file's values is repeated: it may be a key."""
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "?")
        return text.count("\n", 0, position) + 1, f"the file holds the character U+{code:04X}: remove it"
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, "this is not valid YAML"
    meaning, found = _meaning(f"{error.context} | {error.problem}")
    mark = error.problem_mark or error.context_mark
    if meaning.at_start and error.context_mark:
        mark = error.context_mark
    line = mark.line + 1 if mark else 1
    last = max(1, len(text.splitlines()))
    return min(line, last), meaning.message.format(*found)


def _meaning(said: str) -> tuple[_Meaning, tuple[str, ...]]:
    for meaning in _TABLE:
        match = re.search(meaning.pattern, said, re.DOTALL)
        if match:
            return meaning, match.groups()
    return _Meaning("", "this is not valid YAML"), ()
