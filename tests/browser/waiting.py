"""Waiting until a page says something.

Playwright's own wait_for_function asks again by eval, which the policy of our pages refuses.
"""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

PATIENCE = 10.0  # seconds, on a machine under load


def until(page: Page, expression: str, argument: Any = None) -> None:
    """Wait until an expression, or a function of the argument, is true on the page."""
    end = time.monotonic() + PATIENCE
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"this never came true: {expression}"
        page.wait_for_timeout(20)
