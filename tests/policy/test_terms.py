"""Phrases in prompts: whole words, no case, nothing else touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.config.phrases import contains
from iterativectl.config.types import Criterion
from iterativectl.model import Prompts
from iterativectl.policy import terms

REMOVALS = [
    ("warm cold light, candlelight, light", ["cold light"], "warm, candlelight, light"),
    ("Cold  Light over hills", ["cold light"], "over hills"),
    ("a man, (hoodie:1.2), tall", ["hoodie"], "a man, tall"),
    ("hoodie", ["hoodie"], ""),
    ("hoodies and t-shirts", ["hoodie", "t-shirt"], "hoodies and t-shirts"),
    ("t-shirt, T-SHIRT, shirt", ["t-shirt"], "shirt"),
    ("a b c", [" "], "a b c"),
]


@pytest.mark.parametrize(("text", "phrases", "left"), REMOVALS)
def test_remove(text: str, phrases: list[str], left: str) -> None:
    assert terms.remove(text, phrases) == left


def test_a_phrase_inside_a_needed_phrase_stays() -> None:
    assert terms.remove("dark jacket, jacket", ["jacket"], keep=["dark jacket"]) == "dark jacket"


def test_add_appends_only_what_is_missing() -> None:
    assert terms.add("A Dark  Suit", ["dark suit", "tie"]) == "A Dark  Suit, tie"
    assert terms.add("", ["tie"]) == "tie"
    assert terms.add("a man, ", ["tie"]) == "a man, tie"


phrase = st.lists(st.sampled_from(["dark", "suit", "light", "cold", "tie"]), min_size=1, max_size=2).map(
    " ".join
)
phrases = st.lists(phrase, max_size=3).map(tuple)
criterion = st.builds(
    Criterion, field=st.just("c"), must_include=phrases, ban_terms=phrases, avoid_terms=phrases
)
text = st.lists(phrase, max_size=4).map(", ".join)


@given(text, text, text, criterion, criterion)
def test_shaped_prompts_keep_their_promises(
    positive: str, negative: str, before: str, failed: Criterion, passed: Criterion
) -> None:
    after = terms.shape(
        Prompts(positive=positive, negative=negative),
        Prompts(positive=before, negative=""),
        (failed,),
        (passed,),
    )
    assert all(contains(after.positive, term) for term in failed.must_include)
    needed = " | ".join(failed.must_include)
    for term in (*failed.ban_terms, *failed.avoid_terms, *passed.ban_terms, *passed.avoid_terms):
        if not any(contains(need, term) for need in failed.must_include):
            stripped = terms.remove(after.positive, failed.must_include)
            assert not contains(stripped, term) or contains(needed, term)
    again = terms.shape(after, after, (failed,), (passed,))
    assert again == after
