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
    """The sky is largely red, orange or pink, and warmer than it was."""
    if seen.beside is None:
        share, gain = seen.result.upper_ember_share, seen.result.upper_warmth
        said = f"{share:.0%} of the upper part is red, orange or pink"
    elif seen.beside.sky_share < LEAST_SKY:
        return Finding(level=None, reason="no sky was found in the original: of a sunset nothing can be told")
    else:
        share, gain = seen.beside.sky_ember_share, seen.beside.sky_warmth_gain
        said = f"{share:.0%} of the sky is red, orange or pink, its warmth changed by {gain:+.2f}"
        if seen.beside.sky_still_open < 0.8:
            return Finding(level="faint", reason=f"{said}, but something stands where the sky was")
    if share >= 0.42 and gain >= 0.25 and seen.result.brightness >= 0.15:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if share <= 0.12 or gain <= 0.03 else "faint", reason=said)


def warm(seen: Evidence) -> Finding:
    """More red and less blue than in the original, nearly everywhere: a whiter sky alone is not warmer."""
    if seen.original is None or seen.beside is None:
        return _graded(seen.result.warmth, 0.05, 0.14, "red less blue is {:+.2f}")
    gain, share = seen.result.warmth - seen.original.warmth, seen.beside.warmer_share
    return _tinted(gain, share, f"red less blue changed by {gain:+.2f}, {share:.0%} of the picture is warmer")


def cold(seen: Evidence) -> Finding:
    """More blue and less red than in the original, nearly everywhere."""
    if seen.original is None or seen.beside is None:
        return _graded(-seen.result.warmth, 0.05, 0.14, "blue less red is {:+.2f}")
    gain, share = seen.original.warmth - seen.result.warmth, seen.beside.colder_share
    # What is darker than it was has less of both colours to differ in.
    gain /= min(1.0, seen.result.brightness / max(1e-3, seen.original.brightness))
    return _tinted(gain, share, f"blue less red changed by {gain:+.2f}, {share:.0%} of the picture is colder")


def _tinted(gain: float, share: float, said: str) -> Finding:
    if gain >= 0.06 and share >= 0.8:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if gain <= 0.02 or share <= 0.5 else "faint", reason=said)


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
    flatter = seen.result.contrast / max(1e-3, seen.original.contrast)  # a veil takes more of it
    said = f"{whitened:.0%} of what was green is whitish, {colder:.2f} colder, contrast is {flatter:.0%}"
    if seen.beside.kept < LEAST_KEPT or monochrome(seen).level == "clear":
        return Finding(
            level=None, reason="without its places or its colours, the leaves cannot be found again"
        )
    if whitened >= 0.4 and colder >= 0.03 and flatter >= 0.62:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if whitened <= 0.08 else "faint", reason=said)


def autumn(seen: Evidence) -> Finding:
    """What was green is yellow, orange or red now, and not because all the light is."""
    if seen.original is None or seen.beside is None or seen.beside.leaf_share < LEAST_LEAVES:
        return Finding(level=None, reason="without green places in the original autumn cannot be told")
    turned = seen.beside.leaf_turned
    lit = seen.result.upper_warmth - seen.original.upper_warmth
    said = f"{turned:.0%} of what was green is yellow, orange or red"
    if seen.beside.kept < LEAST_KEPT:
        return Finding(level=None, reason="too little stands where it was: the leaves cannot be found again")
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
    """Hardly any colour for the light that there is."""
    share = seen.result.saturation / max(0.02, seen.result.brightness)
    return _graded(-share, -0.08, -0.03, "colour is {:.0%} of the brightness", shown=share)


def drawn(seen: Evidence) -> Finding:
    """A drawing is near white with hardly any colour, and its lines stand.

    A painting's loss of fine detail is also a blurred photograph's: for those only the absence is ever sure,
    with shapes, colours and fine detail all kept.
    """
    if seen.original is None or seen.beside is None:
        return Finding(level=None, reason="without the original a drawing cannot be told")
    detail, kept, now = seen.beside.detail_ratio, seen.beside.kept, seen.result
    paler = seen.original.saturation - now.saturation
    said = f"fine detail is {detail:.0%} of the original's, colour changed by {-paler:+.2f}"
    if now.white_share >= 0.4 and now.saturation <= 0.05 and detail >= 1.05 and paler >= 0.03:
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
    if kept >= 0.83 and lost <= 2 and new <= 2:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if kept <= 0.6 or lost > 8 or new > 8 else "faint", reason=said)


def vignette(seen: Evidence) -> Finding:
    """All four corners are darker than they were, by themselves and beside the middle."""
    if seen.beside is None:
        return Finding(level=None, reason="without the original darkened corners cannot be told")
    corner, middle = seen.beside.brightest_corner, seen.beside.middle
    said = f"the corners have {corner:.0%} of their brightness or less, the middle {middle:.0%}"
    if corner <= 0.8 and middle >= 0.7 and corner <= 0.75 * middle:
        return Finding(level="clear", reason=said)
    return Finding(level="absent" if corner >= 0.92 * middle else "faint", reason=said)


LEAST_SKY = 0.05  # share of the original that is sky below which nothing is said of a sunset
LEAST_KEPT = 0.4  # agreement of shapes below which no place can be found again
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
