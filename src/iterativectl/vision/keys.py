"""Where a provider's key comes from, and how it is kept out of every text that is shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from iterativectl.errors import JudgeUnavailable

REDACTED = "[key]"
_SHORTEST = 6  # a shorter value would be cut out of ordinary words
_BEARER = re.compile(r"\bBearer\s+[^\s'\",}]+", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^\s/@'\"]+@")
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}")
_BASE64_PICTURE = re.compile(r"(data:image/[a-z]+;base64,)[A-Za-z0-9+/=]+")


def find_key(provider: str, variable: str, environ: Mapping[str, str], written: str = "") -> str:
    """The key of a provider: the environment first, then the one in AIVis.yaml; "" when there is none.

    Raises JudgeUnavailable for a value that cannot be sent in a header.
    """
    key = (environ.get(variable, "") or written).strip()
    if key and not re.fullmatch(r"[!-~]+", key):
        raise JudgeUnavailable(
            f"the key of {provider} holds a blank or a character that no key has",
            f"Set {variable} again, without quotes or line breaks.",
        )
    return key


def without_user_info(url: str) -> str:
    """The address without `user:password@`, for messages."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def require_address(provider: str, url: str) -> str:
    """The address of a server, without a slash at its end. Raises JudgeUnavailable when it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise JudgeUnavailable(
            f"{Scrubber()(url)!r} is no address of {provider}" if url else f"{provider} has no address",
            "Write it as base_url in AIVis.yaml, for example http://localhost:8080/v1.",
        )
    return url.rstrip("/")


class Scrubber:
    """Takes the configured secrets out of texts.

    Called, it also cuts what looks like a secret: Bearer tokens, URL user-info, `sk-` keys, base64 pictures.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        values = {secret for secret in secrets if len(secret) >= _SHORTEST}
        values |= {quote(secret, safe="") for secret in values}
        self._values = sorted(values, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        text = _BEARER.sub(f"Bearer {REDACTED}", self.literal(text))
        text = _USER_INFO.sub(f"{REDACTED}@", text)
        text = _KEY_LIKE.sub(REDACTED, text)
        return _BASE64_PICTURE.sub(r"\1...", text)

    def literal(self, text: str) -> str:
        """Only the configured values: for a reply's text, which must not be changed otherwise."""
        for value in self._values:
            text = text.replace(value, REDACTED)
        return text

    def __repr__(self) -> str:
        return f"Scrubber({len(self._values)} values)"
