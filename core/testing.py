"""The people every test knows, and how they call.

alice owns what a test is about, bob is her classmate, charlie a stranger to both. Each door asks
the same questions: it works for alice, and bob, charlie, nobody and somebody switched off get
what they should. Loaded as a pytest plugin by the root conftest.
"""

import functools
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.test import AsyncClient, Client

PASSWORD = "seven kinds of palm"  # noqa: S105  of people who exist in tests only
_addresses = itertools.count(1)


@functools.cache
def password_hash() -> str:
    # A real hash takes long on purpose: one for all people of a run.
    return make_password(PASSWORD)


def person(name: str, **fields: Any) -> Any:
    """A stored user <name>@example.org whose password is PASSWORD."""
    user_model = get_user_model()
    fields = {"email": f"{name}@example.org", "full_name": name.capitalize(), **fields}
    return user_model.objects.create(password=password_hash(), **fields)


@pytest.fixture
def alice(db: None) -> Any:
    return person("alice")


@pytest.fixture
def bob(db: None) -> Any:
    return person("bob")


@pytest.fixture
def charlie(db: None) -> Any:
    return person("charlie")


@pytest.fixture
def admin(db: None) -> Any:
    return person("admin", role="admin")


@pytest.fixture
def superadmin(db: None) -> Any:
    return person("superadmin", role="superadmin")


@pytest.fixture
def deactivated(db: None) -> Any:
    return person("deactivated", is_active=False)


@pytest.fixture
def fresh_limits(settings: Any) -> None:
    """Counts of logins and sign-ups begin at nought: people have the same address in all tests."""
    prefix = f"{settings.REDIS_PREFIX}-{uuid.uuid4().hex}"
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": prefix}}
    settings.REDIS_PREFIX = prefix


class JsonClient(Client):
    """Django's test client that speaks JSON by default: `post(path, {...})`, also put and patch."""

    def post(
        self, path: str, data: Any = None, content_type: str = "application/json", **kw: Any
    ) -> Any:
        return super().post(path, {} if data is None else data, content_type=content_type, **kw)


def unique_address() -> str:
    """A client address of its own, so that limits for an address do not join tests together."""
    number = next(_addresses)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@pytest.fixture
def api(db: None) -> Callable[..., Any]:
    """`api(alice)`: a JSON client with alice's session; `api()`: nobody's."""

    def client(user: Any = None, **defaults: Any) -> JsonClient:
        made = JsonClient(REMOTE_ADDR=unique_address(), **defaults)
        if user is not None:
            made.force_login(user)
        return made

    return client


@pytest.fixture
def async_api(db: None) -> Callable[..., Any]:
    """The same for async views and streams: `await (await async_api(alice)).get(path)`."""

    async def client(user: Any = None, **defaults: Any) -> AsyncClient:
        made = AsyncClient(**defaults)
        if user is not None:
            await made.aforce_login(user)
        return made

    return client
