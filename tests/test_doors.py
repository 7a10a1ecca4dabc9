"""alice, bob, charlie, nobody and somebody switched off at every door of tests/doors.py."""

import json

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from chat import services as chat_services
from config.asgi import application
from core.db import in_thread
from core.testing import person
from documents import collections as documents_collections
from documents import tasks
from tests.doors import DOORS, Door, Who
from tests.shared_world import _beneath, built, kept
from tests.world import SECRET, World

__all__ = ["_beneath", "built", "kept"]
IN_THREADS = pytest.mark.django_db(transaction=True)


def doors(*whos: Who, acting: bool = False):
    """Parametrize by the doors for these people (all by default), or by those that act."""
    chosen = [
        pytest.param(door, id=str(door), marks=[pytest.mark.django_db(transaction=door.is_async)])
        for door in DOORS
        if door.who in (whos or Who) and not (acting and door.method == "GET")
    ]
    return pytest.mark.parametrize("door", chosen)


@pytest.fixture(autouse=True)
def _nothing_is_read(monkeypatch):
    """Uploads are stored; no worker is told of them."""
    monkeypatch.setattr(tasks, "enqueue", lambda document_id: None)
    monkeypatch.setattr(tasks, "enqueue_web", lambda source_id: None)
    monkeypatch.setattr(tasks, "enqueue_removal", lambda model_id: True)


@pytest.fixture
def world(built) -> World:
    return built


@pytest.fixture
def alice(world):
    return world.alice


@pytest.fixture
def switched_off(api, admin):
    """Somebody who was signed in when the account was switched off."""
    user = person("gone")
    client = api(user)
    user.is_active = False
    user.save()
    return client


def ask(client, door: Door, path: str):
    if door.method == "GET":
        return client.get(path)
    if door.is_upload:
        form = {"file": SimpleUploadedFile("notes.txt", b"Some notes on palms.")}
        return client.post(path, form, content_type=MULTIPART_CONTENT)
    return client.generic(
        door.method, path, json.dumps(door.body or {}), content_type="application/json"
    )


def text(answer) -> str:
    if answer.streaming:
        return "(a stream)"
    return answer.content.decode()


def outside(answer, door: Door) -> bool:
    """Whether somebody without an account was turned away."""
    if door.is_api:
        return answer.status_code == 401
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


@doors(Who.MEMBERS, Who.OWNER, Who.READERS, Who.ADMINS)
def test_nobody_and_the_switched_off_stay_outside(door, world, api, switched_off):
    """Open WebUI CVE-2026-45667, CVE-2026-45397, CVE-2024-7983, AnythingLLM CVE-2024-3279: doors
    without a lock."""
    path = world.fill(door.path)
    if door.is_api:
        # A token that is no good is refused even where a session would do.
        broken = api(world.alice, headers={"Authorization": "Bearer a.b.c"})
        assert ask(broken, door, path).status_code == 401
    for client in (api(), switched_off):
        answer = ask(client, door, path)
        assert outside(answer, door), f"{answer.status_code} {text(answer)[:200]}"
        assert SECRET not in text(answer)


@doors(Who.OWNER, Who.READERS)
def test_others_see_nothing_of_what_is_alices(door, world, api, bob, charlie):
    """Dify CVE-2026-41949, RAGFlow #14618, Open WebUI CVE-2026-45666, Khoj CVE-2024-52294: by its
    id alone."""
    path, nowhere = world.fill(door.path), world.fill(door.path, unknown=True)
    for person_ in (bob, charlie):
        client = api(person_)
        answer, unknown = ask(client, door, path), ask(client, door, nowhere)
        assert answer.status_code == unknown.status_code == 404, text(answer)[:200]
        assert answer.content == unknown.content
    if door.ok is not None:
        assert ask(api(world.alice), door, path).status_code == door.ok


@doors(Who.MEMBERS)
def test_members_get_their_own_and_nothing_of_alices(door, world, api, bob):
    if door.ok is None:
        return
    client = api(bob)
    answer = ask(client, door, world.fill(door.path))
    assert answer.status_code == door.ok, text(answer)[:300]
    assert SECRET not in text(answer)


@doors(Who.ADMINS)
def test_students_may_not_what_admins_may(door, world, api, bob, admin):
    """Open WebUI CVE-2026-45672, AnythingLLM CVE-2026-32715: the second way to the same thing."""
    path, nowhere = world.fill(door.path), world.fill(door.path, unknown=True)
    for client in (api(world.alice), api(bob)):
        answer, unknown = ask(client, door, path), ask(client, door, nowhere)
        assert {answer.status_code, unknown.status_code} <= {403, 404}, text(answer)[:200]
        if client.session["_auth_user_id"] != str(world.alice.pk):
            assert answer.content == unknown.content
    answer = ask(api(admin), door, path)
    assert answer.status_code == door.ok, text(answer)[:300]


@doors(Who.ANYONE)
def test_open_doors_answer_anyone_without_reading_the_session(door, world, api, alice):
    if door.ok is None:
        return
    for client in (api(), api(alice, enforce_csrf_checks=door.is_api)):
        answer = ask(client, door, world.fill(door.path))
        assert answer.status_code == door.ok
        assert SECRET not in text(answer)


