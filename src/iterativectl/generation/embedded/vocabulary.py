"""The words that the painter understands, and how surely each means its effect.

1.0: the word names the effect. Below: a synonym, or a word that only suggests it; cfg says how firmly those
are followed. What is in neither table is reported as not understood.
"""

from __future__ import annotations

_MEANINGS: dict[str, dict[str, float]] = {
    "sunset": {
        "sunset": 1.0,
        "golden hour": 1.0,
        "sundown": 1.0,
        "sunrise": 0.9,
        "setting sun": 1.0,
        "evening sky": 0.8,
        "evening light": 0.7,
        "evening": 0.6,
        "dusk": 0.7,
        "dawn": 0.7,
        "twilight": 0.6,
        "afterglow": 0.7,
        "orange sky": 0.8,
        "red sky": 0.7,
        "golden light": 0.6,
    },
    "night": {
        "night": 1.0,
        "nighttime": 1.0,
        "midnight": 1.0,
        "starry": 0.9,
        "stars": 0.9,
        "nocturnal": 0.9,
        "moonlight": 0.8,
        "moonlit": 0.8,
        "lit windows": 0.7,
        "dark sky": 0.6,
    },
    "moon": {"moon": 1.0, "full moon": 1.0, "moonlight": 0.8, "moonlit": 0.8, "moonrise": 0.9},
    "fog": {
        "fog": 1.0,
        "foggy": 1.0,
        "mist": 0.85,
        "misty": 0.85,
        "haze": 0.65,
        "hazy": 0.65,
        "smoke": 0.4,
        "mysterious": 0.3,
        "ethereal": 0.3,
        "low clouds": 0.6,
    },
    "rain": {
        "rain": 1.0,
        "rainy": 1.0,
        "downpour": 1.0,
        "drizzle": 0.6,
        "storm": 0.7,
        "stormy": 0.7,
        "thunderstorm": 0.8,
        "wet": 0.4,
        "overcast": 0.3,
    },
    "winter": {
        "winter": 1.0,
        "wintry": 0.9,
        "snow": 1.0,
        "snowy": 1.0,
        "snowfall": 1.0,
        "blizzard": 1.0,
        "snow covered": 1.0,
        "frost": 0.6,
        "frosty": 0.6,
        "icy": 0.5,
        "christmas": 0.5,
    },
    "autumn": {
        "autumn": 1.0,
        "autumnal": 1.0,
        "fall colors": 1.0,
        "fall colours": 1.0,
        "fall foliage": 1.0,
        "autumn leaves": 1.0,
        "october": 0.7,
        "november": 0.6,
        "red leaves": 0.9,
        "golden leaves": 0.9,
        "orange leaves": 0.9,
        "fall": 0.5,
    },
    "oil": {
        "oil painting": 1.0,
        "oil on canvas": 1.0,
        "oil paint": 1.0,
        "painting": 0.7,
        "painterly": 0.8,
        "impressionist": 0.7,
        "impressionism": 0.7,
        "brush strokes": 0.8,
        "brushstrokes": 0.8,
        "van gogh": 0.6,
        "monet": 0.6,
        "canvas": 0.4,
    },
    "pencil": {
        "pencil sketch": 1.0,
        "pencil drawing": 1.0,
        "sketch": 0.9,
        "pencil": 0.9,
        "graphite": 0.9,
        "charcoal": 0.7,
        "drawing": 0.7,
        "line art": 0.6,
        "ink": 0.4,
    },
    "coloured pencil": {
        "coloured pencil": 1.0,
        "colored pencil": 1.0,
        "color sketch": 1.0,
        "colour sketch": 1.0,
        "crayon": 0.6,
        "pastel": 0.5,
    },
    "vintage": {
        "vintage": 1.0,
        "retro": 0.85,
        "old photograph": 0.9,
        "old photo": 0.9,
        "faded": 0.7,
        "film grain": 0.6,
        "nostalgic": 0.6,
        "polaroid": 0.8,
        "analog": 0.5,
        "1970s": 0.7,
    },
    "sepia": {"sepia": 1.0, "daguerreotype": 0.8},
    "monochrome": {
        "monochrome": 1.0,
        "black and white": 1.0,
        "greyscale": 1.0,
        "grayscale": 1.0,
        "noir": 0.7,
    },
    "duotone": {"duotone": 1.0, "two tone": 0.9, "risograph": 0.7, "screen print": 0.6},
    "cyberpunk": {"cyberpunk": 1.0, "synthwave": 0.9, "vaporwave": 0.8, "neon": 0.7},
    "vignette": {"vignette": 1.0, "dark corners": 0.9, "vignetting": 1.0},
    "background blur": {
        "background blur": 1.0,
        "blurred background": 1.0,
        "blurry background": 1.0,
        "bokeh": 1.0,
        "shallow depth of field": 0.9,
        "depth of field": 0.6,
        "portrait mode": 0.7,
    },
    "warm": {
        "warm light": 1.0,
        "warm": 0.9,
        "warm colors": 1.0,
        "warm colours": 1.0,
        "warm tones": 1.0,
        "sunny": 0.5,
        "cosy": 0.4,
        "cozy": 0.4,
        "golden": 0.5,
    },
    "cool": {
        "cool light": 1.0,
        "cold light": 1.0,
        "cool tones": 1.0,
        "cold": 0.7,
        "cool": 0.7,
        "blue light": 0.8,
    },
    "bright": {
        "bright": 1.0,
        "well lit": 0.8,
        "brightly lit": 1.0,
        "sunlit": 0.6,
        "high key": 0.9,
        "overexposed": 1.0,
    },
    "dark": {
        "dark": 1.0,
        "gloomy": 0.8,
        "moody": 0.6,
        "low key": 0.9,
        "underexposed": 1.0,
        "dim": 0.7,
        "too dark": 1.0,
        "stormy": 0.4,
    },
    "vivid": {
        "vivid": 1.0,
        "saturated": 1.0,
        "vibrant": 1.0,
        "colorful": 0.8,
        "colourful": 0.8,
        "rich colors": 0.8,
    },
    "muted": {"muted": 1.0, "desaturated": 1.0, "pale": 0.7, "washed out": 0.9, "subdued": 0.7},
    "soft": {
        "soft focus": 1.0,
        "blurry": 0.8,
        "blurred": 0.8,
        "dreamy": 0.7,
        "smeared": 0.8,
        "out of focus": 1.0,
    },
    "crisp": {
        "crisp": 1.0,
        "sharp": 1.0,
        "sharp focus": 1.0,
        "sharp details": 1.0,
        "detailed": 0.7,
        "in focus": 0.7,
    },
    "distortion": {
        "distorted": 1.0,
        "deformed": 1.0,
        "warped": 1.0,
        "melted": 1.0,
        "crooked": 0.8,
        "disfigured": 0.7,
    },
}

