"""Where a provider's key comes from, and how it is kept out of every text that is shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from iterativectl.errors import JudgeUnavailable

REDACTED = "[key]"
_SHORTEST = 6  # a shorter value would be cut out of ordinary words
_BEARER = re.compile(r"\bBearer\s+[^\s'\",}]+", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^\s/@'\"]+@")
_KEY_LIKE = re.compile(r"\b(sk-[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{20,})")  # Google's begin with AIza
_IN_QUERY = re.compile(r"([?&](?:key|api_key|token)=)[^&\s'\"]+", re.IGNORECASE)
_BASE64_PICTURE = re.compile(r"(data:image/[a-z]+;base64,)[A-Za-z0-9+/=]+")


def find_key(provider: str, variables: Sequence[str], environ: Mapping[str, str], written: str = "") -> str:
    """The key of a provider: the first variable that is set, then the one in AIVis.yaml; "" for none.

    Raises JudgeUnavailable for a value that cannot be sent in a header.
    """
    found = next((environ[name] for name in variables if environ.get(name, "").strip()), written)
    key = found.strip()
    if key and not re.fullmatch(r"[!-~]+", key):
        raise JudgeUnavailable(
            f"the key of {provider} holds a blank or a character that no key has",
            f"Set {variables[0]} again, without quotes or line breaks.",
        )
    return key


def require_key(
    provider: str, variables: Sequence[str], environ: Mapping[str, str], written: str, page: str
) -> str:
    """The key of a provider that wants one. Raises JudgeUnavailable that names the variable and the page."""
    key = find_key(provider, variables, environ, written)
    if not key:
        raise JudgeUnavailable(
            f"{provider} needs a key and there is none",
            f"Set {variables[0]} in the environment (keys: {page}).",
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

    Called, it also cuts what looks like a secret: Bearer tokens, URL user-info and `?key=`, `sk-` and `AIza`
    keys, base64 pictures.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        values = {secret for secret in secrets if len(secret) >= _SHORTEST}
        values |= {quote(secret, safe="") for secret in values}
        self._values = sorted(values, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        text = _BEARER.sub(f"Bearer {REDACTED}", self.literal(text))
        text = _USER_INFO.sub(f"{REDACTED}@", text)
        text = _KEY_LIKE.sub(REDACTED, _IN_QUERY.sub(rf"\1{REDACTED}", text))
        return _BASE64_PICTURE.sub(r"\1...", text)

    def literal(self, text: str) -> str:
        """Only the configured values: for a reply's text, which must not be changed otherwise."""
        for value in self._values:
            text = text.replace(value, REDACTED)
        return text

    def __repr__(self) -> str:
        return f"Scrubber({len(self._values)} values)"
