"""Who may open a WebSocket, and how fast it closes when that ends."""

import asyncio

import pytest
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from accounts import api_keys, logins, services, sockets, tickets, watching
from accounts.resolve import Caller
from accounts.sockets import CallerMiddleware
from core.db import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


class Echo(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await self.accept()

    async def receive_json(self, content):
        await self.send_json({"email": self.scope["user"].email, "role": self.scope["user"].role})


CHAT = "/ws/chat/one/"


def dial(headers=None, query="", path="/ws/"):
    headers = {"host": "localhost:8000", **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return WebsocketCommunicator(CallerMiddleware(Echo.as_asgi()), f"{path}{query}", headers=pairs)


async def opens(*args, **kwargs):
    socket = dial(*args, **kwargs)
    connected, _ = await socket.connect(timeout=5)
    if connected:
        await socket.disconnect()
    return connected


def cookie(user):
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


HERE = "http://localhost:8000"


async def test_a_page_of_this_site_opens_with_its_cookie(alice):
    headers = {"cookie": await in_thread(cookie, alice), "origin": HERE}
    assert await opens(headers)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        None,
        "",
        "http://localhost:9000",
        "http://localhost",
        "http://a.localhost:8000",
        "http://localhost:8000.evil.example",
        "file://localhost:8000",
        "http://evil@localhost:8000",
    ],
)
async def test_a_cookie_from_elsewhere_opens_nothing(alice, origin):
    headers = {"cookie": await in_thread(cookie, alice)}
    if origin is not None:
        headers["origin"] = origin
    assert not await opens(headers)


async def test_a_page_elsewhere_opens_nothing_by_ticket_either(alice):
    ticket = await in_thread(tickets.issue, Caller(alice))
    assert not await opens({"origin": "https://evil.example"}, f"?ticket={ticket}")


async def test_a_host_that_is_not_ours_makes_no_origin_good(alice):
    headers = {"cookie": await in_thread(cookie, alice), "origin": "http://evil.example"}
    assert not await opens({**headers, "host": "evil.example"})


async def test_a_trusted_origin_is_named_in_the_settings(alice, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://lontar.example.org"]
    headers = {"cookie": await in_thread(cookie, alice), "origin": "https://lontar.example.org"}
    assert await opens(headers)


async def test_a_program_opens_with_its_token_and_no_origin(alice):
    pair = await in_thread(logins.open_login, actor=alice)
    assert await opens({"authorization": f"Bearer {pair.access_token}"})
    assert not await opens({"authorization": f"Bearer {pair.refresh_token}"})
    assert not await opens({"authorization": "Bearer nonsense"})


async def test_a_ticket_is_good_once(alice):
    ticket = await in_thread(tickets.issue, Caller(alice))
    assert await opens(query=f"?ticket={ticket}")
    assert not await opens(query=f"?ticket={ticket}")
    assert not await opens(query="?ticket=" + "x" * 40)
    assert not await opens(query="?ticket=")


async def test_a_token_in_the_address_is_not_read(alice):
    pair = await in_thread(logins.open_login, actor=alice)
    for name in ("token", "access_token", "ticket", "authorization"):
        assert not await opens(query=f"?{name}={pair.access_token}")


async def test_nobody_and_the_deactivated_open_nothing(alice, admin):
    assert not await opens({"origin": HERE})
    ticket = await in_thread(tickets.issue, Caller(alice))
    headers = {"cookie": await in_thread(cookie, alice), "origin": HERE}
    await in_thread(services.set_active, actor=admin, user=alice, active=False)
    assert not await opens(query=f"?ticket={ticket}")
    assert not await opens(headers)


async def open_all_ways(user):
    """The same user's sockets by cookie, by token and by ticket."""
    pair = await in_thread(logins.open_login, actor=user)
    ticket = await in_thread(tickets.issue, Caller(user))
    ways = [
        dial({"cookie": await in_thread(cookie, user), "origin": HERE}),
        dial({"authorization": f"Bearer {pair.access_token}"}),
        dial(query=f"?ticket={ticket}"),
    ]
    for socket in ways:
        assert (await socket.connect())[0]
        await socket.send_json_to({})
        assert (await socket.receive_json_from())["email"] == user.email
    await asyncio.sleep(0.3)  # the doorbells are being subscribed to meanwhile
    return ways


ENDS = ["deactivated", "role changed", "password changed", "logged out everywhere", "deleted"]


@pytest.mark.parametrize("how", ENDS)
async def test_open_sockets_close_within_seconds(alice, admin, how):
    ways = await open_all_ways(alice)
    if how == "deactivated":
        await in_thread(services.set_active, actor=admin, user=alice, active=False)
    elif how == "role changed":
        await in_thread(services.set_role, actor=admin, user=alice, role="admin")
    elif how == "password changed":
        await in_thread(services.set_password, actor=admin, user=alice, password="another one 7")
    elif how == "deleted":
        await in_thread(services.delete_user, actor=admin, user=alice)
    else:
        await in_thread(services.end_access, alice)
    for socket in ways:
        message = await socket.receive_output(timeout=5)
        assert (message["type"], message["code"]) == ("websocket.close", 4401)


async def test_a_frame_is_refused_even_when_the_doorbell_is_lost(alice, monkeypatch):
    monkeypatch.setattr(services, "ring", lambda *args: None)
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0)
    for socket in await open_all_ways(alice):
        await in_thread(services.end_access, alice)
        await socket.send_json_to({})
        assert (await socket.receive_output(timeout=5))["type"] == "websocket.close"


