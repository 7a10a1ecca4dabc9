"""Everything I said and uploaded, taken along; and the end of an account."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat import services as chat_services
from chat.models import DataExport, Message, Session
from chat.mydata import archive, leaving, services, work
from core.db import in_thread
from core.errors import Forbidden
from core.testing import PASSWORD
from documents import storage
from documents.models import Collection, Document
from llm.models import ModelCall
from tests.world import PAGE_TEXT, SECRET, World, build, say

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/me/exports"


@pytest.fixture(autouse=True)
def _files_of_this_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def world(alice: User, bob: User) -> World:
    """alice's things, and bob's beside them."""
    build(bob, number=1)
    return build(alice)


async def _bytes(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def made(user: User) -> tuple[DataExport, zipfile.ZipFile]:
    export = services.ask(actor=user)
    assert work.run(export.pk)
    export.refresh_from_db()
    return export, zipfile.ZipFile(work.path_of(export))


def test_the_archive_holds_all_that_is_mine_and_nothing_of_others(
    alice: User, bob: User, world: World
) -> None:
    """AnythingLLM CVE-2024-0765: the export of everybody."""
    theirs = say(chat_services.create_session(actor=bob, title="Of bob"))
    Message.objects.filter(pk=theirs.pk).update(content="BOB-SAID")
    ModelCall.objects.create(user=alice, provider="P", model_name="m", cost=1)
    ModelCall.objects.create(user=bob, provider="P", model_name="of-bob", cost=1)
    export, taken = made(alice)
    assert (export.status, export.done, export.total) == ("READY", 4, 4)
    assert export.size == work.path_of(export).stat().st_size
    names = taken.namelist()
    assert [n for n in names if n.startswith("chats/")] == [
        f"chats/0001 About {SECRET}.md",
        f"chats/0001 About {SECRET}.json",
    ]
    chat = json.loads(taken.read(f"chats/0001 About {SECRET}.json"))
    assert len(chat["all_messages"]) == 2
    original = taken.read(f"files/0001 {SECRET}.txt")
    assert original == f"{PAGE_TEXT}\n0".encode()
    account = json.loads(taken.read("account.json"))
    assert account["email"] == alice.email and account["keys"][0]["name"].startswith("Script")
    everything = b"".join(taken.read(name) for name in names)
    for foreign in (b"BOB-SAID", bob.email.encode(), b"of-bob", str(bob.pk).encode()):
        assert foreign not in everything  # PC-15: only one's own data
    for secret in (world.key.hash, world.share.token_hash, alice.password):
        assert secret.encode() not in everything


def test_names_in_the_archive_are_no_paths(alice: User, world: World) -> None:
    """LibreChat CVE-2026-34371, AnythingLLM CVE-2026-32719: a name is a path."""
    Session.objects.filter(pk=world.session.pk).update(title="../../etc/passwd\x07 C:\\x")
    Document.objects.filter(pk=world.document.pk).update(original_filename="..\\..\\con|.txt")
    _export, taken = made(alice)
    for name in taken.namelist():
        assert ".." not in name.split("/") and "\\" not in name and not name.startswith("/")
        assert name.count("/") <= 1


def test_without_its_original_a_file_is_the_text_that_was_read(alice: User, world: World) -> None:
    storage.remove(world.document.filename)
    _export, taken = made(alice)
    assert any(PAGE_TEXT.encode() in taken.read(n) for n in taken.namelist() if n[:6] == "files/")


def test_one_at_a_time_and_the_newest_takes_the_place_of_the_last(
    api: Callable[..., Any], alice: User, world: World
) -> None:
    client = api(alice)
    first = client.post(ADDRESS)
    assert first.status_code == 202
    assert client.post(ADDRESS).json()["id"] == first.json()["id"]
    assert client.get(f"{ADDRESS}/{first.json()['id']}/download").json()["code"] == "not_ready"
    assert work.run(DataExport.objects.get(pk=first.json()["id"]).pk)
    assert not work.run(DataExport.objects.get(pk=first.json()["id"]).pk)  # delivered twice
    second = client.post(ADDRESS).json()
    assert second["id"] != first.json()["id"]
    assert client.get(ADDRESS).json()["total"] == 1


@pytest.mark.django_db(transaction=True)
async def test_its_owner_alone_downloads_it(
    async_api: Callable[..., Any], alice: User, bob: User, admin: User
) -> None:
    await in_thread(build, alice)
    export, _taken = await in_thread(made, alice)
    path = f"{ADDRESS}/{export.pk}/download"
    answer = await (await async_api(alice)).get(path)
    taken = zipfile.ZipFile(io.BytesIO(await _bytes(answer)))
    assert "account.json" in taken.namelist()
    assert answer["Content-Disposition"].startswith("attachment")
    for other in (bob, admin):
        assert (await (await async_api(other)).get(path)).status_code == 404


def test_it_is_given_up_after_three_tries(
    alice: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = services.ask(actor=alice)

    def broken(*_given: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(archive, "write", broken)
    for _ in range(3):
        assert not work.run(export.pk)
    assert not work.run(export.pk)
    export.refresh_from_db()
    assert export.status == "FAILED"
    assert services.ask(actor=alice).pk != export.pk


def test_what_nobody_foresaw_leaves_no_file_and_is_taken_up_again(
    alice: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, before = services.ask(actor=alice), set(work.folder().glob("*.zip"))

    def broken(user: User, target: Any, step: Any) -> None:
        target.write_bytes(b"half")
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(archive, "write", broken)
        work.run(export.pk)
    assert set(work.folder().glob("*.zip")) == before and work.unfinished() == []
    DataExport.objects.filter(pk=export.pk).update(lease_until=timezone.now())
    assert work.unfinished() == [export.pk] and work.run(export.pk)


def test_an_archive_taken_back_while_it_is_written_leaves_nothing(
    alice: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = services.ask(actor=alice)
    step = work._step

    def taken_back(row: Any) -> None:
        DataExport.objects.filter(pk=export.pk).delete()
        step(row)

    monkeypatch.setattr(work, "_step", taken_back)
    before = set(work.folder().glob("*.zip"))
    assert not work.run(export.pk)
    assert set(work.folder().glob("*.zip")) == before


def test_its_time_ends(api: Callable[..., Any], alice: User, world: World) -> None:
    export, _taken = made(alice)
    path = work.path_of(export)
    DataExport.objects.filter(pk=export.pk).update(expires_at=timezone.now())
    assert api(alice).get(f"{ADDRESS}/{export.pk}/download").status_code == 404
    old = (timezone.now() - work.KEEP).timestamp()
    os.utime(path, (old, old))
    work.sweep()
    assert not path.exists() and not DataExport.objects.filter(pk=export.pk).exists()


# --- the end of an account -------------------------------------------------------------------
def delete(client: Any, **body: Any) -> Any:
    return client.delete("/api/v1/me/account", body, content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_an_account_goes_with_everything_and_its_files(
    api: Callable[..., Any], alice: User, bob: User, fresh_limits: None
) -> None:
    world = build(alice)
    build(bob, number=1)
    call = ModelCall.objects.create(user=alice, provider="P", model_name="m", cost=1)
    original, export = storage.path_of(world.document.filename), work.path_of(world.export)
    client, other_device = api(alice), api(alice)
    told = client.get("/api/v1/me/account").json()
    assert (told["chats"], told["documents"], told["kept"]) == (1, 2, {"model_calls": 1})
    assert delete(client, password=PASSWORD).status_code == 204
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Session.objects.filter(user_id=alice.pk).exists()
    assert not Document.objects.filter(owner_id=alice.pk).exists()
    assert not Collection.objects.filter(owner_id=alice.pk).exists()
    assert not original.exists() and not export.exists()
    call.refresh_from_db()
    assert call.user_id is None
    for window in (client, other_device):
        assert window.get("/api/v1/auth/me").status_code == 401
    assert Session.objects.filter(user=bob).count() == 1
    assert Document.objects.filter(owner=bob).count() == 2


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong"}, {"password": None}])
def test_an_open_window_is_not_enough(
    api: Callable[..., Any], alice: User, world: World, body: dict[str, Any], fresh_limits: None
) -> None:
    assert delete(api(alice), **body).status_code in (403, 422)
    assert User.objects.filter(pk=alice.pk).exists()
    assert Session.objects.filter(user=alice).count() == 1


def test_a_superadmin_stays(api: Callable[..., Any], superadmin: User, fresh_limits: None) -> None:
    session = chat_services.create_session(actor=superadmin)
    refused = delete(api(superadmin), password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (403, "superadmin")
    assert Session.objects.filter(pk=session.pk).exists()
    with pytest.raises(Forbidden):
        leaving.leave(actor=superadmin)


def test_what_others_brought_goes_back_to_them(alice: User, bob: User, world: World) -> None:
    shared = Collection.objects.create(name="Ours", owner=alice, kind="shared")
    theirs = Document.objects.filter(owner=bob, kind="text").get()
    Document.objects.filter(pk=theirs.pk).update(collection=shared)
    leaving.leave(actor=alice)
    theirs.refresh_from_db()
    assert theirs.collection.owner == bob
    assert not Collection.objects.filter(pk=shared.pk).exists()
