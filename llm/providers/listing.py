"""What a provider says it offers. Asked at start and by the admin, with a short patience.

Plain HTTP and not the SDKs: loading three of them to read a list would cost more than the answer.
"""

from __future__ import annotations

from typing import Any

import httpx2

from llm.base import Endpoint
from llm.messages import JSONDict
from llm.providers.clients import refuse_network
from llm.seeds import MOST_LISTED, Described

PATIENCE = 2.0


def new_client() -> httpx2.Client:
    return httpx2.Client(timeout=PATIENCE)


def openai_models(endpoint: Endpoint) -> list[Described]:
    """GET /models; OpenRouter, Hugging Face and vLLM say more than a name."""
    headers = {"Authorization": f"Bearer {endpoint.key or 'none'}"}
    rows = _get(endpoint, "/models", headers).get("data") or []
    return [_openai(row) for row in rows if isinstance(row, dict) and row.get("id")]


def _openai(row: JSONDict) -> Described:
    takes = row.get("supported_parameters")
    sees = (row.get("architecture") or {}).get("input_modalities")
    price = row.get("pricing") or {}
    servers = [server for server in row.get("providers") or [] if isinstance(server, dict)]
    context = (
        row.get("context_length")
        or row.get("max_model_len")
        or max((server.get("context_length") or 0 for server in servers), default=0)
    )
    tools = any(server.get("supports_tools") for server in servers) if servers else None
    return Described(
        name=str(row["id"]),
        display_name=str(row.get("name") or ""),
        context_window=int(context) if context else None,
        supports_tools="tools" in takes if isinstance(takes, list) else tools,
        supports_vision="image" in sees if isinstance(sees, list) else None,
        input_price=_per_million(price.get("prompt")),
        output_price=_per_million(price.get("completion")),
    )


def _per_million(price: Any) -> str | None:
    """OpenRouter's price for one token, in dollars as text; negative means that it varies."""
    try:
        value = float(price) * 1_000_000
    except (TypeError, ValueError):
        return None
    return f"{value:.6f}" if 0 <= value < 1_000_000 else None


def ollama_models(endpoint: Endpoint) -> list[Described]:
    """GET /v1/models, and of each what /api/show knows: a model without tools refuses them."""
    root = endpoint.base_url.removesuffix("/v1")
    names = [model.name for model in openai_models(endpoint)][:MOST_LISTED]
    with new_client() as client:
        shown = [(name, _shown(client, root, name)) for name in names]
    return [_ollama(name, about) for name, about in shown if _chats(about)]


def _shown(client: httpx2.Client, root: str, name: str) -> JSONDict:
    try:
        answer = client.post(f"{root}/api/show", json={"model": name})
        body = answer.json() if answer.is_success else {}
    except (httpx2.HTTPError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _chats(about: JSONDict) -> bool:
    abilities = about.get("capabilities")
    return abilities is None or "completion" in abilities


def _ollama(name: str, about: JSONDict) -> Described:
    abilities = about.get("capabilities")
    return Described(
        name=name,
        supports_tools=None if abilities is None else "tools" in abilities,
        supports_vision=None if abilities is None else "vision" in abilities,
    )


def anthropic_models(endpoint: Endpoint) -> list[Described]:
    headers = {
        "Authorization": f"Bearer {endpoint.key}",
        "x-api-key": endpoint.key,
        "anthropic-version": "2023-06-01",
    }
    rows = _get(endpoint, "/v1/models?limit=100", headers).get("data") or []
    return [
        Described(
            name=str(row["id"]),
            display_name=str(row.get("display_name") or ""),
            context_window=row.get("max_input_tokens") or None,
            max_output_tokens=row.get("max_tokens") or None,
        )
        for row in rows
        if isinstance(row, dict) and row.get("id")
    ]


def google_models(endpoint: Endpoint) -> list[Described]:
    headers = {"x-goog-api-key": endpoint.key}
    rows = _get(endpoint, "/v1beta/models?pageSize=200", headers).get("models") or []
    return [
        Described(
            name=str(row["name"]).removeprefix("models/"),
            display_name=str(row.get("displayName") or ""),
            context_window=row.get("inputTokenLimit") or None,
            max_output_tokens=row.get("outputTokenLimit") or None,
        )
        for row in rows
        if "generateContent" in (row.get("supportedGenerationMethods") or ["generateContent"])
    ]


def _get(endpoint: Endpoint, path: str, headers: dict[str, str]) -> JSONDict:
    """The JSON object at a path; raises httpx2.HTTPError or ValueError."""
    refuse_network(endpoint.base_url)
    with new_client() as client:
        answer = client.get(f"{endpoint.base_url}{path}", headers=headers)
        answer.raise_for_status()
        body = answer.json()
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body
