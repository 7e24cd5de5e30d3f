"""The providers of vision models by name, and whose an address or a key in AIVis.yaml is. Pure.

One file names at most two providers, but has one `base_url` and one `api_key`: neither may reach the other.
"""

from __future__ import annotations

from collections.abc import Iterable

# Servers that people run themselves: an address in the file is meant for these first.
SELF_HOSTED = ("openai_compatible", "ollama", "lmstudio", "llamacpp", "vllm")
# Companies' servers with an address of their own: a key in the file is meant for these first.
HOSTED = ("openrouter", "openai", "anthropic", "gemini", "gemini-openai")
NEED_ADDRESS = ("openai_compatible",)
_NO_KEY_FROM_FILE = ("ollama",)  # its key comes from OLLAMA_API_KEY only


def owner_of_address(providers: Iterable[str | None]) -> str | None:
    """Whose `base_url` is, of the providers in the file's order; None: nobody's."""
    return _first(providers, SELF_HOSTED, HOSTED)


def owner_of_key(providers: Iterable[str | None]) -> str | None:
    """Whose `api_key` is, of the providers in the file's order; None: nobody's."""
    takers = tuple(name for name in SELF_HOSTED if name not in _NO_KEY_FROM_FILE)
    return _first(providers, HOSTED, takers)


def _first(providers: Iterable[str | None], *groups: tuple[str, ...]) -> str | None:
    named = list(providers)
    return next((name for group in groups for name in named if name in group), None)
