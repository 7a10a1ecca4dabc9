"""What ends access closes at the wire what is open: sockets, streams, a running answer.

Peers let a demoted, deleted or switched-off person go on in an open socket (Open WebUI
CVE-2026-44553), with sessions (Flowise CVE-2025-71335), keys (AnythingLLM CVE-2026-32717) or tokens
(simplejwt CVE-2024-22513) they had.
"""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts import api_keys, logins, services
from accounts.models import ApiKey, ApiLogin, User
from chat import services as chat_services
from chat.models import Generation
from core.db import come_to_rest
from core.testing import PASSWORD, unique_address
from llm.events import Event, TextDelta
from llm.messages import Request
from llm.models import LanguageModel, Provider
from tests.browser import server
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.django_db(transaction=True)


class Endless:
    """Says one word and never the next."""

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        yield TextDelta("Water ")
        await asyncio.Event().wait()


@pytest.fixture
def site(monkeypatch, transactional_db):
    monkeypatch.setattr("chat.turn.chat_model", lambda model, caller=None: Endless())
    provider = Provider.objects.create(kind="builtin", name="Built in")
    LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")
    yield urlsplit(server.address())
    server.come_to_rest()
    come_to_rest(PATIENCE)


class Held:
    """All that alice has open: sockets by cookie, token and key, and a stream that is answered."""

    def __init__(self, site, alice: User) -> None:
        self.site, self.user_id, self.open = site, alice.pk, ExitStack()
        page = Client()
        page.force_login(alice)
        name = settings.SESSION_COOKIE_NAME
        self.cookie = f"{name}={page.cookies[name].value}"
        self.pair = logins.open_login(actor=alice)
        _, self.key = api_keys.make_key(actor=alice, name="x", scopes=["chat"])
        self.session = chat_services.create_session(actor=alice)
        self.credentials = [
            {"Cookie": self.cookie, "Origin": f"http://{site.netloc}"},
            {"Authorization": f"Bearer {self.pair.access_token}"},
            {"Authorization": f"Bearer {self.key}"},
        ]
        self.stream, self.answer = self.ask(self.credentials[1])
        self.sockets = [self.dial(headers) for headers in self.credentials]

    def dial(self, headers):
        url = f"ws://{self.site.netloc}/ws/chat/{self.session.pk}/"
        origin = headers.get("Origin")
        rest = {name: value for name, value in headers.items() if name != "Origin"}
        opened = connect(url, origin=origin, additional_headers=rest, proxy=None)
        socket = self.open.enter_context(opened)
        assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "ready"
        return socket

    def ask(self, headers):
        stream = http.client.HTTPConnection(self.site.hostname, self.site.port, timeout=PATIENCE)
        path = f"/api/v1/chat/sessions/{self.session.pk}/messages"
        body = json.dumps({"message": "When does water boil?"})
        stream.request("POST", path, body, {**headers, "Content-Type": "application/json"})
        answer = stream.getresponse()
        while b"Water" not in (line := answer.readline()):
            assert line, "the stream ended before its first word"
        return stream, answer

    def status(self, headers, path="/api/v1/chat/sessions") -> int:
        return self.call("GET", path, headers)

    def call(self, method, path, headers, body=None) -> int:
        line = http.client.HTTPConnection(self.site.hostname, self.site.port, timeout=PATIENCE)
        line.request(method, path, body, headers)
        status = line.getresponse().status
        line.close()
        return status

    def close(self) -> None:
        self.stream.close()
        self.open.close()


@pytest.fixture
def held(site, alice):
    made = Held(site, alice)
    yield made
    made.close()
    # What is still being answered is answered to nobody.
    for generation in Generation.objects.filter(status="running").select_related("session__user"):
        chat_services.request_stop(actor=generation.session.user, session_id=generation.session_id)
    until(lambda: not Generation.objects.filter(status="running").exists())


def _off(alice, admin):
    services.set_active(actor=admin, user=alice, active=False)


def _promoted(alice, admin):
    services.set_role(actor=admin, user=alice, role="admin")


def _deleted(alice, admin):
    services.delete_user(actor=admin, user=alice)


def _reset(alice, admin):
    services.set_password(actor=admin, user=alice, password="rambutan manis 7")


def _changed_by_page(alice, admin):
    page = Client(REMOTE_ADDR=unique_address())
    page.force_login(alice)
    new = {
        "oldpassword": PASSWORD,
        "password1": "rambutan manis 7",
        "password2": "rambutan manis 7",
    }
    assert page.post("/accounts/password/change/", new).status_code == 302


def _bulk(alice, admin):
    page = Client()
    page.force_login(admin)
    page.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [alice.pk]})


def _by_api(alice, admin):
    page = Client()
    page.force_login(admin)
    path = f"/api/v1/users/{alice.pk}"
    assert page.patch(path, {"is_active": False}, "application/json").status_code == 200


@pytest.mark.parametrize(
    "end", [_off, _promoted, _deleted, _reset, _changed_by_page, _bulk, _by_api]
)
def test_all_that_is_open_closes_at_once(held, alice, admin, end):
    """CVE-2026-44553, CVE-2026-44561, CVE-2025-71335, CVE-2026-32717, CVE-2024-22513 of the
    peers."""
    end(alice, admin)
    held.answer.read()  # to its end: the server has closed it
    for socket in held.sockets:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=PATIENCE)
        assert closed.value.rcvd.code == 4401
    for headers in held.credentials:
        assert held.status(headers) == 401
        with pytest.raises(Exception, match="403"):
            held.dial(headers)
    refresh = json.dumps({"refresh_token": held.pair.refresh_token})
    kind = {"Content-Type": "application/json"}
    assert held.call("POST", "/api/v1/auth/refresh", kind, refresh) == 401
    assert not ApiKey.objects.filter(user_id=held.user_id, revoked_at=None).exists()
    assert not ApiLogin.objects.filter(user_id=held.user_id, ended_at=None).exists()


@pytest.mark.parametrize("end", [_off, _deleted])
def test_nobody_is_answered_who_was_switched_off(held, alice, admin, end):
    """The model is not paid to go on for somebody who may not ask."""
    running = Generation.objects.filter(session__user_id=held.user_id, status="running")
    assert running.exists()
    end(alice, admin)
    until(lambda: not running.exists())


def test_the_others_stay(held, bob, admin):
    services.set_active(actor=admin, user=bob, active=False)
    for socket in held.sockets:
        socket.send(json.dumps({"type": "ping"}))
        while json.loads(socket.recv(timeout=PATIENCE))["type"] != "pong":
            pass
    assert all(held.status(headers) == 200 for headers in held.credentials)
