"""The presets of the OpenAI chat format: what each sends, forgets and looks at; that the tables agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.openai_compatible import FakeOpenAICompatible
from tests.vision.benches import CANARY, KINDS, LM_STUDIO, LOCAL, PROPS, SERVERS, Bench
from tests.vision.samples import FREE_TEXT, REQUEST, TEXT_ONLY

from iterativectl.config import providers
from iterativectl.config.check import load_schema
from iterativectl.config.types import AIVis, Prices
from iterativectl.errors import JudgeUnavailable
from iterativectl.vision import PROVIDERS, build
from iterativectl.vision.canary import plain_picture
from iterativectl.vision.costs import PATCH
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.presets import PRESETS

NEEDS_KEY = ("openrouter", "openai", "anthropic", "gemini", "gemini-openai")


def test_the_tables_of_providers_agree() -> None:
    schema = load_schema("AIVis")
    named = schema["$defs"]["provider"]["enum"]
    assert set(named) == set(PROVIDERS)
    assert schema["properties"]["fallback_provider"]["enum"] == [*named, None]
    assert {*providers.SELF_HOSTED, *providers.HOSTED, "embedded"} == set(PROVIDERS)
    assert {name for name in PRESETS if PRESETS[name].key_required} == set(NEEDS_KEY) & set(PRESETS)
    assert {name for name in PRESETS if not PRESETS[name].base_url} == set(providers.NEED_ADDRESS)


@pytest.mark.parametrize("name", NEEDS_KEY)
def test_a_missing_key_names_its_variable_and_where_to_get_one(name: str) -> None:
    with pytest.raises(JudgeUnavailable) as caught:
        build(name, AIVis(provider=name, model="m"), "m", {})
    assert KINDS[name].variable in caught.value.hint and "https://" in caught.value.hint


@pytest.mark.parametrize(
    ("used", "address", "key"),
    [
        (("ollama", "openrouter"), "ollama", "openrouter"),
        (("openrouter", "ollama"), "ollama", "openrouter"),
        (("lmstudio", "anthropic"), "lmstudio", "anthropic"),
        (("anthropic", None), "anthropic", "anthropic"),
        (("openai", "gemini"), "openai", "openai"),
        (("gemini", "openai"), "gemini", "gemini"),
        (("vllm", "embedded"), "vllm", "vllm"),
        (("ollama", None), "ollama", None),
        (("embedded", None), None, None),
    ],
)
def test_whose_an_address_and_a_key_are(
    used: tuple[str, str | None], address: str | None, key: str | None
) -> None:
    assert (providers.owner_of_address(used), providers.owner_of_key(used)) == (address, key)


@pytest.mark.parametrize("provider", SERVERS)
@pytest.mark.parametrize("fallback", SERVERS)
def test_neither_key_nor_address_goes_to_both(provider: str, fallback: str) -> None:
    if provider == fallback:
        return
    url = "https://elsewhere.example"
    aivis = AIVis(
        provider=provider,
        model="m",
        fallback_provider=fallback,
        fallback_model="f",
        api_key=CANARY,
        base_url=url,
    )
    environ = {KINDS[name].variable: f"of-{KINDS[name].variable}" for name in NEEDS_KEY}
    at: dict[str, Any] = {}
    for name in (provider, fallback):
        try:
            at[name] = build(name, aivis, "m", environ)
        except JudgeUnavailable as error:  # the one that has to have an address has not got it
            assert "address" in error.message
    assert sum(made.server.base_url.startswith(url) for made in at.values()) <= 1
    written = [name for name, made in at.items() if made.server.key == CANARY]
    assert len(written) <= 1
    assert not (set(written) & {"ollama"})


# --- what is sent


SENT = {
    "openrouter": {"temperature", "max_tokens", "response_format", "provider"},
    "openai": {"temperature", "max_completion_tokens", "response_format", "seed", "reasoning_effort"},
    "openai_compatible": {"temperature", "max_tokens", "response_format"},
    "lmstudio": {"temperature", "max_tokens", "response_format", "seed"},
    "llamacpp": {"temperature", "max_tokens", "response_format", "seed", "chat_template_kwargs"},
    "vllm": {"temperature", "max_tokens", "response_format", "seed", "chat_template_kwargs"},
    "gemini-openai": {"temperature", "max_tokens", "response_format", "reasoning_effort"},
}


@pytest.mark.parametrize("name", PRESETS)
def test_what_each_preset_sends(name: str) -> None:
    with KINDS[name]() as bench:
        bench.model.ask(replace(REQUEST, sample=2))
        assert set(bench.fake.last) == {"model", "messages"} | SENT[name]
        assert bench.fake.last.get("seed", 2) == 2
        bench.model.ask(FREE_TEXT)
        assert set(bench.fake.last) == {"model", "messages"} | SENT[name] - {"response_format"}


def ask_until_answered(bench: Bench, request: Any = REQUEST) -> list[str]:
    """Ask as a router does: again after every rejection. Gives what was rejected, in order."""
    rejected: list[str] = []
    while True:
        try:
            bench.model.ask(request)
        except ProviderError as error:
            assert error.kind == "unsupported" and error.parameter not in rejected, error.message
            rejected.append(str(error.parameter))
        else:
            return rejected


DROPPABLE = [(name, field) for name in PRESETS for field in sorted(SENT[name] - {"provider"})]


@pytest.mark.parametrize(("name", "field"), DROPPABLE)
def test_a_rejected_field_is_dropped_once_and_remembered(name: str, field: str) -> None:
    with KINDS[name]() as bench:
        bench.fake.rejects = {field}
        assert ask_until_answered(bench) == [field]
        assert ask_until_answered(bench, TEXT_ONLY) == []
        assert field not in bench.fake.last
        assert len({"max_tokens", "max_completion_tokens"} & set(bench.fake.last)) == 1, "always bounded"


@pytest.mark.parametrize("name", PRESETS)
def test_a_model_that_rejects_all_of_it_is_asked_all_the_same(name: str) -> None:
    with KINDS[name]() as bench:
        bound = "max_completion_tokens" if name == "openai" else "max_tokens"
        bench.fake.rejects = SENT[name] - {"provider"}
        assert set(ask_until_answered(bench)) == bench.fake.rejects
        other = ({"max_tokens", "max_completion_tokens"} - {bound}).pop()
        assert set(bench.fake.last) == {"model", "messages", other} | (SENT[name] & {"provider"})


# --- prices


@pytest.mark.parametrize("name", ["lmstudio", "llamacpp", "vllm"])
def test_a_server_of_one_s_own_is_free_wherever_it_runs(name: str) -> None:
    aivis = AIVis(provider=name, model="m", base_url="http://gpu.example:1/v1")
    free: Any = build(name, aivis, "m", {})
    assert free.worst_cost_usd(REQUEST) == 0.0
    hired: Any = build(name, replace(aivis, prices=Prices(input=1.0, output=1.0)), "m", {})
    assert hired.worst_cost_usd(REQUEST) > 0.0


@pytest.mark.parametrize("name", ["openai", "gemini-openai"])
def test_without_prices_a_company_s_price_is_not_known(name: str) -> None:
    with KINDS[name](prices=Prices()) as bench:
        bench.model.server = replace(bench.model.server, base_url="https://api.example")  # type: ignore[attr-defined]
        assert bench.model.worst_cost_usd(REQUEST) is None


@pytest.mark.parametrize(
    ("name", "model", "side", "least"),
    [
        ("openai", "gpt-4o-mini", 1024, 2833 + 4 * 5667),
        ("openai", "gpt-4o-mini", 32, 2833 + 5667),
        ("openai", "gpt-4o", 32, 85 + 170),
        ("openrouter", "openai/gpt-4o-mini", 1024, 2833 + 4 * 5667),
        ("gemini", "gemini-3-pro-preview", 32, 1120),
        ("gemini-openai", "gemini-2.5-flash", 32, 258),
        ("lmstudio", LOCAL, 1024, (1024 // 28) ** 2),
        ("anthropic", "claude-sonnet-4-5", 1024, 1024 * 1024 // 750),
    ],
)
def test_a_picture_counts_for_no_less_than_the_provider_counts_it(
    name: str, model: str, side: int, least: int
) -> None:
    request = replace(FREE_TEXT, prompt="", images=(("it", plain_picture((1, 2, 3), side=side)),))
    made: Any = build(
        name,
        AIVis(provider=name, model=model, prices=Prices(input=1e6, output=0.0)),
        model,
        {KINDS[name].variable: "k"},
    )
    counted = made.worst_cost_usd(request)
    assert counted >= least
    assert counted >= (side // PATCH) ** 2


# --- what is looked at before a run


def looked_at(name: str, looks: dict[str, Any] | None = None, models: Any = None, model: str = LOCAL) -> Any:
    """What is wrong with a model, by a server that says so."""
    with FakeOpenAICompatible(key=CANARY, models=models or ({"id": LOCAL},)) as fake:
        fake.looks = looks or {}
        found = replace(KINDS[name], model=model).at(fake).model.check()
        assert fake.asked_count == 0
        return [finding for finding in found if finding.status != "ok"]


def of_lm_studio(**changes: Any) -> dict[str, Any]:
    return {"/api/v1/models": {"models": [{**LM_STUDIO, **changes}]}}


def of_older_lm_studio(**changes: Any) -> dict[str, Any]:
    entry = {"id": LOCAL, "type": "vlm", "state": "loaded", "max_context_length": 32768}
    return {"/api/v0/models": {"data": [{**entry, **changes}]}}


def of_llama_cpp(**changes: Any) -> dict[str, Any]:
    return {"/props": {**PROPS, **changes}}


LOADED_SMALL = [{"id": LOCAL, "config": {"context_length": 2048}}]
BLIND = [
    ("lmstudio", of_lm_studio(capabilities={"vision": False}), None, "sees pictures"),
    ("lmstudio", of_older_lm_studio(type="llm"), None, "sees pictures"),
    ("llamacpp", of_llama_cpp(modalities={"vision": False}), None, "--mmproj"),
    ("llamacpp", {}, ({"id": LOCAL, "architecture": {"input_modalities": ["text"]}},), "sees pictures"),
    ("openai_compatible", {}, ({"id": LOCAL, "architecture": {"input_modalities": ["text"]}},), "pictures"),
]
CRAMPED = [
    ("lmstudio", of_lm_studio(loaded_instances=LOADED_SMALL), None, "LM Studio"),
    ("lmstudio", of_older_lm_studio(loaded_context_length=2048), None, "LM Studio"),
    ("llamacpp", of_llama_cpp(default_generation_settings={"n_ctx": 2048}), None, "-c 16384"),
    ("vllm", {}, ({"id": LOCAL, "max_model_len": 2048},), "--max-model-len"),
    ("openai_compatible", {}, ({"id": LOCAL, "context_length": 2048},), "larger context"),
]


@pytest.mark.parametrize(("name", "looks", "models", "cure"), BLIND)
def test_a_model_that_does_not_see_is_refused_with_the_cure(
    name: str, looks: Any, models: Any, cure: str
) -> None:
    (finding,) = looked_at(name, looks, models)
    assert finding.status == "error" and "does not see pictures" in finding.what and cure in finding.todo


@pytest.mark.parametrize(("name", "looks", "models", "cure"), CRAMPED)
def test_a_model_without_room_is_refused_with_the_cure(name: str, looks: Any, models: Any, cure: str) -> None:
    (finding,) = looked_at(name, looks, models)
    assert finding.status == "error" and "2048 tokens" in finding.what and cure in finding.todo


SOUND = [
    ("lmstudio", of_lm_studio(), None),
    ("lmstudio", of_lm_studio(loaded_instances=[]), None),
    ("lmstudio", of_older_lm_studio(), None),
    ("lmstudio", {}, None),
    ("llamacpp", of_llama_cpp(), None),
    ("llamacpp", {}, None),
    ("llamacpp", {"/props": {"modalities": None}}, None),
    ("vllm", {}, None),
]


@pytest.mark.parametrize(("name", "looks", "models"), SOUND)
def test_what_is_not_said_is_no_reproach(name: str, looks: Any, models: Any) -> None:
    assert looked_at(name, looks, models) == []


def test_a_model_that_is_loaded_under_another_name() -> None:
    loaded = [{"id": "judge", "config": {"context_length": 16384}}]
    assert looked_at("lmstudio", of_lm_studio(loaded_instances=loaded), model="judge") == []
    assert looked_at("lmstudio", of_lm_studio(variants=["q@4bit"]), model="q@4bit") == []


@pytest.mark.parametrize(
    ("name", "looks", "status"),
    [("lmstudio", of_lm_studio(), "error"), ("vllm", {}, "error"), ("openai_compatible", {}, "warning")],
)
def test_a_model_that_is_not_there(name: str, looks: Any, status: str) -> None:
    (finding,) = looked_at(name, looks, model="qwen3-vl-8B")
    assert finding.status == status and LOCAL in finding.todo


def test_the_one_model_of_llama_cpp_may_be_called_anything() -> None:
    assert looked_at("llamacpp", of_llama_cpp(), model="anything") == []


def test_openai_s_own_list_is_complete_and_a_gateway_s_is_not() -> None:
    (finding,) = looked_at("openai", model="gpt-9")
    assert finding.status == "warning"
    with FakeOpenAICompatible(key=CANARY) as fake:
        bench = replace(KINDS["openai"], model="gpt-9").at(fake)
        preset = replace(bench.model.preset, base_url=fake.url)  # type: ignore[attr-defined]
        bench.model.preset = preset  # type: ignore[attr-defined]
        (finding,) = bench.model.check()
    assert finding.status == "error"


def test_a_server_that_is_still_loading_is_not_begun_with() -> None:
    class Loading(FakeOpenAICompatible):
        def look(self, path: str, body: Any) -> Any:
            error = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
            return replace(super().look(path, body), status=503, body={"error": error})

    with Loading(key=CANARY) as fake:
        (finding,) = KINDS["llamacpp"].at(fake).model.check()
    assert finding.status == "error" and "Loading model" in finding.why


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_not_there_is_said_with_the_cure(name: str) -> None:
    kind = KINDS[name]
    aivis = AIVis(provider=name, model=kind.model, base_url="http://127.0.0.1:9")
    found = [f for f in build(name, aivis, kind.model, kind.environ).check() if f.status == "error"]
    assert len(found) == 1 and "cannot be reached" in found[0].why and found[0].todo
