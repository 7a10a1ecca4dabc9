"""auth/*: register, login, refresh, the OAuth2 form, me, logout."""

import pytest

from core.testing import PASSWORD
from tests.contract.shape import JSON, is_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_limits")]
AUTH = "/api/v1/auth"
ANA = {"email": "ana@example.org", "password": "kelapa muda segar", "full_name": "Ana"}
ACCOUNT = {"id", "email", "full_name", "role", "created_at"}
TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def logged_in(api, user):
    return api().post(f"{AUTH}/login", {"email": user.email, "password": PASSWORD}).json()


def test_register(api):
    answer = api().post(f"{AUTH}/register", ANA)
    assert answer.status_code == 201
    row = answer.json()
    assert row.keys() == ACCOUNT
    assert (row["email"], row["full_name"], row["role"]) == (ANA["email"], "Ana", "student")
    is_problem(api().post(f"{AUTH}/register", ANA), 409, "email_taken")


@pytest.mark.parametrize("missing", list(ANA))
def test_register_needs_all_three(api, missing):
    body = {name: value for name, value in ANA.items() if name != missing}
    is_problem(api().post(f"{AUTH}/register", body), 422, "invalid", missing)


def test_login_refresh_and_logout(api, alice):
    pair = logged_in(api, alice)
    assert pair.keys() == TOKENS and pair["token_type"] == "bearer"
    renewed = api().post(f"{AUTH}/refresh", {"refresh_token": pair["refresh_token"]})
    assert renewed.status_code == 200 and renewed.json().keys() == TOKENS
    token = renewed.json()["access_token"]
    assert api().post(f"{AUTH}/logout", **bearer(token)).status_code == 204
    is_problem(api().get(f"{AUTH}/me", **bearer(token)), 401, "not_authenticated")
    old = {"refresh_token": renewed.json()["refresh_token"]}
    is_problem(api().post(f"{AUTH}/refresh", old), 401)


def test_a_wrong_password_and_an_unknown_person_look_the_same(api, alice):
    wrong = api().post(f"{AUTH}/login", {"email": alice.email, "password": "not that one"})
    nobody = api().post(f"{AUTH}/login", {"email": "x@example.org", "password": "not that one"})
    assert is_problem(wrong, 401) == is_problem(nobody, 401)
    is_problem(api().post(f"{AUTH}/login", {"email": alice.email}), 422, "invalid", "password")


def test_the_oauth2_password_form(api, alice):
    form = "application/x-www-form-urlencoded"
    body = f"grant_type=password&username={alice.email}&password={PASSWORD.replace(' ', '+')}"
    answer = api().post(f"{AUTH}/token", body, content_type=form)
    assert answer.status_code == 200 and answer.json().keys() == TOKENS


def test_me(api, alice):
    row = api(alice).get(f"{AUTH}/me").json()
    assert row.keys() == ACCOUNT | {"language", "theme", "last_active_at", "groups"}
    changed = api(alice).patch(f"{AUTH}/me", {"full_name": "Alicia"}, content_type=JSON)
    assert changed.status_code == 200 and changed.json()["full_name"] == "Alicia"
    is_problem(api().get(f"{AUTH}/me"), 401, "not_authenticated")


def test_nobody_is_told_how_to_come_in(api):
    answer = api().get(f"{AUTH}/me")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
