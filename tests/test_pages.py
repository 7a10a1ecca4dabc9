"""Every page a person can come to looks like ours and keeps to the policy."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User

FOR_ANYBODY = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_inactive",
    "account_reset_password_done",
    "account_email_verification_sent",
]
FOR_A_USER = [
    "account_logout",
    "account_change_password",
    "account_email",
    "mfa_index",
    "account_reauthenticate",
]
# Scripts in files of their own, and data, which is not run.
ALLOWED = re.compile(
    r'<script [^>]*src="/static/[^"]*"[^>]*></script>'
    r'|<script [^>]*type="application/json"[^>]*>[^<]*</script>'
)
FORBIDDEN = re.compile(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://(?!www\.w3\.org)")


def check(response: Any) -> None:
    body = response.content.decode()
    assert response.status_code == 200
    assert 'href="/static/lontar.css"' in body and "<h1>" in body
    assert not FORBIDDEN.search(ALLOWED.sub("", re.sub(r'data:image/svg\+xml[^"]*', "", body)))
    assert "script-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", FOR_ANYBODY)
def test_pages_before_the_login(client: Client, db: None, name: str) -> None:
    check(client.get(reverse(name)))


def test_buttons_have_their_icons(api: Callable[..., Client], alice: User) -> None:
    body = api(alice).get("/").content.decode()
    head, _, rest = body.partition("</head>")
    assert head.count('rel="icon"') == 1 and 'rel="icon"' not in rest
    drawn = set(re.findall(r'href="#i-([a-z]*)"', rest))
    assert {"send", "plus", "menu"} <= drawn <= set(re.findall(r'id="i-([a-z]+)"', rest))


@pytest.mark.parametrize("name", FOR_A_USER)
def test_pages_of_an_account(api: Callable[..., Client], alice: User, name: str) -> None:
    client = api(alice)
    response = client.get(reverse(name), follow=True)
    check(response)


def test_a_wrong_form_says_what_is_wrong(client: Client, db: None) -> None:
    answers = {"full_name": "", "email": "nobody", "password1": "a", "password2": "b"}
    body = client.post(reverse("account_signup"), answers).content.decode()
    assert body.count('class="field wrong"') >= 3
    assert 'class="errorlist"' in body


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_page_that_is_not_there(client: Client, language: str) -> None:
    """Without the database: these pages must come also when it is away."""
    response = client.get("/no/such/page/", HTTP_ACCEPT_LANGUAGE=language)
    assert response.status_code == 404
    words = {"en": "There is no such page", "id": "Halaman ini tidak ada"}[language]
    assert words in response.content.decode()
    assert 'href="/static/lontar.css"' in response.content.decode()


def test_a_form_from_elsewhere() -> None:
    response = Client(enforce_csrf_checks=True).post(reverse("preferences"), {"language": "id"})
    assert response.status_code == 403
    assert "The form was too old" in response.content.decode()
