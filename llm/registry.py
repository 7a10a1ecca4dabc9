"""Which code serves which kind of provider.

Dotted paths, imported when first used: the SDKs are large, and most processes need none of them.
A new provider is one file in ``llm/providers`` and one line here.
"""

from __future__ import annotations

CHAT = {
    "openai": "llm.providers.openai.OpenAIModel",
    "ollama": "llm.providers.openai.OpenAIModel",
    "openrouter": "llm.providers.openai.OpenAIModel",
    "huggingface": "llm.providers.openai.OpenAIModel",
    "openai_compatible": "llm.providers.openai.OpenAIModel",
    "anthropic": "llm.providers.anthropic.AnthropicModel",
    "google": "llm.providers.google.GoogleModel",
    "builtin": "llm.providers.builtin.QuotingModel",
}

# kind -> function(endpoint) -> list of ``llm.seeds.Described``: what the provider offers.
LISTINGS = {
    "openai": "llm.providers.listing.openai_models",
    "openrouter": "llm.providers.listing.openai_models",
    "huggingface": "llm.providers.listing.openai_models",
    "openai_compatible": "llm.providers.listing.openai_models",
    "ollama": "llm.providers.listing.ollama_models",
    "anthropic": "llm.providers.listing.anthropic_models",
    "google": "llm.providers.listing.google_models",
}

EMBEDDERS = {
    "openai": "llm.providers.openai_embeddings.OpenAIEmbedder",
    "ollama": "llm.providers.openai_embeddings.OpenAIEmbedder",
    "openai_compatible": "llm.providers.openai_embeddings.OpenAIEmbedder",
    "google": "llm.providers.google_embeddings.GoogleEmbedder",
}

# What the protocols have words for, of ``llm.messages.Wishes``.
_OPENAI = frozenset(
    """temperature top_p stop seed presence_penalty frequency_penalty json_object json_schema
    tool_choice parallel_tool_calls""".split()
)
TAKES = {
    **dict.fromkeys(("openai", "ollama", "openrouter", "huggingface"), _OPENAI),
    "openai_compatible": _OPENAI,
    "anthropic": frozenset({"stop", "json_schema", "tool_choice", "parallel_tool_calls"}),
    "google": _OPENAI - {"parallel_tool_calls"},
    # It leaves nothing to chance, so it is as all these would have it.
    "builtin": frozenset({"temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"}),
}
# Where a model takes a temperature unless its row says no; elsewhere only where it says yes.
WARM = frozenset({"ollama", "openrouter", "huggingface", "openai_compatible", "google", "builtin"})

# Of all kinds: servers that offer it agree more or less.
RERANKER = "llm.providers.reranking.HTTPReranker"

# The embedding models that run in this process, by name: how each is opened.
LOCAL_EMBEDDERS = {
    "all-MiniLM-L6-v2": "llm.embeddings.local.float32",
    "all-MiniLM-L6-v2-bf16": "llm.embeddings.bfloat16.bfloat16",
}

# Where a kind is reached when neither the row nor the environment says otherwise.
BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
    "ollama": "http://localhost:11434/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "huggingface": "https://router.huggingface.co/v1",
}
