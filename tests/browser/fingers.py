"""Fingers on a touch screen, as the browser's own input hears them (playwright itself can only tap)."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

Point = tuple[float, float]


class Fingers:
    """The fingers of a hand on a page. Each step waits until the browser has taken the one before."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, *points: Point) -> None:
        """Put one finger on each point."""
        self._send("touchStart", points)

    def move(self, *ways: Sequence[Point]) -> None:
        """Move each finger along its way, all at once."""
        for points in zip(*ways, strict=True):
            self._send("touchMove", points)

    def up(self) -> None:
        """Lift them all."""
        self._send("touchEnd", ())

    def _send(self, kind: str, points: Sequence[Point]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def line(start: Point, end: Point, steps: int = 6) -> list[Point]:
    """Points on the way from one to the other, the last among them."""
    (x, y), (to_x, to_y) = start, end
    return [(x + (to_x - x) * at / steps, y + (to_y - y) * at / steps) for at in range(1, steps + 1)]
