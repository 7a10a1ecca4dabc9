"""Logging in by an account elsewhere.

Who decides there what an address is must not decide who somebody is here: unverified addresses
("nOAuth"), an admin's account, and "false" as text (as in paperless-ngx GHSA-59xh-5vwx-4c4q).
"""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from accounts.models import User
from accounts.tests.openid import OpenID, openid
from core.testing import unique_address

__all__ = ["openid"]
pytestmark = pytest.mark.django_db
LOGIN = "/accounts/oidc/oidc/login/"


def said(email, **rest):
    return {"sub": "1", "email": email, "email_verified": True, "name": "Siti Aminah", **rest}


def leave(client, path=LOGIN):
    page = client.post(path)
    assert page.status_code == 200, page
    return unescape(re.search(r'content="0;url=([^"]+)"', page.content.decode())[1])


def come_back(client, to):
    state = parse_qs(urlsplit(to).query)["state"][0]
    return client.get(f"{LOGIN}callback/", {"code": "good", "state": state})


@pytest.fixture
def client():
    return Client(REMOTE_ADDR=unique_address())


def who(client):
    answer = client.get("/api/v1/auth/me")
    return answer.json()["email"] if answer.status_code == 200 else None


def test_a_new_student_gets_an_account(client, openid: OpenID):
    assert "Kampus" in client.get("/accounts/login/").content.decode()
    openid.said = said("siti@example.org")
    come_back(client, leave(client))
    assert who(client) == "siti@example.org"
    user = User.objects.get()
    assert (user.role, user.full_name) == ("student", "Siti Aminah")
    assert not user.has_usable_password()


def test_whoever_was_invited_comes_into_that_account(client, openid: OpenID, alice):
    alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    openid.said = said(alice.email)
    come_back(client, leave(client))
    assert who(client) == alice.email and User.objects.count() == 1


@pytest.mark.parametrize("verified", [False, None, "false", "False", 0, "", [], {}])
def test_an_address_nobody_verified_opens_no_account(client, openid: OpenID, alice, verified):
    alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    openid.said = said(alice.email, email_verified=verified)
    come_back(client, leave(client))
    assert who(client) is None and not SocialAccount.objects.exists()


@pytest.mark.parametrize("role", ["admin", "superadmin"])
def test_an_admins_account_opens_by_its_own_login_only(client, openid: OpenID, alice, role):
    User.objects.filter(pk=alice.pk).update(role=role)
    alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    openid.said = said(alice.email)
    come_back(client, leave(client))
    assert who(client) is None
    client.force_login(User.objects.get())
    come_back(client, leave(client, f"{LOGIN}?process=connect"))
    assert SocialAccount.objects.get().user_id == alice.pk
    later = Client(REMOTE_ADDR=unique_address())
    come_back(later, leave(later))
    assert who(later) == alice.email


def test_a_second_factor_is_asked_for_here_as_well(client, openid: OpenID, alice):
    alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    alice.authenticator_set.create(type="totp", data={"secret": "x"})
    openid.said = said(alice.email)
    answer = come_back(client, leave(client))
    assert answer["Location"] == "/accounts/2fa/authenticate/" and who(client) is None


def test_somebody_switched_off_stays_outside(client, openid: OpenID, deactivated):
    deactivated.emailaddress_set.create(email=deactivated.email, primary=True, verified=True)
    openid.said = said(deactivated.email)
    come_back(client, leave(client))
    assert who(client) is None


def test_closed_sign_up_is_closed_here_as_well(client, openid: OpenID, settings):
    settings.SIGNUP_OPEN = False
    openid.said = said("siti@example.org")
    answer = come_back(client, leave(client))
    assert "Ask your lecturer" in answer.content.decode() or answer.status_code == 302
    assert not User.objects.exists()


def test_the_state_belongs_to_the_browser_that_began(client, openid: OpenID):
    openid.said = said("siti@example.org")
    to = leave(client)
    victim = Client(REMOTE_ADDR=unique_address())
    assert come_back(victim, to).status_code in (200, 401) and who(victim) is None
    assert not User.objects.exists()


def test_a_server_that_does_not_answer_is_a_login_that_did_not_work(client, openid: OpenID):
    openid.down = True
    answer = client.post(LOGIN)
    assert answer.status_code == 401 and b"did not work" in answer.content
    openid.close()
    assert b"did not work" in client.post(LOGIN).content
    openid.close = lambda: None  # type: ignore[method-assign]


def test_nothing_is_left_without_a_click(client, openid: OpenID):
    assert client.get(LOGIN).status_code == 200
    assert openid.asked == []


@pytest.mark.parametrize("name", ["google", "microsoft"])
def test_what_is_not_set_up_is_not_there(client, name):
    assert name not in client.get("/accounts/login/").content.decode().lower()
    assert client.get(f"/accounts/{name}/login/").status_code == 404
    assert client.post(f"/accounts/{name}/login/").status_code == 404


def test_an_application_in_the_database_opens_nothing(client):
    """Its secret would lie there unsealed: the environment alone says who lets people in."""
    SocialApp.objects.create(provider="google", name="Google", client_id="x", secret="y")
    assert "Google" not in client.get("/accounts/login/").content.decode()
    assert client.post("/accounts/google/login/").status_code == 404
