"""Keys and addresses of providers. The one place that decides which key goes where."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings

from core import sealing
from llm.base import Endpoint
from llm.models import Provider
from llm.registry import BASE_URLS

# Providers that list their models to everybody: a list says nothing about the key.
LISTS_OPENLY = frozenset({"openrouter", "huggingface"})
KeyState = Literal["stored", "environment", "unreadable", "none"]

# The protocol's paths hang below /v1; people often leave it out of the address.
_WITH_VERSION = frozenset({"ollama", "openai", "openai_compatible", "openrouter", "huggingface"})


def provider_key(provider: Provider) -> str:
    """The key to send to this provider, or "".

    A key from the environment belongs to the address from the environment: sent to an address
    somebody typed into the registry, it would be theirs. A key of the provider's own that cannot
    be read is not replaced by another one: that would be somebody else's bill.
    """
    if provider.api_key_encrypted:
        return _stored_key(provider)
    return "" if provider.base_url else environment_key(provider.kind)


def key_state(provider: Provider) -> KeyState:
    """Where the key comes from; for the eyes of administrators."""
    if provider.api_key_encrypted:
        return "stored" if _stored_key(provider) else "unreadable"
    return "environment" if provider_key(provider) else "none"


def key_hint(provider: Provider) -> str:
    """The last four characters of the key, or "" when that would be much of it."""
    return provider.key_hint if provider.api_key_encrypted else _hint(provider_key(provider))


def store_key(provider: Provider, key: str) -> None:
    """Put a key into the row, sealed for its kind and address; "" takes it out. Does not save.

    Raises ``llm.sealing.NoKey`` when there is nothing to seal it with.
    """
    provider.api_key_encrypted = sealing.seal(key, _purpose(provider)) if key else ""
    provider.key_hint = _hint(key)


def _stored_key(provider: Provider) -> str:
    try:
        return sealing.unseal(provider.api_key_encrypted, _purpose(provider))
    except sealing.CannotOpen:
        return ""


def _purpose(provider: Provider) -> list[str]:
    return [provider.kind, provider.base_url]


def _hint(key: str) -> str:
    return key[-4:] if len(key) >= 16 else ""


def environment_key(kind: str) -> str:
    return str(settings.PROVIDER_KEYS.get(kind, ""))


def base_url(provider: Provider) -> str:
    return _normal(provider.kind, provider.base_url) or environment_base_url(provider.kind)


def environment_base_url(kind: str) -> str:
    """The address from the environment, else the provider's own; "" when there is neither."""
    given = _normal(kind, settings.PROVIDER_BASE_URLS.get(kind, ""))
    return given or BASE_URLS.get(kind, "")


def is_official(kind: str, url: str) -> bool:
    """Whether the address is the provider's own host (and not a server that speaks like it)."""
    return urlsplit(url).hostname == urlsplit(BASE_URLS.get(kind, "")).hostname


def needs_key(provider: Provider) -> bool:
    """The providers' own hosts do; a server of one's own may not."""
    return provider.kind in BASE_URLS.keys() - {"ollama"} and is_official(
        provider.kind, base_url(provider)
    )


def endpoint(provider: Provider) -> Endpoint:
    return Endpoint(provider.kind, base_url(provider), provider_key(provider))


def configured_kinds() -> list[str]:
    """The kinds that can be used with what the environment says."""
    return [kind for kind in Provider.Kind.values if _configured(kind)]


def _configured(kind: str) -> bool:
    match kind:
        case "builtin" | "ollama":
            return True
        case "openai" if not is_official(kind, environment_base_url(kind)):
            # A server of one's own often needs no key.
            return True
        case _:
            return bool(environment_key(kind))


def _normal(kind: str, url: str) -> str:
    url = url.strip().rstrip("/")
    if url and kind in _WITH_VERSION and not urlsplit(url).path:
        url += "/v1"
    return url
