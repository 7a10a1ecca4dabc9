"""Holes of other products in logins, keys and rights, each tried here.

Those of sockets, sessions and tokens that outlive their end are in tests/test_shut_out.py, of
superadmins in test_the_top.py, of codes and guessing in test_guessing.py.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from rest_framework.request import Request

from accounts import api_keys
from accounts.drf import BearerAuthentication, SessionAuthentication
from accounts.models import ApiKey, Group, User
from core.testing import PASSWORD, unique_address
from tests.doors import DOORS, Who
from tests.world import build

ME = "/api/v1/auth/me"
JOIN = {"email": "new@example.org", "password": PASSWORD, "full_name": "New"}


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_join_at_once_nobody_is_an_admin(db):
    """Open WebUI CVE-2026-45675, CVE-2026-44567: the first to sign up became admin, by a race."""

    def join(number):
        try:
            client = Client(REMOTE_ADDR=unique_address())
            body = {**JOIN, "email": f"new{number % 25}@example.org"}
            return client.post("/api/v1/auth/register", body, "application/json").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(join, range(50)))
    assert (codes.count(201), codes.count(409)) == (25, 25)
    assert set(User.objects.values_list("role", flat=True)) == {"student"}


@pytest.fixture
def key(alice):
    _, raw = api_keys.make_key(actor=alice, name="x", scopes=["chat"])
    return raw


def by_key(raw, path=ME):
    return Client().get(path, headers={"Authorization": f"Bearer {raw}"})


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: f"{raw}' OR '1'='1",
        lambda raw: f"{raw[:12]}'; DROP TABLE accounts_apikey; --",
        lambda raw: f"{raw[:12]}%",
        lambda raw: f"{raw}\\",
        lambda raw: raw + "a" * 1_000_000,
        lambda raw: f"{raw[:20]}\u00fc",
        lambda raw: f"{raw[:20]}\x00",
        lambda raw: f'["{raw}"]',
        lambda raw: raw.upper(),
    ],
)
def test_a_key_is_compared_not_run(key, change):
    """LiteLLM CVE-2026-42208: SQL in the key was run before anybody was logged in."""
    assert by_key(key).status_code == 200
    assert by_key(change(key)).status_code == 401
    assert ApiKey.objects.count() == 1


def test_keys_that_begin_alike_are_different_people(alice, bob, key):
    """LiteLLM CVE-2026-35030: the first 20 characters stood for the whole token."""
    assert by_key(key).json()["email"] == alice.email
    for length in (20, 32, len(key) - 1):
        changed = (
            key[:length] + ("a" if key[length : length + 1] != "a" else "b") + key[length + 1 :]
        )
        assert by_key(changed).status_code == 401


@pytest.mark.parametrize("method", [BearerAuthentication, SessionAuthentication])
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp4", "bearer null"])
def test_who_brings_nothing_is_nobody(db, method, header):
    """MaxKB CVE-2026-44847: an authenticator gave (None, {}), which counts as somebody."""
    headers = {} if header is None else {"HTTP_AUTHORIZATION": header}
    made = RequestFactory().get(ME, **headers)
    made.user = made.session = None
    request = Request(made, authenticators=[method()])
    try:
        assert method().authenticate(request) is None
    except Exception as refused:  # noqa: BLE001  of whatever kind
        assert getattr(refused, "status_code", 0) == 401
    assert Client().get(ME, **headers).status_code == 401


@pytest.mark.parametrize("where", ["X-API-Key", "Api-Key", "X-Authorization", "Cookie", "query"])
def test_a_key_is_read_in_one_place_only(key, where):
    """Open WebUI CVE-2026-45339: what a key may open held for one header and not for another."""
    path = f"{ME}?api_key={key}&key={key}&token={key}" if where == "query" else ME
    value = f"api_key={key}; lontar_session={key}" if where == "Cookie" else key
    headers = {} if where == "query" else {where: value}
    assert Client().get(path, headers=headers).status_code == 401
    for scheme in ("bearer", "BEARER", "Bearer"):
        narrow = Client().get("/api/v1/files", headers={"Authorization": f"{scheme} {key}"})
        assert narrow.status_code == 403


UNSAFE = [door for door in DOORS if door.method not in ("GET", "HEAD")]
SAFE = {door.path for door in DOORS if door.method == "GET"}


def test_nothing_is_changed_by_get(alice, admin):
    """Open WebUI CVE-2024-7035, CVE-2026-45317: a picture's address changed something."""
    world = build(alice)
    client = Client()
    client.force_login(admin)
    for path in {door.path for door in UNSAFE} - SAFE:
        assert client.get(world.fill(path)).status_code in (404, 405), path


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_page_elsewhere_changes_nothing_with_the_cookie(alice, kind):
    """The same by a form of another site: it has the cookie and not the token."""
    world = build(alice)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    session = alice.session_stamp
    for door in UNSAFE:
        if door.who is Who.ANYONE:
            continue
        path = world.fill(door.path)
        sent = client.generic(door.method, path, '{"name": "x"}', content_type=kind)
        assert sent.status_code in (401, 403, 405, 415), f"{door}: {sent.status_code}"
    alice.refresh_from_db()
    assert alice.session_stamp == session


