"""The account page: each sees and changes only what is their own, and what was ended has ended."""

import re

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts import api_keys, browsers, logins
from accounts.models import ApiKey, ApiLogin, User
from core.testing import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


def browser(user, agent=FIREFOX):
    """Logged in by the page, as people are."""
    client = Client(headers={"User-Agent": agent})
    sent = {"login": user.email, "password": PASSWORD}
    assert client.post("/accounts/login/", sent).status_code == 302
    return client


def page(client):
    answer = client.get("/account/")
    assert answer.status_code == 200
    return answer.content.decode()


def is_in(client):
    return client.get("/account/").status_code == 200


# --- profile ----------------------------------------------------------------------------------
def test_nobody_is_sent_to_log_in(db):
    answer = Client().get("/account/")
    assert answer.status_code == 302 and "login" in answer["Location"]


def test_a_name_is_changed(alice, bob):
    client = browser(alice)
    answer = client.post("/account/profile/", {"full_name": "Alice <b>", "role": "superadmin"})
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert (alice.full_name, alice.role) == ("Alice <b>", "student")
    assert "Alice &lt;b&gt;" in page(client) and "Alice <b>" not in page(client)
    bob.refresh_from_db()
    assert bob.full_name == "Bob"


@pytest.mark.parametrize("name", ["", " ", "x" * 151, "a\nb", "a\u202eb"])
def test_a_name_that_is_none_is_told_beside_it(alice, name):
    answer = browser(alice).post("/account/profile/", {"full_name": name})
    assert answer.status_code == 422 and "errorlist" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.full_name == "Alice"


# --- keys -------------------------------------------------------------------------------------
def test_a_key_is_shown_once_and_opens_what_was_chosen(alice, api):
    client = browser(alice)
    given = {"name": "Notebook", "scopes": ["chat"], "days": "30"}
    html = client.post("/account/keys/", given).content.decode()
    raw = re.search(r'value="(lontar_[^"]+)"', html)[1]
    assert api_keys.find(raw).user == alice
    key = ApiKey.objects.get()
    assert key.scopes == ["chat"] and key.expires_at is not None
    again = page(client)
    assert "Notebook" in again and raw not in again
    assert raw.split("_", 2)[2] not in again


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": "x", "days": "30"},
        {"name": "x", "scopes": ["everything"], "days": "30"},
        {"name": "x", "scopes": ["chat"], "days": "31"},
        {"name": "a\nb", "scopes": ["chat"], "days": "30"},
    ],
)
def test_a_key_is_made_of_all_that_is_asked(alice, given):
    assert browser(alice).post("/account/keys/", given).status_code == 422
    assert not ApiKey.objects.exists()


def test_at_some_number_of_keys_it_ends(alice, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST", 0)
    given = {"name": "x", "scopes": ["chat"], "days": "0"}
    answer = browser(alice).post("/account/keys/", given)
    assert answer.status_code == 409 and "Delete one" in answer.content.decode()


def test_a_key_is_taken_back_by_its_owner_alone(alice, bob, charlie):
    key, raw = api_keys.make_key(actor=alice, name="x")
    for other in (bob, charlie):
        client = browser(other)
        assert key.prefix not in page(client)
        client.post("/account/keys/revoke/", {"key": str(key.pk)})
        assert api_keys.find(raw)
    browser(alice).post("/account/keys/revoke/", {"key": str(key.pk)})
    assert api_keys.find(raw) is None


@pytest.mark.parametrize("key", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_key_that_is_not_there_is_said_so(alice, key):
    answer = browser(alice).post("/account/keys/revoke/", {"key": key}, follow=True)
    assert "There is no such key any more." in answer.content.decode()


# --- logins -----------------------------------------------------------------------------------
def test_logins_are_listed_by_browser(alice, bob):
    here, _phone, _other = browser(alice), browser(alice, IPHONE), browser(bob, EDGE)
    logins.open_login(actor=alice, client="notebook.py")
    html = page(here)
    for name in ("Firefox · Linux", "Safari · iPhone", "notebook.py"):
        assert name in html
    assert "Edge" not in html and html.count("this browser") == 1


def test_one_login_is_ended_and_the_others_stay(alice):
    here, phone, desk = browser(alice), browser(alice, IPHONE), browser(alice, EDGE)
    row = UserSession.objects.get(user_agent=IPHONE)
    here.post("/account/sessions/end/", {"which": str(row.pk)})
    assert not is_in(phone)
    assert is_in(here) and is_in(desk)


def test_nobody_ends_the_logins_of_another(alice, bob, charlie):
    here = browser(alice)
    program = logins.open_login(actor=alice)
    ids = [str(row.pk) for row in (*UserSession.objects.all(), *ApiLogin.objects.all())]
    for other in (bob, charlie):
        client = browser(other)
        for which in ids:
            answer = client.post("/account/sessions/end/", {"which": which}, follow=True)
            assert "had ended already" in answer.content.decode()
    assert is_in(here) and logins.refresh_login(program.refresh_token)


def test_a_program_is_logged_out(alice):
    here = browser(alice)
    logins.open_login(actor=alice)
    here.post("/account/sessions/end/", {"which": str(ApiLogin.objects.get().pk)})
    assert ApiLogin.objects.get().ended_by == ApiLogin.Ended.BY_OTHERS


def test_everywhere_else_is_ended_at_once_and_keys_stay(alice, bob):
    here, phone, other = browser(alice), browser(alice, IPHONE), browser(bob)
    unlisted = Client()
    unlisted.force_login(User.objects.get(pk=alice.pk))  # from before logins were kept
    _key, raw = api_keys.make_key(actor=alice, name="x")
    logins.open_login(actor=alice)
    here.post("/account/sessions/end/", {"which": "others"})
    assert is_in(here) and is_in(other)
    assert not is_in(phone) and not is_in(unlisted)
    assert ApiLogin.objects.get().ended_at and api_keys.find(raw)
    assert page(here).count("this browser") == 1 and "iPhone" not in page(here)


@pytest.mark.parametrize("which", ["", "-1", "x", "9" * 30, "²", "None"])
def test_a_login_that_is_none(alice, which):
    answer = browser(alice).post("/account/sessions/end/", {"which": which}, follow=True)
    assert "had ended already" in answer.content.decode()


def test_a_session_from_before_is_listed_when_its_owner_looks(alice):
    client = Client(headers={"User-Agent": FIREFOX})
    client.force_login(alice)
    assert "Firefox · Linux" in page(client)


def test_the_librarys_own_list_leads_here(alice):
    assert browser(alice).get("/accounts/sessions/")["Location"] == "/account/"
    assert "login" in Client().get("/accounts/sessions/")["Location"]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox · Linux"),
        (IPHONE, "Safari · iPhone"),
        (EDGE, "Edge · Windows"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_browsers_are_named(agent, name):
    assert browsers.described(agent) == name
