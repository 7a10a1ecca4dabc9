"""Pictures in questions: who may bring and see them, and which model is told of them."""

import base64
import json
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.test.client import MULTIPART_CONTENT

from accounts.models import User
from chat import branches, pictures, services, sharing
from chat.models import Message, Session
from chat.mydata import archive
from chat.plans import plan
from chat.tests.fakes import Script, words
from chat.tests.test_socket import opened, until_saved
from core.db import in_thread
from core.errors import Invalid
from core.ids import new_id
from documents import pictures as kept
from documents import storage
from documents.models import Document, Picture
from documents.tests.conftest import media
from documents.tests.test_pictures import drawing
from llm.messages import Image, Text
from llm.models import LanguageModel, Provider

__all__ = ["media"]
pytestmark = pytest.mark.django_db(transaction=True)
Play = Callable[..., Script]
SKY, SEA = drawing(), drawing(colour="teal")


@pytest.fixture
def seeing(db: None) -> LanguageModel:
    """The only model, and it sees."""
    provider = Provider.objects.create(
        kind="openai_compatible", name="Eyes", base_url="http://127.0.0.1:9/v1"
    )
    return LanguageModel.objects.create(
        provider=provider, name="eyes", display_name="Eyes", context_window=32_000,
        supports_vision=True, order=0,
    )  # fmt: skip


@pytest.fixture
def blind(seeing: LanguageModel) -> LanguageModel:
    return LanguageModel.objects.create(
        provider=seeing.provider, name="blind", display_name="Blind", context_window=32_000, order=5
    )


@pytest.fixture
def session(alice: User, seeing: LanguageModel) -> Session:
    return services.create_session(actor=alice, model_id=seeing.pk)


def door(session: Session) -> str:
    return f"/api/v1/chat/sessions/{session.pk}/pictures"


def bring(client: Client, session: Session, content: bytes = SKY, name: str = "sky.png") -> Any:
    form = {"file": SimpleUploadedFile(name, content)}
    return client.post(door(session), form, content_type=MULTIPART_CONTENT)


def brought(session: Session, content: bytes = SKY) -> uuid.UUID:
    found, _is_new = pictures.bring(
        actor=session.user, session_id=session.pk, name="sky.png", content=content
    )
    return found.pk


def asked(session: Session, *images: uuid.UUID, text: str = "What is this?") -> Any:
    return services.post_message(
        actor=session.user, session_id=session.pk, text=text, images=images
    )


def answered(generation: Any, text: str = "A sky.") -> None:
    generation.__class__.objects.filter(pk=generation.pk).update(status="complete")
    Message.objects.filter(pk=generation.answer_id).update(status="complete", content=text)


def parts_told(generation: Any, user: User) -> list[Any]:
    return list(plan(generation, user, "en").chosen.request.messages[-1].parts)


def test_it_is_brought_once_and_seen_by_its_owner_alone(
    api: Any, alice: User, bob: User, charlie: User, admin: User, session: Session
) -> None:
    first = bring(api(alice), session)
    assert first.status_code == 201, first.content
    row = first.json()
    assert (row["name"], row["width"], row["height"]) == ("sky.png", 40, 20)
    again = bring(api(alice), session)
    assert (again.status_code, again.json()) == (200, row)
    for user in (alice, admin):  # admins read all chats
        shown = api(user).get(row["url"])
        assert shown.status_code == 200 and shown["Content-Type"] == "image/png"
        assert shown.content.startswith(b"\x89PNG")
    assert "sandbox" in shown["Content-Security-Policy"]
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Disposition"] == 'inline; filename="sky.png"'
    cached = api(alice).get(row["url"], headers={"If-None-Match": shown["ETag"]})
    assert (cached.status_code, cached.content) == (304, b"")
    for user in (bob, charlie):
        assert bring(api(user), session).status_code == 404
        hidden = api(user).get(row["url"])
        nowhere = api(user).get(f"/api/v1/chat/pictures/{new_id()}")
        assert hidden.status_code == nowhere.status_code == 404
        assert hidden.json()["detail"] == nowhere.json()["detail"]
    assert api().get(row["url"]).status_code == 401