async def test_an_idle_socket_closes_even_when_the_doorbell_is_lost(alice, monkeypatch):
    monkeypatch.setattr(services, "ring", lambda *args: None)
    monkeypatch.setattr(watching, "WATCH_SECONDS", 0.2)
    ways = await open_all_ways(alice)
    await in_thread(services.end_access, alice)
    for socket in ways:
        assert (await socket.receive_output(timeout=5))["type"] == "websocket.close"


async def test_a_database_that_is_away_logs_nobody_out(alice, monkeypatch):
    def away(grant):
        raise OperationalError("away")

    ways = await open_all_ways(alice)
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0)
    monkeypatch.setattr(sockets.Grant, "renew", away)
    await in_thread(services.ring, services.doorbell(alice.pk), {})
    await asyncio.sleep(0.3)
    for socket in ways:
        await socket.send_json_to({})
        assert (await socket.receive_json_from())["email"] == alice.email
        await socket.disconnect()


async def test_logging_out_a_program_closes_its_socket_only(alice):
    first = await in_thread(logins.open_login, actor=alice)
    second = await in_thread(logins.open_login, actor=alice)
    sockets_of = [
        dial({"authorization": f"Bearer {pair.access_token}"}) for pair in (first, second)
    ]
    for socket in sockets_of:
        assert (await socket.connect())[0]
    await asyncio.sleep(0.3)
    await in_thread(logins.close_login, refresh_token=first.refresh_token)
    assert (await sockets_of[0].receive_output(timeout=5))["type"] == "websocket.close"
    await sockets_of[1].send_json_to({})
    assert await sockets_of[1].receive_json_from()
    await sockets_of[1].disconnect()


async def test_a_key_opens_a_socket_of_its_scope_and_its_end_closes_it(alice):
    key, raw = await in_thread(api_keys.make_key, actor=alice, name="x", scopes=["files:read"])
    assert not await opens({"authorization": f"Bearer {raw}"}, path=CHAT)
    ticket = await in_thread(tickets.issue, Caller(alice, key_id=key.pk))
    assert not await opens(query=f"?ticket={ticket}", path=CHAT), (
        "a ticket opens no more than its key"
    )
    key, raw = await in_thread(api_keys.make_key, actor=alice, name="x", scopes=["chat"])
    assert await opens({"authorization": f"Bearer {raw}"}, path=CHAT)
    open_one = dial({"authorization": f"Bearer {raw}"}, path=CHAT)
    assert (await open_one.connect())[0]
    await in_thread(api_keys.revoke, actor=alice, key_id=key.pk)
    assert (await open_one.receive_output(5))["type"] == "websocket.close"
