"""Take secrets out of texts before they are shown or logged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

REPLACEMENT = "(secret)"
_NAMES = re.compile(r"key|token|secret|passw|auth|credential|cookie", re.IGNORECASE)
_SHORTEST = 8  # a shorter value is no key, and taking "1" out of every line would hide the line
# Where errors of HTTP libraries carry what nobody configured by a variable.
_IN_TEXT = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|\bsk-[\w-]{8,}"
)


def scrubber(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces the values of secret-looking variables, and what looks like a key itself."""
    values = [value for name, value in environ.items() if _NAMES.search(name) and len(value) >= _SHORTEST]
    values.sort(key=len, reverse=True)  # the longer first, where one holds the other

    def scrub(text: str) -> str:
        for value in values:
            text = text.replace(value, REPLACEMENT)
        return _IN_TEXT.sub(lambda found: (found.group(1) or "") + REPLACEMENT, text)

    return scrub
