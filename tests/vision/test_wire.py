"""A request's body is what json.dumps makes of it, however it is put together."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.vision.wire import Verbatim, to_json_bytes

PICTURE = Verbatim(base64.b64encode(bytes(range(256))).decode())
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.just(PICTURE)
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.tuples(inner, inner)),
)


@given(BODIES)
def test_a_body_is_what_json_dumps_gives(body):
    assert to_json_bytes(body) == json.dumps(body).encode("utf-8")


def test_a_text_that_needs_escaping_may_not_be_taken_verbatim():
    """The planted-bug twin: a quote in such a text ends it too early."""
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(to_json_bytes({"content": Verbatim('say "cheese"')}))
