"""Which values in the settings are secrets: recognised by name, so that they are never written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|passw|api-?key|access-?key|credential", re.IGNORECASE)
_FROM_ENVIRONMENT = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # token, RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(r"[\t -~]*")  # visible ASCII: what HTTP clients send without surprises


def is_from_environment(value: str) -> bool:
    """Whether a header's value is `env:NAME`, read at run time."""
    return _FROM_ENVIRONMENT.fullmatch(value) is not None


def is_plain_secret(header: str, value: str) -> bool:
    """Whether a header carries what looks like a secret instead of `env:NAME`."""
    return bool(value) and _SECRET_NAME.search(header) is not None and not is_from_environment(value)


def header_fault(header: str, value: str) -> str:
    """What is wrong with a header, "" if nothing is. The value is not repeated."""
    if not _HEADER_NAME.fullmatch(header):
        return "this is not a header name: it may hold letters, digits and -"
    if not _HEADER_VALUE.fullmatch(value):
        return "a header's value must be one line of plain ASCII text"
    if value.startswith("env:") and not is_from_environment(value):
        return "after env: the name of an environment variable must follow, such as env:COMFYUI_AUTH"
    return ""


def writable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may be written to a file: all but plain secrets."""
    return {name: value for name, value in headers.items() if not is_plain_secret(name, value)}


def has_user_info(url: str) -> bool:
    """Whether an address carries `user:password@`."""
    return "@" in urlsplit(url).netloc


def without_user_info(url: str) -> str:
    """An address without `user:password@`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def address_fault(url: str) -> str:
    """What is wrong with an http(s) address, "" if nothing is."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return "" if usable else "this is not a usable address, such as https://host:8188/path"
