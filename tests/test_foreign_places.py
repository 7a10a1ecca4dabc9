"""Ids of others where no OpenAPI document tells of them: forms of pages, frames, tasks, tools.

Each kind of place is listed, and a new one fails until it is.
"""

import ast
import inspect
import json
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from celery import current_app
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.test import Client
from kombu import Consumer, Queue
from kombu.exceptions import ContentDisallowed

import accounts.views
import chat.views
from accounts.models import ApiKey, ApiLogin
from chat import consumers
from chat import services as chat_services
from chat.assistants.tools import KNOWN
from chat.models import Generation, Message
from chat.tools import SPEC, Searching
from core.db import in_thread
from core.ids import new_id
from llm.loop import Tool, run_tool
from llm.messages import ToolCall
from llm.models import LanguageModel
from rag.sources import SourceBook
from rag.tests.library import direction, embedding_model
from tests.doors import DOORS, TASKS, TOOLS
from tests.routes import routes
from tests.test_doors import dial
from tests.world import SECRET, World, build

ROOT = Path(__file__).parent.parent

# --- forms of pages ---------------------------------------------------------------------------
# What the views read from a form by themselves, and what the ids there name.
POSTED = {
    "key": "a key of one's own",
    "which": "a login of one's own",
    "language": "",
    "theme": "",
    "next": "an address of this site",
}


