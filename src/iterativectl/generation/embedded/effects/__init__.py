"""What the painter can do: effects by name, in the order in which they are laid over each other.

An effect is a function (scene, picture, strength) -> picture; strength 0 leaves the picture as it is, 1 is
the full effect, up to 1.2 is an emphasised one. A new effect is one function, one line here and its words in
vocabulary.py.
"""

from __future__ import annotations

from collections.abc import Callable

from iterativectl.generation.embedded.effects import drawing, evening, film, light, night, seasons, weather
from iterativectl.generation.embedded.pixels import Pixels
from iterativectl.generation.embedded.scene import Scene

Effect = Callable[[Scene, Pixels, float], Pixels]

# Season first, then the light that falls on it, the air before it, the lens, the hand, the darkroom.
EFFECTS: dict[str, Effect] = {
    "autumn": seasons.autumn,
    "winter": seasons.winter,
    "sunset": evening.sunset,
    "night": night.night,
    "moon": night.moon,
    "rain": weather.rain,
    "fog": weather.fog,
    "warm": light.warm,
    "cool": light.cool,
    "bright": light.bright,
    "dark": light.dark,
    "vivid": light.vivid,
    "muted": light.muted,
    "soft": light.soft,
    "crisp": light.crisp,
    "oil": drawing.oil,
    "coloured pencil": drawing.coloured_pencil,
    "pencil": drawing.pencil,
    "vintage": film.vintage,
    "sepia": film.sepia,
    "monochrome": film.monochrome,
    "duotone": film.duotone,
    "cyberpunk": film.cyberpunk,
    "vignette": film.vignette,
}
BACKGROUND_BLUR = "background blur"  # works outside the mask, where all others work inside
DISTORTION = "distortion"  # not an effect: more or less of what a high denoise does to shapes
