"""What leaves the house with a report says nothing of this machine: no addresses, no paths, no names. Pure.

Keys are in none of the files (docs/promises.md). What may be are addresses of servers in the local network,
in error messages and settings, and where on the disk the project lies.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

ADDRESS, PLACE, SECRET = "(address)", "(folder)", "(secret)"
_URL = re.compile(
    r"(?i)\b((?:https?|wss?)://)((?:[^\s/?#\"'<>\\()\[\]]+@)?(?:\[[^\]\s]*\](?::\d+)?|[^\s/?#\"'<>\\()\[\]]+))"
)
_HOST_AND_PORT = re.compile(r"(?i)\b(?:localhost|(?:\d{1,3}\.){3}\d{1,3})(?::\d{1,5})?\b")
_KEY = re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}|\bsk-[\w-]{8,}")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^\s/\\\"']+")
_PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".home", ".corp", ".test")
# Settings that say where things are on this machine, wherever they stand in a run's record.
PRIVATE_KEYS = frozenset(
    {"host", "port", "url", "hosts", "path", "python", "args", "headers", "base_url", "api_key", "holder"}
)


def without_places(value: Any, places: Sequence[str]) -> Any:
    """Any JSON value with its texts cleaned. `places` are folders, the longer ones of two first."""
    if isinstance(value, str):
        return text_without_places(value, places)
    if isinstance(value, Mapping):
        return {
            text_without_places(str(key), places): without_places(entry, places)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_places(entry, places) for entry in value]
    return value


def text_without_places(text: str, places: Sequence[str]) -> str:
    """The text without folders of this machine, addresses of private servers, and what looks like a key."""
    for place in places:
        if place in text:
            text = _folder(place).sub(PLACE, text)
    text = _HOME.sub(PLACE, text)
    text = _URL.sub(_url, text)
    text = _HOST_AND_PORT.sub(ADDRESS, text)
    return _KEY.sub(lambda found: (found.group(1) or "") + SECRET, text)


def without_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings without where its servers are and how they are reached."""
    return {key: value for key, value in settings.items() if key not in PRIVATE_KEYS}


@cache
def _folder(place: str) -> re.Pattern[str]:
    """A folder's name where it stands for itself: "/root" is not in "tree/roots"."""
    return re.compile(rf"(?<![\w.)]){re.escape(place)}(?![\w.-])")


def _url(found: re.Match[str]) -> str:
    """A public server may be named, without a password; a private one is nobody's business."""
    host = found.group(2).rpartition("@")[2]
    return f"{found.group(1)}{ADDRESS}" if _is_private(host) else f"{found.group(1)}{host}"


def _is_private(host: str) -> bool:
    name = (
        host.lower().strip("[").partition("]")[0] if host.startswith("[") else host.lower().partition(":")[0]
    )
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_PRIVATE_ENDINGS)
    return True
