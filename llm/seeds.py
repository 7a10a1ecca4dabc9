"""What is known beforehand about models: data, and only a start.

Rows are made from it once; whatever an administrator changes afterwards stays. Names and sizes
were read from the providers' pages in November 2026; prices come from ``llm.prices``. A name that
is missing here works too: it gets the defaults of an unknown model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# These think before they speak, and need not show it: the first visible event may take long.
_THINKS: dict[str, Any] = {"first_event_seconds": 180}
# From GPT-5.6 on, chat completions refuse function tools unless reasoning is switched off.
_OPENAI: dict[str, Any] = {
    "max_tokens": "max_completion_tokens",
    "body": {"reasoning_effort": "none"},
}


@dataclass(frozen=True, slots=True)
class Described:
    """A model as a seed or a provider's own list describes it; None: not said."""

    name: str
    display_name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    supports_tools: bool | None = None
    supports_vision: bool | None = None
    supports_reasoning: bool | None = None
    tasks: tuple[str, ...] = ()
    input_price: str | None = None
    output_price: str | None = None
    cached_input_price: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


# What the large models are for, and the small ones.
_HARD = ("reasoning", "creative", "factual", "general")
_QUICK = ("factual", "general")


def _seed(
    name: str,
    display_name: str,
    context: int,
    output: int,
    *,
    tasks: tuple[str, ...],
    parameters: dict[str, Any] | None = None,
) -> Described:
    return Described(
        name=name,
        display_name=display_name,
        context_window=context,
        max_output_tokens=output,
        supports_tools=True,
        supports_vision=True,
        supports_reasoning=True,
        tasks=tasks,
        parameters=parameters or {},
    )


# The first of each provider is the one a new chat starts with: able, and affordable for a class.
MODELS: dict[str, list[Described]] = {
    "openai": [
        _seed(
            "gpt-6.1-terra", "GPT-6.1 Terra", 1_050_000, 128_000, tasks=_HARD, parameters=_OPENAI
        ),
        _seed("gpt-6-luna", "GPT-6 Luna", 1_050_000, 128_000, tasks=_QUICK, parameters=_OPENAI),
        _seed("gpt-6.1-sol", "GPT-6.1 Sol", 1_050_000, 128_000, tasks=_HARD, parameters=_OPENAI),
    ],
    "anthropic": [
        _seed(
            "claude-sonnet-5-5",
            "Claude Sonnet 5.5",
            1_000_000,
            128_000,
            tasks=_HARD,
            parameters=_THINKS,
        ),
        _seed(
            "claude-haiku-5-5",
            "Claude Haiku 5.5",
            1_000_000,
            128_000,
            tasks=_QUICK,
            parameters=_THINKS,
        ),
        _seed(
            "claude-opus-5-5",
            "Claude Opus 5.5",
            1_000_000,
            128_000,
            tasks=_HARD,
            parameters=_THINKS,
        ),
    ],
    "google": [
        _seed(
            "gemini-3.8-flash",
            "Gemini 3.8 Flash",
            1_048_576,
            65_536,
            tasks=_QUICK,
            parameters=_THINKS,
        ),
        _seed(
            "gemini-4-argon", "Gemini 4 Argon", 1_048_576, 65_536, tasks=_HARD, parameters=_THINKS
        ),
        _seed(
            "gemini-2.5-flash",
            "Gemini 2.5 Flash",
            1_048_576,
            65_536,
            tasks=_QUICK,
            parameters=_THINKS,
        ),
    ],
    "openrouter": [
        _seed("anthropic/claude-sonnet-5.5", "Claude Sonnet 5.5", 1_000_000, 128_000, tasks=_HARD),
        _seed("openai/gpt-6-luna", "GPT-6 Luna", 1_050_000, 128_000, tasks=_QUICK),
        _seed("google/gemini-3.8-flash", "Gemini 3.8 Flash", 1_048_576, 65_536, tasks=_QUICK),
    ],
    "huggingface": [
        Described("openai/gpt-oss-120b", "gpt-oss 120B", 131_072, 32_768, True, False, True),
        Described("Qwen/Qwen3-32B", "Qwen3 32B", 32_768, 8_192, True, False, True),
    ],
}

# The built-in answerer: a provider like the others, and always there.
BUILTIN = Described(
    name="quotes",
    display_name="Quotes from your material",
    context_window=1_000_000,
    supports_tools=True,
    supports_vision=False,
    input_price="0",
    output_price="0",
    cached_input_price="0",
)

# Names in a provider's list that are not chat models.
NOT_CHAT = (
    "embed",
    "whisper",
    "tts",
    "rerank",
    "moderation",
    "dall-e",
    "image",
    "audio",
    "realtime",
    "transcribe",
    "sora",
    "bge-",
    "minilm",
    "stable-diffusion",
    "guard",
)

# How many models a list that knows hundreds may add by itself; and when an administrator asks.
MOST_LISTED = 30
MOST_FETCHED = 500

LOCAL_EMBEDDING = ("local", "all-MiniLM-L6-v2", 384)
# The same model, faster: nearly the same vectors, so it is another one to the index.
LOCAL_BFLOAT16 = ("local", "all-MiniLM-L6-v2-bf16", 384)
