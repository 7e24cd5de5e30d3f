"""The page and the files it is made of."""

from __future__ import annotations

import pytest
from tests.web.trees import Looked


@pytest.mark.parametrize(
    "address", ["/", "/p/example", "/p/example/rules", "/static/js/app.js", "/static/style.css"]
)
def test_the_page_and_its_files_are_there(viewed: Looked, address: str) -> None:
    reply = viewed.client.get(address)
    assert reply.status_code == 200 and reply.content


def test_what_is_not_a_file_of_the_viewer_is_not_there(viewed: Looked) -> None:
    assert viewed.client.get("/static/../pyproject.toml").status_code == 404
    assert viewed.client.get("/static/js/nothing.js").status_code == 404