FOREIGN = {
    "id": "00000000-0000-0000-0000-000000000000",
    "user": "bob@example.org",
    "role": "superadmin",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "created_at": "2000-01-01T00:00:00Z",
    "members": ["bob@example.org"],
    "session_stamp": "x",
    "password": "taken over 77",
}


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_what_a_form_does_not_offer_is_not_set(api, alice, bob, admin, name):
    """LibreChat CVE-2026-31942, Open WebUI CVE-2026-44550, Flowise CVE-2026-41277."""
    group = Group.objects.create(name="Biologi")
    before = {user.pk: vars(User.objects.get(pk=user.pk)) for user in (alice, bob)}
    extra = {name: FOREIGN[name], "user_id": str(bob.pk), "owner_id": str(bob.pk)}
    api(alice).patch(ME, {"language": "id", **extra}, "application/json")
    api(alice).post("/api/v1/keys", {"name": "x", **extra})
    api(admin).patch(f"/api/v1/groups/{group.pk}", {"name": "Kimia", **extra}, "application/json")
    assert not ApiKey.objects.filter(user=bob).exists() and not group.memberships.exists()
    for user in (alice, bob):
        now = vars(User.objects.get(pk=user.pk))
        kept = ("role", "is_active", "email", "password", "session_stamp", "created_at")
        assert {part: now[part] for part in kept} == {part: before[user.pk][part] for part in kept}


@pytest.mark.parametrize("value", ["true", "false", 1, 0, [True], {"$ne": None}, None, "on"])
def test_a_right_is_true_or_false_and_nothing_like_it(api, admin, alice, value):
    """paperless-ngx GHSA-59xh-5vwx-4c4q: the text "true" gave rights."""
    path = f"/api/v1/users/{alice.pk}"
    answer = api(admin).patch(path, {"is_active": value}, "application/json")
    assert answer.status_code == 422 and answer.json()["detail"]
    alice.refresh_from_db()
    assert alice.is_active


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["x"], True, None, 0, [[]], {}])
@pytest.mark.parametrize("field", ["email", "password"])
def test_an_operator_is_no_password(api, alice, field, value):
    """FastGPT CVE-2026-40351: an object in place of the password let anybody in."""
    body = {"email": alice.email, "password": PASSWORD, field: value}
    assert api().post("/api/v1/auth/login", body).status_code in (401, 422)


def test_a_student_sees_no_list_of_people(api, alice, bob):
    """paperless-ngx GHSA-96jx-fj7m-qh6x, AnythingLLM CVE-2024-0765: who is here leaked."""
    group = Group.objects.create(name="Biologi")
    group.members.add(alice, bob)
    client = api(alice)
    path = f"/api/v1/groups/{group.pk}"
    paths = ["/api/v1/users", "/api/v1/groups", path, f"{path}/members", f"{path}/members/export"]
    for one in paths:
        answer = client.get(one, {"search": "bob"})
        assert answer.status_code == 403 and bob.email not in answer.content.decode(), one
    sent = client.post(f"{path}/members/import", {"csv": f"email\n{bob.email}", "preview": True})
    assert sent.status_code == 403 and bob.email not in sent.content.decode()
