"""Reading an answer of Ollama: errors by table, then text, then whether the prompt was read at all. Pure.

Facts and texts: Ollama's server sources and issues as of 2026-08. An error body is always {"error": TEXT}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.ports import Usage
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer, wait_seconds
from iterativectl.vision.wire import Read, is_json_object, token_count

# The least that a prompt can have in tokens: English has 4 to 5 characters a token, runs of blanks more.
_CHARACTERS_PER_TOKEN = 8
# A prompt that is too long is cut to half of the context on some servers (ollama#17427).
_HALF_CUT = (0.45, 0.501)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What reading needs to know of the request. `prompt_length` in characters."""

    model: str
    num_ctx: int
    prompt_length: int
    wants_json: bool
    sent: tuple[str, ...] = ()  # optional parameters of the request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    pattern: str
    kind: Kind
    hint: str = ""


# The first row whose pattern is in the error's text decides; without one, the status does.
_TEXTS = (
    _Row(
        pattern=r"exceeds the available context|longer than the context length|context length exceeded",
        kind="too_large",
        hint="Raise num_ctx in AIVis.yaml (16384 for two large pictures), or lower max_image_px.",
    ),
    _Row(
        pattern=r"only supports one image", kind="not_found", hint="Choose a model that takes two pictures."
    ),
    _Row(pattern=r"model .*not found|try pulling it", kind="not_found", hint="Run `ollama pull {model}`."),
    _Row(
        pattern=r"does not support (chat|generate|completion|vision|image)|missing data required for image",
        kind="not_found",
        hint="Choose a model that sees pictures, for example qwen3-vl:4b.",
    ),
    _Row(pattern=r"unauthorized|signin", kind="auth", hint="Run `ollama signin`, or choose a local model."),
    _Row(
        pattern=r"terminated|unexpectedly stopped|out of memory|requires more (system )?memory",
        kind="overloaded",
        hint="The model may not fit into memory beside what else runs: try a smaller one or a lower num_ctx.",
    ),
)
_STATUS: dict[int, Kind] = {
    401: "auth",
    402: "billing",
    403: "auth",
    404: "not_found",
    408: "overloaded",
    413: "too_large",
    429: "rate_limit",
    499: "overloaded",
}


def read(answer: Answer, asked: Asked) -> Read:
    """The text. Raises ProviderError for everything that is none."""
    body = _body(answer, asked)
    usage = Usage(
        input_tokens=token_count(body.get("prompt_eval_count")),
        output_tokens=token_count(body.get("eval_count")),
        cost_usd=0.0,
    )
    try:
        finish = _finish(body, usage, asked)
        _require_whole_prompt(usage, asked)
        return Read(text=_text(body, asked), usage=usage, served_by=f"ollama {asked.model}", finish=finish)
    except ProviderError as error:
        error.usage = usage
        raise


def _body(answer: Answer, asked: Asked) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    text = body.get("error") if isinstance(body, Mapping) else None
    if text or answer.status != 200:
        raise _explain(str(text or answer.page_text()), answer, asked)
    if not isinstance(body, Mapping):
        raise ProviderError(
            "bad_reply",
            f"ollama sent no JSON object: {answer.page_text()}",
            "Check base_url in AIVis.yaml: something else may be listening there.",
        )
    return body


def _explain(text: str, answer: Answer, asked: Asked) -> ProviderError:
    text = " ".join(text.split())[:400]
    kind, hint = _kind(text, answer.status)
    parameter = _rejected(text, asked.sent) if answer.status == 400 else None
    return ProviderError(
        "unsupported" if parameter else kind,
        f"ollama: {text}" + (f" (status {answer.status})" if answer.status != 200 else ""),
        hint.format(model=asked.model),
        status=answer.status if answer.status != 200 else None,
        wait_seconds=wait_seconds(answer.headers) if kind in ("rate_limit", "overloaded") else None,
        parameter=parameter,
    )


def _kind(text: str, status: int) -> tuple[Kind, str]:
    for row in _TEXTS:
        if re.search(row.pattern, text, re.IGNORECASE):
            return row.kind, row.hint
    if status in _STATUS:
        return _STATUS[status], ""
    if status >= 500 or status == 200:  # 200: the server broke off after the head was sent
        return "overloaded", ""
    return "bad_request", ""


def _rejected(text: str, sent: tuple[str, ...]) -> str | None:
    """The optional parameter that an old or odd server will not take."""
    if "does not support thinking" in text and "think" in sent:
        return "think"
    if re.search(r"grammar|json schema|invalid format", text, re.IGNORECASE) and "format" in sent:
        return "format"
    return None


def _finish(body: Mapping[str, Any], usage: Usage, asked: Asked) -> str:
    """The finish word of a whole answer. Raises ProviderError for a cut one."""
    finish = body.get("done_reason")
    if finish == "length":
        if usage.input_tokens + usage.output_tokens >= asked.num_ctx:
            raise _cut(f"prompt and answer together fill num_ctx ({asked.num_ctx})")
        raise ProviderError("truncated", "ollama: the answer was cut at the token limit")
    if finish in ("load", "unload"):
        raise ProviderError("empty", f"ollama only did a {finish} of the model")
    if not finish or not body.get("done"):  # the link to the model's process broke: the text is a part
        raise ProviderError("overloaded", "ollama broke off in the middle of the answer")
    return str(finish)


def _require_whole_prompt(usage: Usage, asked: Asked) -> None:
    """Notice a prompt that was cut without a word, by the number of tokens read (absent on some servers)."""
    counted = usage.input_tokens
    if counted >= asked.num_ctx:
        raise _cut(f"{counted} tokens were read, as many as num_ctx allows")
    low, high = (share * asked.num_ctx for share in _HALF_CUT)
    if low <= counted <= high and counted < asked.prompt_length / _CHARACTERS_PER_TOKEN:
        raise _cut(f"only {counted} tokens were read, half of num_ctx")


def _cut(why: str) -> ProviderError:
    return ProviderError(
        "too_large",
        f"ollama cut the prompt: {why}",
        "Raise num_ctx in AIVis.yaml (16384 for two large pictures), or lower max_image_px.",
    )


def _text(body: Mapping[str, Any], asked: Asked) -> str:
    """message.content (chat) or response (generate); JSON that was filed under `thinking` is the answer too.

    /api/generate hands the grammar to the sampler at once, so that a thinking model's answer is taken for its
    thought (ollama#12831).
    """
    message = body.get("message")
    place = message if isinstance(message, Mapping) else body
    for text in (place.get("content"), place.get("response")):
        if isinstance(text, str) and text.strip():
            return text
    thinking = place.get("thinking")
    if asked.wants_json and is_json_object(thinking):
        return str(thinking)
    raise ProviderError("empty", "ollama: the answer has no text")
