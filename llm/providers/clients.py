"""SDK clients: one for each endpoint and event loop, with time limits that are stated.

A client keeps connections, which belong to the loop they were opened in.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from llm.base import Endpoint
from llm.errors import llm_error
from llm.providers.transport import make_transport

T = TypeVar("T")

# Silence on the wire is watched above (llm.resilience), for each model; this is the backstop.
TIMEOUT = httpx2.Timeout(connect=5.0, read=300.0, write=60.0, pool=10.0)
LIMITS = httpx2.Limits(max_connections=400, max_keepalive_connections=50, keepalive_expiry=30.0)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[Any, ...], Any]] = (
    weakref.WeakKeyDictionary()
)
_loaded: set[Callable[..., Any]] = set()
# The responses opened while this is set: an SDK that keeps them to itself leaves them open.
opened: ContextVar[list[httpx2.Response] | None] = ContextVar("opened", default=None)


class NetworkRefused(RuntimeError):
    """A test would have called a real provider."""


def sdk_client(
    endpoint: Endpoint,
    make: Callable[[Endpoint, httpx2.AsyncClient], T],
    http: httpx2.AsyncClient | None = None,
) -> T:
    """The cached client that ``make`` builds for this endpoint in the running loop.

    ``http`` is for tests: a client with a transport of their own, which is neither cached nor
    kept from the network.
    """
    if not (endpoint.key.isascii() and endpoint.key.isprintable()):
        # It fits in no header, and the exception about that would hold it.
        raise llm_error("auth")
    if http is not None:
        return make(endpoint, prepared(http))
    refuse_network(endpoint.base_url)
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (make, endpoint)
    if key not in clients:
        transport = make_transport(LIMITS)
        client = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS, transport=transport)
        clients[key] = make(endpoint, prepared(client))
        _freeze(make)
    found: T = clients[key]
    return found


def _freeze(make: Callable[..., Any]) -> None:
    """An SDK was just loaded: a hundred thousand objects that stay, and that the collector would
    walk through in the middle of answers. Once for each: what is garbage now stays as well."""
    if make not in _loaded:
        _loaded.add(make)
        gc.freeze()


def prepared(http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    http.event_hooks = {"request": [_limit_time], "response": [_remember]}
    return http


def refuse_network(base_url: str) -> None:
    """Raise where only this machine may be called (tests)."""
    if not settings.LLM_ALLOW_NETWORK and urlsplit(base_url).hostname not in LOOPBACK:
        raise NetworkRefused(f"{base_url} may not be called here: inject an http client")


async def _limit_time(request: httpx2.Request) -> None:
    # google-genai passes its own idea of a time limit, which is none, with every request.
    request.extensions["timeout"] = TIMEOUT.as_dict()


async def _remember(response: httpx2.Response) -> None:
    responses = opened.get()
    if responses is not None:
        responses.append(response)


async def close_all(responses: list[httpx2.Response]) -> None:
    for response in responses:
        with contextlib.suppress(httpx2.HTTPError, RuntimeError):
            await response.aclose()
