"""What the judge is shown for its confusion table: held-out photographs, edited, with what is true of each.

The edits are of three kinds: plain ones of the kinds that the thresholds were set on, with other
photographs (known_edits.py and tests/images/edits.py), plain ones written afterwards (fresh_edits.py), and
the painter's. `true` names the claims that hold, `open` those that two people could argue about, which are
not counted; every other claim is false of that picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
from tests.embedded_judge import fresh_edits as fresh
from tests.embedded_judge import known_edits as known
from tests.embedded_judge.known_edits import Pixels
from tests.images import edits
from tests.images.photographs import photograph

from iterativectl.generation.embedded.painting import edits as painter_edits
from iterativectl.generation.embedded.painting import paint
from iterativectl.model import Parameters, Prompts

SIDE = 384


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture to judge."""

    photo: str
    edit: str
    original: Pixels
    result: Pixels
    true: frozenset[str]
    open: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An edit, and what is true of any photograph after it."""

    make: Callable[[Pixels], Pixels]
    true: str
    open: str = ""


def _painted(prompt: str, denoise: float = 0.75, seed: int = 11) -> Callable[[Pixels], Pixels]:
    def make(picture: Pixels) -> Pixels:
        figures = Parameters(denoise=denoise, cfg=7.0, steps=12, sampler_name="dpmpp_2m", scheduler="karras")
        return paint(
            picture, painter_edits(Prompts(positive=prompt, negative=""), figures), seed, None
        ).pixels

    return make


# What is true of an untouched photograph of these, all of them taken by day in clear air.
PLAIN = "clear_air daylight sharp same_places photograph coloured no_snow no_night no_sunset"
HARM = "clear_air daylight sharp photograph coloured no_snow no_night no_sunset"  # places changed
_HAZY = "clear_air fog sharp vivid"

EDITS: dict[str, Edit] = {
    "unchanged": Edit(make=edits.unchanged, true=PLAIN),
    "jpeg": Edit(make=edits.jpeg, true=PLAIN),
    "noise": Edit(make=edits.noise, true=PLAIN, open="sharp photograph painting"),
    "shift of 2 %": Edit(make=edits.shift, true=PLAIN, open="same_places"),
    "mild grade": Edit(make=edits.mild, true=PLAIN, open="warmer brighter vivid"),
    "warmer": Edit(make=known.warmer, true=f"{PLAIN} warmer", open="vivid brighter darker autumn"),
    "colder": Edit(make=known.colder, true=f"{PLAIN} colder", open="vivid brighter darker"),
    "lighter": Edit(make=known.lighter, true=f"{PLAIN} brighter", open="vivid fog clear_air colder warmer"),
    "dimmer": Edit(make=known.dimmer, true=f"{PLAIN} darker", open="daylight vivid"),
    "more colour": Edit(
        make=known.more_colour, true=f"{PLAIN} vivid", open="warmer colder brighter darker autumn"
    ),
    "dark corners": Edit(make=known.dark_corners, true=f"{PLAIN} darker vignette", open="daylight"),
    "orange leaves": Edit(
        make=known.rusty_leaves, true=f"{PLAIN} autumn", open="vivid warmer brighter darker"
    ),
    "white leaves": Edit(
        make=known.white_leaves,
        true="daylight photograph coloured no_night no_sunset snow",
        open=f"same_places colder brighter {_HAZY}",
    ),
    "grey veil": Edit(
        make=edits.veil,
        true="fog coloured daylight no_snow no_night no_sunset same_places",
        open=f"brighter darker warmer colder photograph sharp {_HAZY}",
    ),
    "orange sky": Edit(
        make=edits.glow,
        true="sunset warmer coloured no_snow no_night same_places",
        open="vivid clear_air fog daylight brighter darker autumn sharp photograph vignette",
    ),
    "night curve": Edit(
        make=edits.darker,
        true="night darker colder coloured no_snow no_sunset photograph",
        open="clear_air sharp same_places vivid",
    ),
    "pencil": Edit(
        make=edits.drawing,
        true="painting monochrome brighter no_night no_sunset",
        open=f"same_places snow no_snow daylight colder warmer {_HAZY}",
    ),
    "monochrome": Edit(
        make=edits.monochrome,
        true="monochrome clear_air daylight sharp same_places photograph no_snow no_night no_sunset",
        open="colder warmer brighter darker",
    ),
    "blur": Edit(
        make=edits.blur,
        true="daylight coloured no_snow no_night no_sunset",
        open="same_places painting photograph clear_air fog",
    ),
    "few tones": Edit(
        make=edits.flatten,
        true="daylight coloured no_snow no_night no_sunset same_places",
        open="painting photograph sharp clear_air brighter darker vivid",
    ),
    "orange cast": Edit(
        make=known.orange_cast,
        true=f"{PLAIN} warmer darker",
        open="vivid daylight autumn sunset no_sunset",
    ),
    "zoom of 25 %": Edit(
        make=edits.zoom, true=HARM, open="brighter darker warmer colder vivid vignette fog autumn"
    ),
    "mirror": Edit(make=edits.mirror, true=HARM),
    "upside down": Edit(
        make=known.upside_down,
        true=HARM,
        open="warmer colder sunset no_sunset snow autumn fog vignette clear_air",
    ),
    "shift of 8 %": Edit(
        make=known.far_shift, true=HARM, open="brighter darker warmer colder vivid vignette autumn fog"
    ),
    "waves": Edit(make=known.warped, true=HARM, open="painting photograph"),
    "object pasted": Edit(
        make=known.pasted_object, true=HARM, open="brighter darker warmer colder vivid autumn vignette"
    ),
    "object in the sky": Edit(make=known.sky_object, true=HARM, open="brighter darker warmer vignette vivid"),
    "object removed": Edit(
        make=known.removed_object, true=HARM, open="sharp fog clear_air painting photograph"
    ),
    "another photograph": Edit(
        make=known.other_photo,
        true=HARM,
        open="brighter darker warmer colder vivid autumn vignette fog clear_air sharp painting photograph "
        "monochrome coloured snow no_snow daylight",
    ),
    "orange sky and object": Edit(
        make=known.glow_with_object,
        true="sunset warmer coloured no_snow no_night",
        open="vivid clear_air fog daylight brighter darker autumn sharp photograph vignette painting",
    ),
    "strong darkening": Edit(
        make=known.nearly_black,
        true="darker no_snow no_sunset",
        open=(
            "night clear_air sharp same_places coloured photograph colder warmer painting monochrome vignette"
        ),
    ),
    "strong grain": Edit(
        make=known.shapes_of_noise,
        true="no_night no_snow no_sunset",
        open=f"{_HAZY} painting daylight coloured brighter",
    ),
    "negative": Edit(
        make=known.negative,
        true="",
        open=f"{PLAIN} painting brighter darker warmer colder sunset fog night snow autumn vivid vignette",
    ),
    "one orange": Edit(
        make=known.all_orange,
        true="warmer coloured no_snow no_night",
        open=(
            "brighter darker vivid monochrome clear_air fog "
            "daylight vignette sunset no_sunset painting photograph"
        ),
    ),
    "one white": Edit(
        make=known.all_white,
        true="brighter no_night no_sunset",
        open="fog clear_air monochrome daylight colder warmer snow no_snow painting photograph",
    ),
    "one grey": Edit(
        make=known.all_grey,
        true="no_sunset",
        open=(
            "fog monochrome clear_air colder warmer daylight "
            "brighter darker no_night no_snow painting photograph"
        ),
    ),
    "static": Edit(
        make=known.static,
        true="",
        open=f"{PLAIN} painting brighter darker warmer colder vivid monochrome fog vignette",
    ),
    "painter: golden hour sunset": Edit(
        make=_painted("golden hour sunset"),
        true="sunset warmer coloured no_snow no_night photograph",
        open="same_places vivid clear_air fog daylight brighter darker autumn sharp vignette",
    ),
    "painter: fog": Edit(
        make=_painted("thick fog"),
        true="fog no_snow no_night no_sunset",
        open=(
            "same_places coloured daylight brighter darker "
            "warmer colder photograph sharp monochrome clear_air"
        ),
    ),
    "painter: night": Edit(
        make=_painted("night"),
        true="night darker no_snow no_sunset photograph",
        open="clear_air sharp same_places vivid colder coloured vignette",
    ),
    "painter: snow": Edit(
        make=_painted("winter, snow"),
        true="snow no_night no_sunset",
        open=f"same_places photograph daylight coloured colder brighter painting monochrome {_HAZY}",
    ),
    "painter: autumn": Edit(
        make=_painted("autumn leaves"),
        true="autumn coloured no_snow no_night no_sunset photograph daylight",
        open="same_places warmer vivid brighter darker sharp clear_air",
    ),
    "painter: pencil": Edit(
        make=_painted("pencil sketch"),
        true="painting no_night no_sunset",
        open=f"same_places monochrome brighter snow no_snow daylight colder warmer coloured {_HAZY}",
    ),
    "painter: oil": Edit(
        make=_painted("oil painting"),
        true="painting coloured no_night no_snow no_sunset daylight",
        open="same_places sharp clear_air vivid brighter darker warmer colder",
    ),
    "painter: distorted": Edit(
        make=_painted("sunset", 1.0),
        true="sunset coloured no_snow warmer",
        open=(
            "same_places no_night night vivid clear_air fog daylight "
            "brighter darker autumn sharp vignette photograph painting"
        ),
    ),
}


_LIGHT = "brighter darker warmer colder vivid"
FRESH: dict[str, Edit] = {
    "equalised": Edit(
        make=fresh.equalised, true=PLAIN, open=f"{_LIGHT} sharp fog clear_air photograph painting"
    ),
    "turned hues": Edit(
        make=fresh.turned_hues,
        true="clear_air daylight sharp same_places coloured no_night",
        open=f"{_LIGHT} autumn sunset no_sunset photograph painting snow no_snow",
    ),
    "pale": Edit(make=fresh.pale, true=PLAIN, open=f"{_LIGHT} coloured fog clear_air snow no_snow"),
    "red sky": Edit(
        make=fresh.red_sky,
        true="sunset no_snow no_night coloured",
        open=f"{_LIGHT} same_places clear_air fog daylight autumn sharp photograph vignette",
    ),
    "banks of fog": Edit(
        make=fresh.banks_of_fog,
        true="fog no_night no_sunset",
        open=f"{_LIGHT} same_places coloured monochrome daylight photograph sharp snow no_snow",
    ),
    "thin haze": Edit(make=fresh.thin_haze, true=PLAIN, open=f"{_LIGHT} fog clear_air snow no_snow"),
    "blue hour": Edit(
        make=fresh.blue_hour,
        true="night darker colder coloured no_snow no_sunset",
        open="clear_air sharp same_places vivid photograph",
    ),
    "red leaves": Edit(make=fresh.red_leaves, true=f"{PLAIN} autumn", open=f"{_LIGHT} photograph"),
    "snow cover": Edit(
        make=fresh.snow_cover,
        true="snow daylight coloured no_night no_sunset",
        open=f"{_LIGHT} same_places sharp fog clear_air photograph painting",
    ),
    "rain": Edit(
        make=fresh.rain, true=PLAIN, open=f"{_LIGHT} sharp same_places photograph clear_air fog painting"
    ),
    "halves swapped": Edit(make=fresh.swapped_halves, true=HARM, open="vignette"),
    "leaning": Edit(make=fresh.leaning, true=HARM, open=_LIGHT),
    "tilted": Edit(make=fresh.tilted, true=HARM, open=_LIGHT),
    "four times": Edit(make=fresh.four_times, true=HARM, open="vignette sunset no_sunset snow no_snow sharp"),
    "part copied": Edit(make=fresh.copied_part, true=HARM, open=_LIGHT),
    "lettering": Edit(make=fresh.lettering, true=HARM, open=_LIGHT),
    "a figure": Edit(make=fresh.figure, true=HARM, open=f"{_LIGHT}"),
    "half shuffled": Edit(make=fresh.half_shuffled, true=HARM, open=f"{_LIGHT} vignette"),
    "letterbox": Edit(
        make=fresh.letterbox, true=f"{HARM} darker", open=f"{_LIGHT} daylight vignette snow no_snow"
    ),
    "upright format": Edit(
        make=fresh.upright_format, true=HARM, open=f"{_LIGHT} vignette snow no_snow sunset no_sunset"
    ),
    "pixelated": Edit(
        make=fresh.pixelated,
        true="daylight coloured no_snow no_night no_sunset",
        open=f"{_LIGHT} painting photograph same_places clear_air fog",
    ),
    "shaken": Edit(
        make=fresh.shaken,
        true="daylight coloured no_snow no_night no_sunset",
        open="painting photograph same_places clear_air fog",
    ),
    "sepia": Edit(
        make=fresh.sepia,
        true="warmer clear_air daylight sharp same_places no_snow no_night",
        open="monochrome coloured brighter darker vivid sunset no_sunset autumn photograph painting",
    ),
    "line art": Edit(
        make=fresh.line_art,
        true="painting monochrome brighter no_night no_sunset",
        open="same_places snow no_snow daylight colder warmer fog clear_air sharp",
    ),
    "overexposed": Edit(
        make=fresh.overexposed,
        true="brighter daylight coloured no_snow no_night no_sunset",
        open="same_places fog clear_air sharp colder warmer vivid photograph painting",
    ),
    "dark above": Edit(
        make=fresh.dark_above, true=f"{PLAIN} darker", open="daylight night no_night warmer colder vivid"
    ),
    "two dark corners": Edit(
        make=fresh.two_dark_corners,
        true=f"{PLAIN} darker",
        open="daylight night no_night warmer colder vivid",
    ),
    "painter: mist": Edit(
        make=_painted("morning mist", 0.6, seed=5),
        true="fog no_night no_sunset",
        open=f"{_LIGHT} same_places coloured monochrome daylight photograph sharp snow no_snow clear_air",
    ),
    "painter: rain": Edit(
        make=_painted("heavy rain", 0.6, seed=5),
        true="no_sunset coloured",
        open=(
            f"{_LIGHT} same_places daylight night no_night photograph "
            f"painting sharp fog clear_air snow no_snow"
        ),
    ),
    "painter: vintage": Edit(
        make=_painted("vintage photo", 0.6, seed=5),
        true="no_night",
        open=f"{_LIGHT} same_places daylight photograph painting sharp fog clear_air vignette sunset "
        "no_sunset autumn snow no_snow coloured monochrome",
    ),
    "painter: vignette": Edit(
        make=_painted("strong vignette", 0.7, seed=5),
        true="vignette darker no_snow no_sunset coloured",
        open=f"{_LIGHT} same_places daylight sharp photograph clear_air night no_night painting",
    ),
    "painter: faint sunset": Edit(
        make=_painted("sunset", 0.25, seed=5),
        true=HARM.replace(" no_sunset", "").replace(" photograph", ""),
        open=f"{_LIGHT} sunset no_sunset same_places autumn sharp photograph fog clear_air",
    ),
    "painter: untouched words": Edit(
        make=_painted("a dragon", 0.3, seed=5),
        true=f"{PLAIN}",
        open=f"{_LIGHT} same_places sharp photograph painting",
    ),
    "painter: golden autumn": Edit(
        make=_painted("golden hour sunset, autumn leaves", 0.6, seed=5),
        true="sunset warmer coloured no_snow no_night",
        open=(
            "autumn same_places vivid clear_air fog daylight "
            "brighter darker sharp vignette photograph painting"
        ),
    ),
}


ALL: dict[str, Edit] = {**EDITS, **FRESH}


def scenes(photos: Iterable[str], edits: Mapping[str, Edit]) -> Iterator[Scene]:
    """Every edit of every photograph."""
    for photo in photos:
        original = _small(photograph(photo))
        for name, edit in edits.items():
            yield Scene(
                photo=photo,
                edit=name,
                original=original,
                result=edit.make(original),
                true=frozenset(edit.true.split()),
                open=frozenset(edit.open.split()),
            )


def _small(picture: Pixels) -> Pixels:
    scale = SIDE / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
