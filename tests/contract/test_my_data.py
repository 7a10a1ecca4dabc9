"""me/*: everything of mine as an archive, with progress; and the end of my account."""

import io
import zipfile

import pytest

from accounts.models import User
from chat import services as chat
from chat.models import DataExport, Session
from chat.mydata import work
from core.db import in_thread
from core.ids import new_id
from core.testing import PASSWORD
from tests.contract.shape import JSON, is_paged, is_problem, same_404
from tests.world import build

pytestmark = pytest.mark.django_db
EXPORTS, ACCOUNT = "/api/v1/me/exports", "/api/v1/me/account"
ROW = {"id", "status", "done", "total", "size", "created_at", "finished_at", "expires_at"}


@pytest.fixture(autouse=True)
def files_here(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


async def whole(answer):
    return b"".join([piece async for piece in answer.streaming_content])


def test_it_is_asked_for_and_made(api, alice):
    client = api(alice)
    chat.create_session(actor=alice, title="Photosynthesis")
    asked = client.post(EXPORTS)
    assert asked.status_code == 202 and asked.json().keys() == ROW
    row = asked.json()
    assert (row["status"], row["finished_at"]) == ("WAITING", None)
    path = f"{EXPORTS}/{row['id']}"
    is_problem(client.get(f"{path}/download"), 409)
    assert client.post(EXPORTS).json()["id"] == row["id"]  # the one under way
    # What whoever waits is shown, half-way.
    DataExport.objects.filter(pk=row["id"]).update(status="RUNNING", done=1, total=4)
    shown = client.get(path).json()
    assert (shown["status"], shown["done"], shown["total"]) == ("RUNNING", 1, 4)
    DataExport.objects.filter(pk=row["id"]).update(status="WAITING", done=0, total=0)
    assert work.run(DataExport.objects.get().pk)
    ready = client.get(path).json()
    assert ready["status"] == "READY" and ready["done"] == ready["total"] > 0
    assert ready["size"] > 0 and ready["finished_at"] and ready["expires_at"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_the_archive_is_a_zip_of_ones_own(async_api, alice):
    await in_thread(build, alice)
    client = await async_api(alice)
    row = (await client.post(EXPORTS)).json()
    await in_thread(work.run, row["id"])
    answer = await client.get(f"{EXPORTS}/{row['id']}/download")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="lontar-')
    data = await whole(answer)
    assert len(data) == int(answer.headers["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None and "account.json" in archive.namelist()


def test_lists_and_removal(api, alice):
    client = api(alice)
    for number in range(2):
        DataExport.objects.create(user=alice, status="FAILED", done=number)
    rows = is_paged(client, EXPORTS, "exports", 2)
    assert all(row.keys() == ROW for row in rows)
    assert [row["done"] for row in rows] == [1, 0]  # newest first
    path = f"{EXPORTS}/{rows[0]['id']}"
    gone = client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    is_problem(client.get(path), 404, "not_found")


def test_it_is_nobody_elses(api, alice, bob, charlie, admin):
    made = build(alice).export
    path, nowhere = f"{EXPORTS}/{made.pk}", f"{EXPORTS}/{new_id()}"
    for other in (bob, charlie, admin):
        client = api(other)
        assert client.get(EXPORTS).json()["total"] == 0
        for method in ("get", "delete"):
            same_404(client, method, (path, nowhere))
        same_404(client, "get", (f"{path}/download", f"{nowhere}/download"))
    for method, address in (("get", EXPORTS), ("post", EXPORTS), ("get", path), ("delete", path)):
        is_problem(getattr(api(), method)(address), 401, "not_authenticated")


def test_what_would_go_is_told_first(api, alice, bob):
    chat.create_session(actor=alice)
    body = api(alice).get(ACCOUNT).json()
    keys = {"chats", "documents", "documents_others_read", "collections", "kept", "can_be_deleted"}
    assert body.keys() == keys and body["kept"].keys() == {"model_calls"}
    assert (body["chats"], body["documents"], body["can_be_deleted"]) == (1, 0, True)
    assert api(bob).get(ACCOUNT).json()["chats"] == 0
    is_problem(api().get(ACCOUNT), 401, "not_authenticated")


def test_an_account_ends_by_its_password(api, alice, bob, fresh_limits):
    client = api(alice)
    chat.create_session(actor=alice)
    is_problem(api().delete(ACCOUNT), 401, "not_authenticated")
    for body in ({}, {"password": "not that one"}):
        is_problem(client.delete(ACCOUNT, body, content_type=JSON), 403)
    wrong = client.delete(ACCOUNT, {"password": 7}, content_type=JSON)
    is_problem(wrong, 422, "invalid", "password")
    assert User.objects.filter(pk=alice.pk).exists()
    gone = client.delete(ACCOUNT, {"password": PASSWORD}, content_type=JSON)
    assert (gone.status_code, gone.content) == (204, b"")
    assert not User.objects.filter(pk=alice.pk).exists() and not Session.objects.exists()
    is_problem(client.get("/api/v1/auth/me"), 401, "not_authenticated")
    assert User.objects.filter(pk=bob.pk).exists()


def test_the_last_superadmin_stays(api, superadmin, fresh_limits):
    assert api(superadmin).get(ACCOUNT).json()["can_be_deleted"] is False
    answer = api(superadmin).delete(ACCOUNT, {"password": PASSWORD}, content_type=JSON)
    assert answer.status_code in (403, 409)
    assert User.objects.filter(pk=superadmin.pk).exists()
