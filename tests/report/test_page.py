"""The report as a page: what is on it, that nothing of it is markup, and that it needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from tests.report.conftest import FORMULA, HOSTILE

from iterativectl.report.gathering import Gathered
from iterativectl.report.markup import Markup, tag
from iterativectl.report.page import page
from iterativectl.report.pictures import Beside, Embedded

VOID = {"img", "meta", "br"}


class Read(HTMLParser):
    """A page's elements, attributes and texts; `crooked` says what is not closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.crooked: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crooked.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def read(run: Gathered) -> Read:
    return Read("".join(page(run, Embedded())))


def test_the_verdict_comes_first_then_pictures_and_why(run: Gathered) -> None:
    found = read(run)
    assert found.crooked == [] and found.open == []
    said = found.text
    order = ("after 2 iterations", "The original", "What iteration", "Ranking and notes", "Every iteration")
    places = [said.index(part, said.index("barn")) for part in order]
    assert places == sorted(places)
    for part in ("Is the barn in golden light?", "I see that golden is", "sunset", "nearly", "You say"):
        assert part in said
    assert "ollama/qwen3-vl:4b" in said and "iterativectl 0" in said and "Time and cost" in said


def test_its_pictures_are_in_it(run: Gathered) -> None:
    sources = [attributes["src"] or "" for attributes in read(run).of("img")]
    assert len(sources) == 4, "the original, the best, and both iterations"
    for source in sources:
        kind, _, content = source.partition(";base64,")
        assert kind == "data:image/jpeg"
        picture = Image.open(io.BytesIO(base64.b64decode(content)))
        assert picture.size == (96, 64)
    assert all(attributes["alt"] for attributes in read(run).of("img"))


def test_it_has_no_script_and_a_policy_that_lets_in_nothing_else(run: Gathered) -> None:
    text = "".join(page(run, Embedded()))
    found = Read(text)
    (policy,) = (a["content"] or "" for a in found.of("meta") if a.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.split("; ")[:3] == ["default-src 'none'", "img-src data:", f"style-src 'sha256-{digest}'"]
    names = {name for name, _ in found.elements}
    assert names.isdisjoint({"script", "iframe", "link", "object", "form", "base"})
    for _, attributes in found.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert "http://" not in text and "https://" not in text


def test_hostile_texts_stand_there_as_they_are(hostile_run: Gathered) -> None:
    found = read(hostile_run)
    assert found.crooked == [] and found.open == []
    assert found.of("script") == [] and len(found.of("img")) == 4
    assert HOSTILE.replace("\u202e", "\ufffd") in " ".join(found.texts)
    assert FORMULA in " ".join(found.texts)


def test_planted_markup_that_is_not_escaped_is_seen() -> None:
    """The twin of the test above."""
    assert Read(tag("p", Markup(HOSTILE))).of("script") == [{}]
    assert Read(tag("p", HOSTILE)).of("script") == []


def test_an_attribute_cannot_be_left() -> None:
    (found,) = Read(tag("img", src='x" onerror="alert(1)', alt="<b>")).of("img")
    assert found == {"src": 'x" onerror="alert(1)', "alt": "<b>"}


@pytest.mark.parametrize("name", ["script>", "a b", ""])
def test_an_element_has_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="no element"):
        tag(name)


def test_pictures_beside_are_named_and_let_in(run: Gathered) -> None:
    beside = Beside("barn pictures")
    found = Read("".join(page(run, beside)))
    assert {a["src"] for a in found.of("img")} == {
        "barn%20pictures/original.png",
        "barn%20pictures/iteration_1.png",
        "barn%20pictures/iteration_2.png",
    }
    assert beside.wanted["iteration_1.png"] == run.paths.image(1)
    (policy,) = (a["content"] or "" for a in found.of("meta") if a.get("http-equiv"))
    assert "img-src 'self' file:;" in policy


def test_what_is_missing_or_broken_is_said(run: Gathered) -> None:
    run.paths.image(1).write_bytes(b"no picture")
    run.paths.metadata(2).write_text("{")
    run.project.input.write_bytes(b"another")
    from tests.report.conftest import NOW

    from iterativectl.report.gathering import gather

    found = read(gather(run.project, "latest", NOW))
    assert "What could not be read" in found.text and "metadata/iteration_2_metadata.json" in found.text
    assert "The original is another picture now." in found.text
    assert str(run.project.root) not in found.text
