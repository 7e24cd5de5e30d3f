"""What changed between two texts: the pieces say everything, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.showing import differences
from iterativectl.showing.differences import Piece, pieces

TEXTS = st.lists(
    st.sampled_from(["golden", "hour", "a", "mist", ",", " ", "  ", "\n", "(", "1.2", ")", "é", "e\u0301"]),
    max_size=12,
).map("".join)


def sides(found: list[Piece]) -> tuple[str, str]:
    """The two texts, put together again."""
    old = "".join(piece["text"] for piece in found if piece["kind"] != "added")
    new = "".join(piece["text"] for piece in found if piece["kind"] != "removed")
    return old, new


@given(TEXTS | st.text(max_size=40), TEXTS | st.text(max_size=40))
def test_the_pieces_join_to_exactly_the_texts(before: str, after: str) -> None:
    found = pieces(before, after)
    assert sides(found) == (before, after)
    assert all(piece["text"] for piece in found)
    kinds = [piece["kind"] for piece in found]
    assert all(one != next_ for one, next_ in zip(kinds, kinds[1:], strict=False))
    if before == after:
        assert "added" not in kinds and "removed" not in kinds


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("the same view", "the same view, warm", ["=the same view", "+, warm"]),
        ("cold light", "warm light", ["-cold", "+warm", "= light"]),
        ("a b c", "x y z", ["-a b c", "+x y z"]),
        ("", "new", ["+new"]),
        ("old", "", ["-old"]),
        ("", "", []),
        ("(mist:1.2)", "(mist:1.3)", ["=(mist:1.", "-2", "+3", "=)"]),
    ],
)
def test_words_are_compared_whole(before: str, after: str, said: list[str]) -> None:
    signs = {"same": "=", "added": "+", "removed": "-"}
    assert [signs[piece["kind"]] + piece["text"] for piece in pieces(before, after)] == said


def test_very_long_texts_are_not_pondered_over() -> None:
    long = "word " * differences.MOST
    found = pieces(long, long + "end")
    assert sides(found) == (long, long + "end") and len(found) == 2
    assert pieces(long, long) == [{"kind": "same", "text": long}]


def test_only_what_both_have_is_compared() -> None:
    before, after = {"cfg": 5.0, "steps": 25, "mask": None}, {"cfg": 6.0, "steps": 25, "seed": 3}
    assert differences.changed(before, after) == [{"name": "cfg", "before": 5.0, "after": 6.0}]
