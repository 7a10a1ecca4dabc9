"""auth/*: joining, logging in, renewing and logging out as a program."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts.models import ApiLogin, User
from accounts.tasks import forget_logins
from core.testing import PASSWORD

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
ANA = {"email": "ana@example.org", "password": "kelapa muda segar", "full_name": "Ana"}


@pytest.fixture
def pair(api, alice):
    return api().post(LOGIN, {"email": alice.email, "password": PASSWORD}).json()


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_register_answers_the_new_student(api):
    answer = api().post(REGISTER, ANA)
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"id", "email", "full_name", "role", "created_at"}
    assert (body["email"], body["full_name"], body["role"]) == ("ana@example.org", "Ana", "student")


def test_password_is_stored_as_argon2(api, hard_passwords):
    api().post(REGISTER, ANA)
    assert User.objects.get().password.startswith("argon2$argon2id$v=19$m=47104,t=2,p=1$")


def test_email_is_one_whatever_its_case(api):
    assert api().post(REGISTER, {**ANA, "email": " Ana@Example.ORG "}).status_code == 201
    again = api().post(REGISTER, ANA)
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    login = {"email": "ANA@example.org", "password": ANA["password"]}
    assert api().post(LOGIN, login).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [
        {"role": "superadmin"},
        {"is_active": False},
        {"is_staff": True},
        {"is_superuser": True},
        {"id": "0" * 32},
        {"session_stamp": "0" * 32},
    ],
)
def test_nobody_writes_what_is_not_asked_for(api, extra):
    answer = api().post(REGISTER, {**ANA, **extra})
    assert answer.status_code == 422
    assert [row["field"] for row in answer.json()["errors"]] == list(extra)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": ["a@b.org"]}, "email"),
        ({"email": None}, "email"),
        ({"password": "123"}, "password"),
        ({"password": "password1"}, "password"),
        ({"password": "ana@example.org"}, "password"),
        ({"password": 123456789012}, "password"),
        ({"password": {"$ne": None}}, "password"),
        ({"password": "x" * 300}, "password"),
        ({"full_name": "A\nB"}, "full_name"),
        ({"full_name": "A\u0000B"}, "full_name"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": True}, "full_name"),
    ],
)
def test_bad_input_names_the_field(api, change, field):
    answer = api().post(REGISTER, {**ANA, **change})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert field in {row["field"] for row in answer.json()["errors"]}
    assert not User.objects.exists()


@pytest.mark.parametrize("body", ["[]", "3", '"x"', "{", "null"])
def test_a_body_that_is_no_object_is_refused(api, body):
    assert api().post(REGISTER, body).status_code in (400, 422)


def test_sentences_are_translated(api):
    answer = api().post(REGISTER, {**ANA, "password": "123"}, headers={"Accept-Language": "id"})
    assert "terlalu" in answer.json()["detail"]


@override_settings(SIGNUP_OPEN=False)
def test_sign_up_can_be_closed(api):
    answer = api().post(REGISTER, ANA)
    assert (answer.status_code, answer.json()["code"]) == (403, "signup_closed")


@pytest.mark.django_db(transaction=True)
def test_nobody_becomes_admin_by_being_first(api):
    def sign_up(number):
        try:
            body = {**ANA, "email": f"first{number % 10}@example.org"}
            return api().post(REGISTER, body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(sign_up, range(20)))
    assert sorted(codes) == [201] * 10 + [409] * 10
    assert set(User.objects.values_list("role", flat=True)) == {"student"}


def test_login_answers_bearer_tokens(api, pair):
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 1800)
    me = api().get("/api/v1/auth/me", **bearer(pair["access_token"]))
    assert me.json()["email"] == "alice@example.org"


def test_login_refuses_unknown_and_wrong_alike(api, alice):
    wrong = api().post(LOGIN, {"email": alice.email, "password": "not it at all"})
    unknown = api().post(LOGIN, {"email": "nobody@example.org", "password": "not it at all"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_login_of_a_deactivated_user_is_refused(api, deactivated):
    answer = api().post(LOGIN, {"email": deactivated.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "account_inactive")
    wrong = api().post(LOGIN, {"email": deactivated.email, "password": "guess"})
    assert wrong.status_code == 401


def test_login_does_not_skip_the_second_factor(api, alice):
    alice.authenticator_set.create(type="totp", data={"secret": "x"})
    answer = api().post(LOGIN, {"email": alice.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "mfa_required")
    assert not ApiLogin.objects.exists()


def test_token_speaks_the_oauth2_password_form(api, alice):
    form = f"grant_type=password&username={alice.email}&password={PASSWORD.replace(' ', '+')}"
    kind = "application/x-www-form-urlencoded"
    answer = api().post("/api/v1/auth/token", form, content_type=kind)
    assert answer.json()["token_type"] == "bearer"
    renew = f"grant_type=refresh_token&refresh_token={answer.json()['refresh_token']}"
    assert api().post("/api/v1/auth/token", renew, content_type=kind).status_code == 200


def test_tokens_are_never_stored_on_the_way(api, alice):
    answer = api().post(LOGIN, {"email": alice.email, "password": PASSWORD})
    assert answer["Cache-Control"] == "no-store"


def test_refresh_gives_a_new_pair(api, pair):
    answer = api().post("/api/v1/auth/refresh", {"refresh_token": pair["refresh_token"]})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != pair["refresh_token"]
    token = answer.json()["access_token"]
    assert api().get("/api/v1/auth/me", **bearer(token)).status_code == 200


def test_a_refresh_token_used_twice_ends_the_login(api, pair):
    path, body = "/api/v1/auth/refresh", {"refresh_token": pair["refresh_token"]}
    newer = api().post(path, body).json()
    assert api().post(path, body).status_code == 401
    assert api().post(path, {"refresh_token": newer["refresh_token"]}).status_code == 401
    assert api().get("/api/v1/auth/me", **bearer(newer["access_token"])).status_code == 401
    assert ApiLogin.objects.get().ended_by == "reuse"


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_only_one_wins(api, pair):
    def refresh(_):
        try:
            body = {"refresh_token": pair["refresh_token"]}
            return api().post("/api/v1/auth/refresh", body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(refresh, range(6)))
    assert codes.count(200) <= 1


@pytest.mark.parametrize("how", ["access", "refresh", "refresh with a dead access token"])
def test_logout_ends_both_tokens(api, pair, how):
    dead = bearer("x.y.z") if "dead" in how else {}
    body = {} if how == "access" else {"refresh_token": pair["refresh_token"]}
    header = bearer(pair["access_token"]) if how == "access" else dead
    assert api().post("/api/v1/auth/logout", body, **header).status_code == 204
    assert api().get("/api/v1/auth/me", **bearer(pair["access_token"])).status_code == 401
    body = {"refresh_token": pair["refresh_token"]}
    assert api().post("/api/v1/auth/refresh", body).status_code == 401


def test_logout_of_nobody_is_refused(api):
    assert api().post("/api/v1/auth/logout").status_code == 401


def test_logout_ends_a_browser_session(api, alice):
    client = api(alice)
    assert client.post("/api/v1/auth/logout").status_code == 204
    assert client.get("/api/v1/auth/me").status_code == 401


def test_me_changes_only_ones_own_looks(api, alice):
    client = api(alice)
    body = {"language": "id", "theme": "dark"}
    answer = client.patch("/api/v1/auth/me", body, content_type="application/json")
    assert (answer.json()["language"], answer.json()["theme"]) == ("id", "dark")
    alice.refresh_from_db()
    assert (alice.role, alice.email) == ("student", "alice@example.org")
    wrong = client.patch("/api/v1/auth/me", {"language": "xx"}, content_type="application/json")
    assert wrong.status_code == 422


def test_session_needs_the_csrf_token(api, alice):
    client = api(alice, enforce_csrf_checks=True)
    assert client.get("/api/v1/auth/me").status_code == 200
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/auth/logout", "{}", content_type=content_type)
        assert answer.status_code == 403
    assert client.get("/api/v1/auth/me").status_code == 200


def test_a_broken_token_is_refused_even_with_a_session(api, alice):
    assert api(alice).get("/api/v1/auth/me", **bearer("nonsense")).status_code == 401


def test_without_redis_nobody_can_guess(api, alice, settings):
    """Limits cannot be counted: the honest answer is to come back later."""
    cache = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": cache}
    for path, body in ((LOGIN, {"email": alice.email, "password": PASSWORD}), (REGISTER, ANA)):
        answer = api().post(path, body)
        assert (answer.status_code, answer.json()["retryable"]) == (503, True)


def test_old_logins_are_forgotten(alice):
    now = timezone.now()
    for days, ended in ((-31, None), (-1, None), (5, now - timedelta(days=31)), (5, now)):
        ApiLogin.objects.create(user=alice, expires_at=now + timedelta(days=days), ended_at=ended)
    forget_logins()
    assert ApiLogin.objects.count() == 2
