"""A small checkout, empty-handed, with a stand-in for uv."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.setup import checkouts
from tests.setup.checkouts import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return checkouts.make(tmp_path, uv=True)
