"""What the judge can say of a picture: claims, each decided by figures. Pure.

A claim is clear, faint or absent. "Is there X?" is answered yes only when X is clear; "is it free of X?" only
when X is absent; so what is faint is never counted in anybody's favour. None: it cannot be told from these
pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from iterativectl.vision.embedded.evidence import Beside, Look

Level = Literal["clear", "faint", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The figures of the result, of the original and of both together; the last two where both are shown."""

    result: Look
    original: Look | None = None
    beside: Beside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a claim stands (level None: cannot be told) and the figures that say so, in words."""

    level: Level | None
    reason: str


def sunset(seen: Evidence) -> Finding:
    """The upper part is largely red, orange or pink, and warmer than it was."""
    share, now = seen.result.upper_ember_share, seen.result.brightness
    gain = seen.result.upper_warmth - (seen.original.upper_warmth if seen.original else 0.0)
    said = f"{share:.0%} of the upper part is red, orange or pink, its warmth changed by {gain:+.2f}"
    if share >= 0.42 and gain >= 0.10 and now >= 0.15:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if share <= 0.12 or gain <= 0.03 else "faint", reason=said)


def warm(seen: Evidence) -> Finding:
    """More red and less blue than in the original."""
    if seen.original is None:
        return _graded(seen.result.warmth, 0.05, 0.14, "red less blue is {:+.2f}")
    return _graded(seen.result.warmth - seen.original.warmth, 0.02, 0.06, "red less blue changed by {:+.2f}")


def cold(seen: Evidence) -> Finding:
    """More blue and less red than in the original."""
    before = seen.original.warmth if seen.original else 0.0
    return _graded(before - seen.result.warmth, 0.015, 0.04, "blue less red changed by {:+.2f}")


def fog(seen: Evidence) -> Finding:
    """The darkest places are lifted to grey, and fine detail is veiled."""
    if seen.original is None or seen.beside is None:
        return _graded(seen.result.haze, 0.18, 0.36, "haze is {:.2f}")
    gain = seen.result.haze - seen.original.haze
    veil = seen.beside.detail_ratio
    flatter = seen.result.contrast / max(1e-3, seen.original.contrast)
    said = f"haze changed by {gain:+.2f}, contrast is {flatter:.0%}, fine detail {veil:.0%} of the original's"
    lit = seen.result.brightness / max(1e-3, seen.original.brightness)  # a veil of fog does not darken
    if gain >= 0.12 and veil <= 0.88 and flatter <= 0.9 and lit >= 0.85:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if gain <= 0.03 else "faint", reason=said)


def snow(seen: Evidence) -> Finding:
    """What was green is whitish now, the light is colder, and it is no veil."""
    if seen.original is None or seen.beside is None or seen.beside.leaf_share < LEAST_LEAVES:
        return Finding(level=None, reason="without green places in the original snow cannot be told")
    whitened = seen.beside.leaf_whitened
    colder = seen.original.warmth - seen.result.warmth
    said = f"{whitened:.0%} of what was green is whitish, warmth fell by {colder:.2f}"
    if whitened >= 0.4 and colder >= 0.03 and seen.beside.detail_ratio >= 0.75:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if whitened <= 0.08 else "faint", reason=said)


def autumn(seen: Evidence) -> Finding:
    """What was green is yellow, orange or red now, and not because all the light is."""
    if seen.original is None or seen.beside is None or seen.beside.leaf_share < LEAST_LEAVES:
        return Finding(level=None, reason="without green places in the original autumn cannot be told")
    turned = seen.beside.leaf_turned
    lit = seen.result.upper_warmth - seen.original.upper_warmth
    said = f"{turned:.0%} of what was green is yellow, orange or red"
    if turned > 0.15 and lit > 0.19:
        return Finding(level=None, reason=f"{said}, but so is the light: leaves cannot be told from it")
    if turned >= 0.5:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if turned <= 0.1 else "faint", reason=said)


def night(seen: Evidence) -> Finding:
    """Dark, and much darker than the original."""
    now = seen.result.brightness
    before = seen.original.brightness if seen.original else 0.5
    said = f"brightness is {now:.2f} ({now / max(before, 1e-3):.0%} of the original's)"
    if now <= 0.22 and now <= 0.6 * before:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if now >= 0.3 and now >= 0.6 * before else "faint", reason=said)


def daylight(seen: Evidence) -> Finding:
    """Bright, and not much darker than the original."""
    now = seen.result.brightness
    before = seen.original.brightness if seen.original else 0.45
    said = f"brightness is {now:.2f} ({now / max(before, 1e-3):.0%} of the original's)"
    if now >= 0.32 and now >= 0.62 * before:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if now <= 0.22 else "faint", reason=said)


def brighter(seen: Evidence) -> Finding:
    """Brighter than the original."""
    return _against_original(seen, lambda look: look.brightness, 0.02, 0.05, "brightness changed by {:+.2f}")


def darker(seen: Evidence) -> Finding:
    """Darker than the original."""
    return _against_original(seen, lambda look: -look.brightness, 0.02, 0.05, "darkness changed by {:+.2f}")


def colourful(seen: Evidence) -> Finding:
    """More saturated than the original."""
    return _against_original(seen, lambda look: look.saturation, 0.02, 0.06, "saturation changed by {:+.2f}")


def monochrome(seen: Evidence) -> Finding:
    """Hardly any colour."""
    return _graded(
        -seen.result.saturation, -0.06, -0.03, "saturation is {:.2f}", shown=seen.result.saturation
    )


def drawn(seen: Evidence) -> Finding:
    """A drawing is near white with little colour; a painting has lost fine detail inside shapes that stayed.

    Only its absence is ever certain enough for a photograph: shapes, colours and fine detail all kept.
    """
    if seen.original is None or seen.beside is None:
        return Finding(level=None, reason="without the original a drawing cannot be told")
    detail, kept = seen.beside.detail_ratio, seen.beside.kept
    paler = seen.original.saturation - seen.result.saturation
    said = f"fine detail is {detail:.0%} of the original's, colour changed by {-paler:+.2f}"
    sketch = seen.result.white_share >= 0.4 and seen.result.saturation <= 0.08 and detail >= 1.05
    painted = detail <= 0.8 and kept <= 0.9 and seen.result.haze - seen.original.haze <= 0.05
    if sketch or painted:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if kept >= 0.83 and detail <= 1.15 else "faint", reason=said)


def sharp(seen: Evidence) -> Finding:
    """Fine detail beside the original's, allowing for what a veil or a dimmer light takes."""
    if seen.original is None or seen.beside is None:
        return _graded(seen.result.detail, 0.02, 0.035, "fine detail is {:.3f}")
    flatter = min(1.0, seen.result.contrast / max(1e-3, seen.original.contrast))
    ratio = seen.beside.detail_ratio / max(0.4, flatter)
    return _graded(ratio, 0.45, 0.7, "fine detail is {:.0%} of the original's for its contrast")


