"""chat/sessions/{id}/shares and chat/shares: links that read, write nothing and are taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Session
from core.ids import new_id
from tests.contract.shape import is_paged, is_problem, same_404
from tests.world import SECRET, build

pytestmark = pytest.mark.django_db
SHARES = "/api/v1/chat/shares"
ROW = {
    "id",
    "session_id",
    "title",
    "shows_name",
    "created_at",
    "expires_at",
    "revoked_at",
    "is_open",
}


@pytest.fixture
def path(alice):
    """Of alice's chat, which has one link."""
    return f"/api/v1/chat/sessions/{build(alice).session.pk}/shares"


def local(url):
    assert url.startswith("http://testserver/s/")
    return url.removeprefix("http://testserver")


def test_make_list_and_take_back(api, alice, path):
    client = api(alice)
    later = (timezone.now() + timedelta(days=7)).isoformat()
    answer = client.post(path, {"shows_name": True, "expires_at": later})
    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == ROW | {"url"}
    assert (made["shows_name"], made["is_open"], made["revoked_at"]) == (True, True, None)
    for listed in (path, SHARES):
        rows = is_paged(client, listed, "shares", 2)
        assert all(row.keys() == ROW for row in rows)  # the link itself is told once
        assert rows[0]["id"] == made["id"]  # newest first
    gone = client.delete(f"{SHARES}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    (row,) = [row for row in client.get(SHARES).json()["shares"] if row["id"] == made["id"]]
    assert row["is_open"] is False and row["revoked_at"]
    assert api().get(local(made["url"])).status_code == 404


def test_whoever_holds_the_link_reads_and_does_nothing_else(api, alice, bob, charlie, path):
    link = local(api(alice).post(path).json()["url"])
    for who in (api(), api(bob), api(charlie), api(alice)):
        page = who.get(link)
        assert page.status_code == 200 and SECRET in page.content.decode()
        for method in ("post", "put", "patch", "delete"):
            assert getattr(who, method)(link).status_code in (403, 405)
    assert api().get(f"{link[:-2]}x/").status_code == 404


def test_a_link_ends_when_it_says(api, alice, path):
    before = (timezone.now() - timedelta(seconds=1)).isoformat()
    is_problem(api(alice).post(path, {"expires_at": before}), 422)
    for body, field in (
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"shows_name": "yes"}, "shows_name"),
        ({"is_public": True}, "is_public"),
    ):
        is_problem(api(alice).post(path, body), 422, "invalid", field)


def test_others_make_none_and_find_none(api, alice, bob, charlie, admin, path):
    made = api(alice).post(path).json()
    nowhere = f"/api/v1/chat/sessions/{new_id()}/shares"
    for other in (bob, charlie, admin):
        client = api(other)
        assert client.get(SHARES).json()["total"] == 0
        for method in ("get", "post"):
            same_404(client, method, (path, nowhere))
        same_404(client, "delete", (f"{SHARES}/{made['id']}", f"{SHARES}/{new_id()}"))
    is_problem(api().get(SHARES), 401, "not_authenticated")
    is_problem(api().post(path), 401, "not_authenticated")
    is_problem(api().delete(f"{SHARES}/{made['id']}"), 401, "not_authenticated")
    assert api().get(local(made["url"])).status_code == 200


def test_it_goes_with_its_chat(api, alice, path):
    link = local(api(alice).post(path).json()["url"])
    api(alice).delete(f"/api/v1/chat/sessions/{Session.objects.get().pk}")
    assert api().get(link).status_code == 404