def test_what_is_wrong_with_it_is_said(api: Any, alice: User, session: Session) -> None:
    client = api(alice)
    for content, code in (
        (b"<svg onload='alert(1)'/>", "no_picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "damaged_picture"),
    ):
        answer = bring(client, session, content)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    large = bring(client, session, SKY + bytes(kept.LARGEST))
    assert large.status_code == 413 and "10 MB" in large.json()["detail"]
    assert client.post(door(session), {}, content_type=MULTIPART_CONTENT).status_code == 422
    services.update_session(actor=alice, session=session, status="COMPLETED")
    assert bring(client, session).status_code == 409
    assert not Picture.objects.exists() and not Document.objects.exists()


def test_a_model_that_does_not_see_is_named_before_anything_is_kept(
    api: Any, alice: User, session: Session, seeing: LanguageModel, blind: LanguageModel
) -> None:
    picture = brought(session)
    services.update_session(actor=alice, session=session, model_id=blind.pk)
    for refused in (
        lambda: asked(session, picture),
        lambda: brought(session, SEA),
    ):
        with pytest.raises(Invalid) as told:
            refused()
        assert told.value.code == "no_vision"
        assert "Blind sees no pictures" in str(told.value) and "Eyes" in str(told.value)
    assert not Message.objects.exists() and Picture.objects.count() == 1
    seeing.delete()
    with pytest.raises(Invalid) as told:
        asked(session, picture)
    assert "No model here sees pictures" in str(told.value)


def test_the_model_is_shown_the_picture_before_the_words(alice: User, session: Session) -> None:
    generation = asked(session, brought(session), brought(session, SEA))
    first, second, said = parts_told(generation, alice)
    assert isinstance(first, Image) and isinstance(second, Image) and first != second
    assert said == Text("What is this?")
    assert [each["name"] for each in generation.question.pictures] == ["sky.png", "sky.png"]


def test_earlier_pictures_are_shown_again_and_told_of_to_who_does_not_see(
    alice: User, session: Session, blind: LanguageModel
) -> None:
    answered(asked(session, brought(session)))
    services.update_session(actor=alice, session=session, model_id=blind.pk)
    generation = asked(Session.objects.get(), text="And why blue?")
    ready = plan(generation, alice, "en")
    first, *_rest = ready.chosen.request.messages
    assert "sky.png" in first.text and "cannot see" in first.text
    assert ready.chosen.request.messages[-1].text == "And why blue?"


def test_only_models_that_see_may_answer_instead(
    alice: User, session: Session, seeing: LanguageModel, blind: LanguageModel
) -> None:
    generation = asked(session, brought(session))
    other = LanguageModel.objects.create(
        provider=seeing.provider, name="eyes2", display_name="Eyes 2", context_window=32_000,
        supports_vision=True, order=9,
    )  # fmt: skip
    for position, one in enumerate((blind, other)):
        seeing.fallback_rows.create(fallback=one, position=position)
    assert [one.model for one in plan(generation, alice, "en").others()] == [other]


def test_pictures_take_room_in_the_window(
    alice: User, session: Session, seeing: LanguageModel
) -> None:
    LanguageModel.objects.filter(pk=seeing.pk).update(context_window=6_000)
    ids = [brought(session, drawing(colour=colour)) for colour in ("red", "tan", "navy")]
    with pytest.raises(Invalid) as told:
        asked(session, *ids)
    assert told.value.code == "message_too_long" and "fewer pictures" in str(told.value)
    answered(asked(session, ids[0]))
    generation = asked(session, ids[1], text="And this?")
    messages = plan(generation, alice, "en").chosen.request.messages
    assert sum(isinstance(part, Image) for m in messages for part in m.parts) == 1


def test_one_that_is_gone_is_told_to_the_model(alice: User, session: Session) -> None:
    generation = asked(session, brought(session))
    storage.remove(Picture.objects.get().filename)
    gone, _said = parts_told(generation, alice)
    assert isinstance(gone, Text) and "can no longer be opened" in gone.text


def test_other_words_and_another_answer_keep_them(
    alice: User, session: Session, blind: LanguageModel
) -> None:
    picture, other = brought(session), brought(session, SEA)
    first = asked(session, picture)
    answered(first)
    edit = {"actor": alice, "message_id": first.question_id, "text": "What colour?"}
    for images, wanted in ((None, [picture]), ([other], [other]), ([], [])):
        generation = branches.edit(**edit, images=images)
        assert [each["id"] for each in generation.question.pictures] == [str(one) for one in wanted]
        answered(generation)
    again = branches.answer_again(actor=alice, message_id=first.answer_id)
    assert isinstance(parts_told(again, alice)[0], Image)
    answered(again)
    services.update_session(actor=alice, session=session, model_id=blind.pk)
    with pytest.raises(Invalid):
        branches.answer_again(actor=alice, message_id=first.answer_id)


def test_pictures_of_another_chat_are_not_there(alice: User, bob: User, session: Session) -> None:
    theirs = brought(services.create_session(actor=bob))
    mine = brought(services.create_session(actor=alice), SEA)
    for foreign in (theirs, mine, new_id()):
        with pytest.raises(Invalid) as told:
            asked(session, foreign)
        assert told.value.code == "unknown_picture"
    assert not Message.objects.exists()


def test_it_goes_with_its_chat(api: Any, alice: User, session: Session) -> None:
    row = bring(api(alice), session).json()
    answered(asked(session, uuid.UUID(row["id"])))
    filename = Picture.objects.get().filename
    assert api(alice).delete(f"/api/v1/chat/sessions/{session.pk}").status_code == 204
    assert not Picture.objects.exists() and not storage.exists(filename)
    assert api(alice).get(row["url"]).status_code == 404


def test_a_link_shows_the_pictures_of_what_it_shows_and_no_other(
    api: Any, alice: User, session: Session
) -> None:
    shown, later = brought(session), brought(session, SEA)
    answered(asked(session, shown))
    link, token = sharing.share(actor=alice, session_id=session.pk)
    answered(asked(session, later, text="And this?"))
    nobody = api()
    page = nobody.get(f"/s/{token}/").content.decode()
    address = f"/s/{token}/pictures/{shown}/"
    assert address in page and str(later) not in page and "Picture: sky.png" in page
    answer = nobody.get(address)
    assert answer.status_code == 200 and answer["X-Robots-Tag"].startswith("noindex")
    assert nobody.get(f"/s/{token}/pictures/{later}/").status_code == 404
    assert nobody.get(f"/api/v1/chat/pictures/{shown}").status_code == 401
    sharing.revoke(actor=alice, share_id=link.pk)
    assert nobody.get(address).status_code == 404


def test_it_is_in_what_a_person_takes_along(
    api: Any, alice: User, session: Session, tmp_path: Path
) -> None:
    answered(asked(session, brought(session)))
    steps: list[int] = []
    archive.write(alice, tmp_path / "mine.zip", lambda: steps.append(1))
    assert len(steps) == archive.count(alice) == 2
    with zipfile.ZipFile(tmp_path / "mine.zip") as mine:
        [name] = [name for name in mine.namelist() if name.startswith("pictures/")]
        assert name.endswith(" sky.png") and mine.read(name) == kept.content(Picture.objects.get())
        [chat] = [name for name in mine.namelist() if name.endswith(".json") and "chats/" in name]
        [question, _answer] = json.loads(mine.read(chat))["messages"]
        assert question["attachments"][0]["name"] == "sky.png"
    text = api(alice).get(f"/api/v1/chat/sessions/{session.pk}/export").content.decode()
    assert "*Picture: sky.png*" in text


@pytest.mark.asyncio
async def test_the_socket_takes_them_by_id(alice: User, session: Session, play: Play) -> None:
    script = play(*words("A sky."))
    picture = await in_thread(brought, session)
    socket = await opened(alice, session)
    frame = {"type": "message", "message": "What is this?", "attachments": [{"id": str(picture)}]}
    await socket.send_json_to(frame)
    events = await until_saved(socket)
    [row] = events[0]["message"]["attachments"]
    assert (row["id"], row["url"]) == (str(picture), f"/api/v1/chat/pictures/{picture}")
    assert isinstance(script.requests[0].messages[-1].parts[0], Image)
    for bad in ("x", [1], [{}], [{"id": "x"}], {"id": str(picture)}):
        await socket.send_json_to({**frame, "attachments": bad})
        told = await socket.receive_json_from(timeout=5)
        assert (told["type"], told["code"]) == ("error", "bad_frame")
    await socket.send_json_to({**frame, "attachments": [{"id": str(new_id())}]})
    assert (await socket.receive_json_from(timeout=5))["code"] == "unknown_picture"
    question = events[0]["message"]["id"]
    await socket.send_json_to({"type": "edit", "message": "Colour?", "message_id": question})
    assert (await until_saved(socket))[0]["message"]["attachments"] == [row]
    await socket.disconnect()


@pytest.mark.asyncio
async def test_the_streaming_door_takes_them_by_id(
    alice: User, session: Session, play: Play
) -> None:
    script = play(*words("A sky."))
    picture = await in_thread(brought, session)
    client = AsyncClient()
    await client.aforce_login(alice)
    path = f"/api/v1/chat/sessions/{session.pk}/messages"
    body = {"message": "What?", "attachments": [{"id": str(picture)}], "stream": False}
    headers = {"Idempotency-Key": "once"}
    for _time in range(2):
        answer = await client.post(path, body, content_type="application/json", headers=headers)
        assert answer.status_code == 200 and answer.json()["message"]["content"] == "A sky."
    assert len(script.requests) == 1
    for attachments in ([{"id": "x"}], ["x"], [{"id": str(new_id())}] * 9):
        refused = await client.post(
            path, {**body, "attachments": attachments}, content_type="application/json"
        )
        assert refused.status_code == 422
    detail = (await client.get(f"/api/v1/chat/sessions/{session.pk}")).json()
    assert [len(message["attachments"]) for message in detail["messages"]] == [1, 0]


@pytest.mark.asyncio
async def test_one_request_brings_them_along(
    alice: User, seeing: LanguageModel, play: Play
) -> None:
    script = play(*words("A sky."))
    client = AsyncClient()
    await client.aforce_login(alice)
    data = base64.b64encode(SKY).decode()
    body = {
        "prompt": "What is this?",
        "model": "eyes",
        "attachments": [{"filename": "sky.png", "data": f"data:image/png;base64,{data}"}],
    }
    for _time in range(2):
        answer = await client.post(
            "/api/v1/chat",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": "once"},
        )
        assert answer.status_code == 200, answer.content
    assert len(script.requests) == 1
    first, said = script.requests[0].messages[-1].parts
    assert isinstance(first, Image) and said == Text("What is this?")
    assert await Picture.objects.aget(is_used=True) and await Session.objects.acount() == 1
    body["attachments"] = [{"filename": "sky.png", "data": data[:40]}]
    refused = await client.post("/api/v1/chat", body, content_type="application/json")
    assert refused.json()["code"] == "damaged_picture" and await Session.objects.acount() == 1
