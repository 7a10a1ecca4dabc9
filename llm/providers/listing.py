"""What a provider says it offers. Asked at start and by the admin, with a short patience.

Plain HTTP and not the SDKs: loading three of them to read a list would cost more than the answer.
Redirects are not followed: the key is for the address that an administrator entered.
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2

from llm.base import Endpoint
from llm.messages import JSONDict
from llm.providers.clients import refuse_network
from llm.seeds import MOST_LISTED, Described

# Seconds for any one step, and for an answer as a whole: a server may send a byte a second.
PATIENCE = 2.0
PATIENCE_IN_ALL = 8.0
# The longest list known (OpenRouter's) has about 1 MB.
MOST_BYTES = 16 * 1024 * 1024


class Refused(httpx2.HTTPStatusError):
    """An answer that is not a list. ``said`` is the provider's text: to judge by, not to show or
    to log, as some repeat the key in it."""

    said: str = ""


def new_client() -> httpx2.Client:
    return httpx2.Client(timeout=PATIENCE, follow_redirects=False)


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
        supports_reasoning="reasoning" in takes if isinstance(takes, list) else None,
        input_price=_per_million(price.get("prompt")),
        output_price=_per_million(price.get("completion")),
        cached_input_price=_per_million(price.get("input_cache_read")),
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
        return _object(client, "POST", f"{root}/api/show", json={"model": name})
    except (httpx2.HTTPError, ValueError):
        return {}


def _chats(about: JSONDict) -> bool:
    abilities = about.get("capabilities")
    return abilities is None or "completion" in abilities


def _ollama(name: str, about: JSONDict) -> Described:
    abilities = about.get("capabilities")
    return Described(
        name=name,
        supports_tools=None if abilities is None else "tools" in abilities,
        supports_vision=None if abilities is None else "vision" in abilities,
        supports_reasoning=None if abilities is None else "thinking" in abilities,
    )


def anthropic_models(endpoint: Endpoint) -> list[Described]:
    headers = {
        "Authorization": f"Bearer {endpoint.key}",
        "x-api-key": endpoint.key,
        "anthropic-version": "2023-06-01",
    }
    rows = _get(endpoint, "/v1/models?limit=1000", headers).get("data") or []
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
    rows = _get(endpoint, "/v1beta/models?pageSize=1000", headers).get("models") or []
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


def accepts_key(endpoint: Endpoint) -> bool:
    """Whether the provider takes the key, asked where its list of models is open to everybody.

    False as well where nothing can be asked. Raises httpx2.HTTPError when the key is refused.
    OpenRouter: GET /key. Hugging Face: GET whoami-v2 on its own host, for its own router only.
    """
    address = {
        "https://openrouter.ai/api/v1": "https://openrouter.ai/api/v1/key",
        "https://router.huggingface.co/v1": "https://huggingface.co/api/whoami-v2",
    }.get(endpoint.base_url)
    if address is None:
        return False
    refuse_network(address)
    with new_client() as client:
        _object(client, "GET", address, headers={"Authorization": f"Bearer {endpoint.key}"})
    return True


def _get(endpoint: Endpoint, path: str, headers: dict[str, str]) -> JSONDict:
    """The JSON object at a path; raises httpx2.HTTPError or ValueError."""
    refuse_network(endpoint.base_url)
    with new_client() as client:
        return _object(client, "GET", f"{endpoint.base_url}{path}", headers=headers)


def _object(client: httpx2.Client, method: str, url: str, **options: Any) -> JSONDict:
    deadline = time.monotonic() + PATIENCE_IN_ALL
    text = bytearray()
    with client.stream(method, url, **options) as answer:
        for piece in answer.iter_bytes():
            text += piece
            if len(text) > MOST_BYTES:
                raise ValueError("longer than any list of models")
            if time.monotonic() > deadline:
                raise httpx2.ReadTimeout("the answer takes too long", request=answer.request)
    if not answer.is_success:
        refused = Refused(str(answer.status_code), request=answer.request, response=answer)
        refused.said = text[:5000].decode(errors="replace")
        raise refused
    body = json.loads(text)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body