def _read_from(source, *names):
    """The strings X of `<name>.get(X)` and `<name>[X]` in a module."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if call and node.func.attr == "get" and ast.unparse(node.func.value) in names:
            found.add(node.args[0].value)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in names:
            found.add(node.slice.value)
    return found


def test_every_field_that_a_page_reads_is_listed():
    read = _read_from(accounts.views, "request.POST") | _read_from(chat.views, "request.POST")
    assert read == set(POSTED)


def test_pages_that_take_forms_are_those_of_these_views():
    ours = {accounts.views.__name__, chat.views.__name__}
    views = {route.path: route.callback for route in routes()}
    posting = [door.path for door in DOORS if door.method == "POST" and not door.is_api]
    assert {views[path].__module__ for path in posting} <= ours, posting


@pytest.fixture
def world(alice) -> World:
    made = build(alice)
    ApiLogin.objects.create(user=alice, expires_at=made.export.expires_at)
    return made


def test_ids_of_others_in_forms_of_pages_change_nothing(world, alice, bob, api):
    page = Client()
    page.force_login(bob)
    login = ApiLogin.objects.get(user=alice)
    for one in (world.key.pk, login.pk, alice.pk, new_id()):
        page.post("/account/keys/revoke/", {"key": [str(one), str(world.key.pk)]})
        page.post("/account/sessions/end/", {"which": str(one)})
        page.post("/account/profile/", {"full_name": "B", "id": str(one), "user": str(alice.pk)})
        page.post("/account/keys/", {"name": "x", "scopes": "chat", "days": 30, "user": alice.pk})
    alice.refresh_from_db()
    login.refresh_from_db()
    assert alice.full_name == "Alice" and login.ended_at is None
    assert not ApiKey.objects.filter(pk=world.key.pk).exclude(revoked_at=None).exists()
    assert ApiKey.objects.filter(user=alice).count() == 1


def test_ids_of_others_in_forms_of_the_login_library_change_nothing(world, alice, bob):
    """LibreChat CVE-2026-54036, Onyx CVE-2026-42276: a thing of somebody else by its number."""
    key = Authenticator.objects.create(user=alice, type="webauthn", data={"name": "k"})
    social = alice.socialaccount_set.create(provider="google", uid="1")
    mail = alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    page = Client()
    page.force_login(bob)
    sent = {"account": social.pk, "email": alice.email, "id": key.pk, "session": new_id()}
    for path in (
        f"2fa/webauthn/keys/{key.pk}/remove/",
        f"2fa/webauthn/keys/{key.pk}/edit/",
        "3rdparty/",
        "email/",
        "sessions/",
    ):
        for action in ("action_remove", "action_primary", "action_send"):
            page.post(f"/accounts/{path}", {**sent, action: "", "name": "taken"})
    key.refresh_from_db()
    assert key.data == {"name": "k"} and alice.socialaccount_set.exists()
    assert mail.__class__.objects.filter(pk=mail.pk, user=alice, primary=True).exists()


# --- frames of the socket ---------------------------------------------------------------------
FRAME = {
    "type": "",
    "message": "",
    "client_id": "a word of the page's own; repeats are looked for among its sender's questions",
    "message_id": "a message of this chat",
    "generation_id": "an answer of this chat",
    "after": "",
    "attachments": "pictures of this chat",
}


def test_every_field_of_a_frame_is_listed():
    assert _read_from(consumers, "frame") == set(FRAME)


@pytest.mark.django_db(transaction=True)
async def test_a_frame_speaks_of_its_own_chat_whatever_else_it_names(world, alice, bob):
    """Open WebUI CVE-2026-59216, CVE-2026-45349, Dify CVE-2026-41950: targets named by a client."""
    own = await in_thread(chat_services.create_session, actor=bob)
    before = await Message.objects.filter(session=world.session).acount()
    hers = {
        "session_id": str(world.session.pk),
        "session": str(world.session.pk),
        "chat_id": str(world.session.pk),
        "user_id": str(alice.pk),
        "group": f"chat.{world.session.pk.hex}",
        "channel_name": f"chat.{world.session.pk.hex}",
        "parent_id": str(world.message.pk),
        "documents": [str(world.document.pk)],
        "collections": [str(world.collection.pk)],
        "assistant_id": str(world.assistant.pk),
    }
    picture = str(world.picture.pk)
    socket: WebsocketCommunicator = await dial(bob, f"/ws/chat/{own.pk}/")
    assert (await socket.connect())[0]
    frames = [await socket.receive_json_from()]
    await socket.send_json_to({"type": "stop", **hers})
    await socket.send_json_to({"type": "resume", "after": 0, **hers})
    asked = {"type": "message", "message": f"Why does a {SECRET} glow?", "client_id": "1", **hers}
    await socket.send_json_to(asked)
    while frames[-1]["type"] not in ("message_saved", "error"):
        frames.append(await socket.receive_json_from())
    assert frames[-1]["type"] == "message_saved", frames[-1]
    await LanguageModel.objects.aupdate(supports_vision=True)
    await socket.send_json_to({**asked, "client_id": "2", "attachments": [{"id": picture}]})
    refused = await socket.receive_json_from()
    await socket.disconnect()
    assert (refused["type"], refused["code"]) == ("error", "unknown_picture")
    assert "luciferin" not in json.dumps(frames)
    assert await Message.objects.filter(session=world.session).acount() == before
    assert not await Generation.objects.filter(session=world.session).aexists()
    assert await Message.objects.filter(session=own).acount() == 2


# --- tasks ------------------------------------------------------------------------------------
# What each argument is. No person can call a task: an id of something else must do nothing.
ARGUMENTS = {
    "accounts.tasks.invite": ["user_id", "origin"],
    "chat.tasks.export_data": ["export_id"],
    "chat.tasks.summarise": ["session_id"],
    "documents.tasks.ingest": ["document_id"],
    "documents.tasks.read_web": ["source_id"],
    "documents.tasks.reembed": ["job_id"],
    "documents.tasks.remove_embedding_model": ["model_id"],
    "documents.tasks.summarise": ["document_id", "asked_for"],
    "rag.tasks.evaluate": ["run_id"],
}


def arguments(name):
    named = inspect.signature(current_app.tasks[name].run).parameters
    return [one for one in named if one != "self"]


def test_every_argument_of_a_task_is_listed():
    current_app.loader.import_default_modules()
    assert {name: arguments(name) for name in TASKS if arguments(name)} == ARGUMENTS


ROOMS_OF_ROWS = {"accounts", "chat", "documents", "llm", "prompts", "rag"}


def _rows():
    ours = (model for model in apps.get_models() if model.__module__.split(".")[0] in ROOMS_OF_ROWS)
    return {model.__name__: sorted(map(str, model.objects.values_list())) for model in ours}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_task_given_an_id_of_something_else_does_nothing(name, world):
    """A message that was repeated, or is older than its row, finds nothing to do."""
    task, before = current_app.tasks[name], _rows()
    of_numbers = name == "documents.tasks.remove_embedding_model"
    for one in [2**31 - 1, 0] if of_numbers else [str(new_id()), str(world.message.pk)]:
        task.apply(args=[one, *["http://x"] * (len(ARGUMENTS[name]) - 1)], throw=True)
    assert _rows() == before


def test_tasks_are_told_in_json_alone():
    """Celery CVE-2021-23727, RAGFlow CVE-2024-12433: what a broker holds was unpickled."""
    with current_app.connection_for_write() as line:
        queue = Queue(f"pickled-{new_id().hex}", channel=line.default_channel, auto_delete=True)
        queue.declare()
        line.Producer().publish({"x": 1}, routing_key=queue.name, serializer="pickle")
        taken = queue.get(accept=current_app.conf.accept_content)
        assert taken is not None and current_app.conf.accept_content == ["json"]
        with pytest.raises(ContentDisallowed):
            taken.decode()
        Consumer(line.default_channel, queue).purge()
        queue.delete()


# --- tools ------------------------------------------------------------------------------------
def test_every_tool_a_model_may_call_is_listed():
    assert set(TOOLS) == set(KNOWN)
    made = {
        str(path.relative_to(ROOT))
        for room in ("chat", "rag", "llm", "documents", "prompts", "accounts", "core", "config")
        for path in (ROOT / room).rglob("*.py")
        if "tests" not in path.parts and "ToolSpec(" in path.read_text()
    }
    # Besides ours: the definition, and tools that a program of /v1 offers and runs itself.
    assert made - {"llm/messages.py", "chat/compatible/planning.py"} == {"chat/tools.py"}


@pytest.mark.django_db(transaction=True)
async def test_a_model_that_names_things_of_others_gets_none(world, alice, bob, monkeypatch):
    """Open WebUI CVE-2026-54016, CVE-2026-45398: a tool searched what its user could not open."""

    async def query_vector(_model, _text, _caller=None):
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    await in_thread(embedding_model)
    searching = Searching(bob, SourceBook(), lambda *_: None, 50_000)

    async def run(given):
        return await searching.run(given["query"])

    hers = {
        "collection": str(world.collection.pk),
        "collections": [str(world.collection.pk)],
        "collection_ids": [str(world.collection.pk), "*"],
        "document_ids": [str(world.document.pk)],
        "user": alice.email,
        "user_id": str(alice.pk),
        "scope": None,
        "group": "*",
        "bypass_filter": True,
    }
    for query in (SECRET, "luciferin", str(world.document.pk), world.document.title, "*", "%"):
        call = ToolCall("1", SPEC.name, {"query": query, **hers})
        finished = await run_tool({SPEC.name: Tool(SPEC, run)}, call, 20)
        assert "luciferin" not in finished.result.content
        assert json.loads(finished.result.content)["passages"] == [], query


@pytest.mark.parametrize("wrong", [None, 7, ["x"], {"$ne": None}, True])
async def test_arguments_of_another_type_are_a_sentence_for_the_model(wrong):
    async def run(_given):
        raise AssertionError("it was run")

    call = ToolCall("1", SPEC.name, {"query": wrong})
    finished = await run_tool({SPEC.name: Tool(SPEC, run)}, call, 20)
    assert finished.result.is_error and "string" in finished.result.content