def structure(seen: Evidence) -> Finding:
    """Everything with detail is where it was, and nothing new stands anywhere."""
    if seen.original is None or seen.beside is None:
        return Finding(level=None, reason="without the original nothing can be told of its shapes")
    kept, lost, new = seen.beside.kept, seen.beside.lost_cells, seen.beside.new_cells
    said = f"shapes agree by {kept:.2f}; {lost} neighbouring cells lost theirs, {new} have new ones"
    if not seen.beside.same_shape:
        return Finding(level="absent", reason="the picture has another aspect ratio")
    if kept >= 0.83 and lost <= 3 and new <= 3:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if kept <= 0.6 or lost > 8 or new > 8 else "faint", reason=said)


def vignette(seen: Evidence) -> Finding:
    """The corners are darker than they were."""
    if seen.original is None:
        return Finding(level=None, reason="without the original darkened corners cannot be told")
    fall = 1 - seen.result.corners / max(1e-3, seen.original.corners)
    return _graded(fall, 0.08, 0.25, "the corners lost {:.0%} of their brightness")


LEAST_LEAVES = 0.05  # share of green pixels in the original below which nothing is said of leaves


def _graded(value: float, absent: float, clear: float, said: str, shown: float | None = None) -> Finding:
    level: Level = "clear" if value >= clear else "absent" if value <= absent else "faint"
    return Finding(level=level, reason=said.format(value if shown is None else shown))


def _against_original(
    seen: Evidence, figure: Callable[[Look], float], absent: float, clear: float, said: str
) -> Finding:
    if seen.original is None:
        return Finding(level=None, reason="without the original this cannot be told")
    return _graded(figure(seen.result) - figure(seen.original), absent, clear, said)