# What a negative prompt pushes towards, as guidance away from a word does in a diffusion model.
_PAIRS = (("warm", "cool"), ("bright", "dark"), ("vivid", "muted"), ("soft", "crisp"))
OPPOSITES = {**dict(_PAIRS), **{other: one for one, other in _PAIRS}}

NEGATIONS = frozenset({"no", "not", "without", "never", "avoid", "none"})
AGAIN_POSITIVE = frozenset({"but", "with", "yet", "only"})
FREE = "free"  # "fog free", "fog-free"

# Before a word that is understood they say how much of it; alone they say nothing.
SCALES = {
    "light": 0.65,
    "slight": 0.5,
    "slightly": 0.5,
    "subtle": 0.5,
    "faint": 0.45,
    "soft": 0.7,
    "gentle": 0.7,
    "thin": 0.6,
    "mild": 0.6,
    "some": 0.8,
    "heavy": 1.2,
    "heavily": 1.2,
    "dense": 1.2,
    "thick": 1.2,
    "strong": 1.2,
    "deep": 1.15,
    "dramatic": 1.15,
    "intense": 1.2,
    "very": 1.15,
    "extremely": 1.2,
    "beautiful": 1.0,
}

# Grammar, and words that say only that this is a picture.
_SAYING_NOTHING = """
    a an the of in on at by to for from with into over under above below behind before and or as is
    are be it its this that these those there their his her same while during through all every each
    more most quite rather so too also just like style styled effect look looking mood atmosphere
    scene scenery view picture image photo photograph photography photographic shot colors colours
    color colour tones tone time day hour light lighting sky air season weather everything where
    which
"""
STOP_WORDS = frozenset(_SAYING_NOTHING.split())


def _by_phrase() -> dict[str, tuple[tuple[str, float], ...]]:
    meanings: dict[str, tuple[tuple[str, float], ...]] = {}
    for effect, phrases in _MEANINGS.items():
        for phrase, sureness in phrases.items():
            meanings[phrase] = (*meanings.get(phrase, ()), (effect, sureness))
    return meanings


MEANINGS = _by_phrase()  # phrase -> (effect, sureness), one or more
LONGEST_PHRASE = max(len(phrase.split()) for phrase in MEANINGS)