@doors(acting=True)
def test_a_session_alone_changes_nothing_from_a_foreign_page(door, world, api, alice, admin):
    """No CSRF token: refused, whatever the content type claims to be."""
    if door.who is Who.ANYONE and door.is_api:
        return
    client = api(admin if door.who is Who.ADMINS else alice, enforce_csrf_checks=True)
    path = world.fill(door.path)
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = client.generic(door.method, path, "{}", content_type=content_type)
        assert answer.status_code == 403, f"{content_type}: {answer.status_code}"


@doors(acting=True)
def test_reading_an_action_does_not_do_it(door, world, api, alice, admin):
    """An address that acts never acts on GET: a link or a picture would do."""
    if any(d.path == door.path and d.method == "GET" for d in DOORS):
        return
    client = api(admin if door.who is Who.ADMINS else alice)
    assert client.get(world.fill(door.path)).status_code == 405


def test_a_document_in_the_open_collection_is_read_but_not_changed_by_all(world, api, bob, admin):
    """Open WebUI CVE-2026-59212, CVE-2026-45671, CVE-2026-45385, CVE-2026-45386, LibreChat
    CVE-2026-44654: who may read changed."""
    world.document.collection = documents_collections.default_collection()
    world.document.owner = admin
    world.document.save()
    for door in DOORS:
        if "<uuid:document_id>" not in door.path:
            continue
        answer = ask(api(bob), door, world.fill(door.path))
        expected = door.ok if door.who is Who.READERS else 403
        assert answer.status_code == expected, f"{door}: {text(answer)[:200]}"
    world.document.refresh_from_db()


def test_an_admin_reads_a_students_session_and_may_remove_it(world, api, admin):
    path = f"/api/v1/chat/sessions/{world.session.pk}"
    assert api(admin).get(path).status_code == 200
    assert api(admin).delete(path).status_code == 204


@pytest.mark.parametrize("field", ["id", "user", "user_id", "owner", "role", "is_staff", "status"])
def test_a_session_belongs_to_who_makes_it(api, bob, alice, field):
    """Open WebUI CVE-2026-44550, LibreChat CVE-2026-31942: an owner named in the body."""
    body = {"title": "x", field: str(alice.pk)}
    answer = api(bob).post("/api/v1/chat/sessions", body)
    assert answer.status_code == 422 or answer.json()["user_id"] == str(bob.pk)


@pytest.mark.parametrize("field", ["id", "owner", "owner_id", "kind", "created_at"])
def test_a_collection_belongs_to_who_makes_it(api, bob, alice, field):
    value = "default" if field == "kind" else str(alice.pk)
    answer = api(bob).post("/api/v1/collections", {"name": "x", field: value})
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        made = bob.collections.get()
        assert made.kind == "shared" and str(made.pk) != str(alice.pk)


def test_a_student_opens_no_collection_to_everybody(api, bob):
    assert api(bob).post("/api/v1/collections", {"name": "x", "is_open": True}).status_code == 403


def cookie_of(user) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


async def dial(user, path: str):
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    if user is not None:
        headers.append((b"cookie", (await in_thread(cookie_of, user)).encode()))
    return WebsocketCommunicator(application, path, headers=headers)


@IN_THREADS
async def test_nobody_opens_a_socket(world):
    for path in (f"/ws/chat/{world.session.pk}/", "/ws/documents/"):
        assert (await (await dial(None, path)).connect())[0] is False


@IN_THREADS
async def test_the_socket_of_a_foreign_chat_closes_as_one_of_none(world, bob):
    closes = []
    for path in (f"/ws/chat/{world.session.pk}/", f"/ws/chat/{world.document.pk}/"):
        socket = await dial(bob, path)
        connected, code = await socket.connect()
        closes.append((connected, await socket.receive_output() if connected else code))
    assert closes[0] == closes[1]
    assert closes[0][1]["type"] == "websocket.close"


@IN_THREADS
async def test_foreign_ids_in_frames_of_ones_own_chat_are_unknown(world, bob):
    """Open WebUI CVE-2026-54022, CVE-2026-44564: what a page may not, a frame did."""
    own = await in_thread(chat_services.create_session, actor=bob)
    socket = await dial(bob, f"/ws/chat/{own.pk}/")
    assert (await socket.connect())[0]
    assert (await socket.receive_json_from())["type"] == "ready"
    for frame in (
        {"type": "regenerate", "message_id": str(world.message.pk)},
        {"type": "edit", "message_id": str(world.message.parent_id), "message": "x"},
        {"type": "resume", "generation_id": str(world.message.pk), "after": 0},
        {"type": "resume", "generation_id": ["x"], "after": 0},
        {"type": "regenerate", "message_id": {"$ne": None}},
    ):
        await socket.send_json_to(frame)
        answer = await socket.receive_json_from()
        assert (answer["type"], answer["code"]) == ("error", "not_found"), frame
        assert SECRET not in str(answer)
    for noise in (
        "[]",
        "3",
        "{",
        '"x"',
        '{"type": ["message"]}',
        '{"type": "MESSAGE"}',
        "[" * 50000,
    ):
        await socket.send_to(text_data=noise)
        assert (await socket.receive_json_from())["type"] == "error"
    await socket.disconnect()


@IN_THREADS
async def test_the_documents_socket_tells_only_of_ones_own(world, bob):
    socket = await dial(bob, "/ws/documents/")
    assert (await socket.connect())[0]
    assert await socket.receive_json_from() == {"type": "documents", "documents": []}
    await socket.disconnect()
