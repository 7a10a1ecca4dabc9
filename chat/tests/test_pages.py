"""The chat page, and what a reader chooses for it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from chat import views
from llm.models import LanguageModel

PAGES = ["/", "/chat/", "/chat/0190a000-0000-7000-8000-000000000000/"]
NOT_ALLOWED = re.compile(
    r"<script(?![^>]*(src=|application/json))|<style|\sstyle=|\son\w+=|javascript:"
)


def boot_of(response: Any) -> dict[str, Any]:
    found = re.search(
        r'id="boot" type="application/json">(.*?)</script>', response.content.decode()
    )
    assert found
    return dict(json.loads(found[1]))


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_sent_to_log_in(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_the_page_obeys_the_policy(
    api: Callable[..., Client], alice: User, model: LanguageModel, path: str
) -> None:
    response = api(alice).get(path)
    assert response.status_code == 200
    assert "require-trusted-types-for 'script'" in response["Content-Security-Policy"]
    assert not NOT_ALLOWED.search(response.content.decode())
    assert boot_of(response)["user"] == {"id": str(alice.pk), "is_admin": False}


def test_names_are_text_wherever_they_stand(
    api: Callable[..., Client], alice: User, model: LanguageModel
) -> None:
    alice.full_name = "</script><script>alert(1)</script>"
    alice.save()
    body = api(alice).get("/").content.decode()
    assert "<script>alert" not in body


def test_pictures_are_offered_where_a_model_sees(
    api: Callable[..., Client], alice: User, model: LanguageModel
) -> None:
    button = b'id="add-pictures" hidden'
    assert button in api(alice).get("/").content
    LanguageModel.objects.filter(pk=model.pk).update(supports_vision=True)
    shown = api(alice).get("/").content
    assert button not in shown and b'id="add-pictures"' in shown


def test_only_an_admin_is_told_how_to_add_a_key(
    api: Callable[..., Client], alice: User, admin: User, model: LanguageModel
) -> None:
    assert b"No language model is set up" in api(alice).get("/").content
    assert b"OPENAI_API_KEY" not in api(alice).get("/").content
    assert b"OPENAI_API_KEY" in api(admin).get("/").content


def test_language_and_theme_stay_with_the_account(
    api: Callable[..., Client], alice: User, model: LanguageModel
) -> None:
    client = api(alice)
    data = "language=id&theme=dark&next=/chat/"
    form = "application/x-www-form-urlencoded"
    response = client.generic("POST", "/preferences/", data, content_type=form)
    assert response.status_code == 302 and response["Location"] == "/chat/"
    alice.refresh_from_db()
    assert (alice.language, alice.theme) == ("id", "dark")
    page = api(alice).get("/")
    assert b'lang="id"' in page.content and b'data-theme="dark"' in page.content
    assert page.cookies[settings.LANGUAGE_COOKIE_NAME].value == "id"
    assert boot_of(page)["catalog"]["Send"] == "Kirim"


@pytest.mark.parametrize("there", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_preferences_do_not_lead_elsewhere(client: Client, there: str) -> None:
    response = client.post("/preferences/", {"language": "id", "next": there})
    assert response["Location"] == "/"


def test_preferences_need_a_form_of_ours() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/preferences/", {"language": "id"}).status_code == 403


def test_unknown_choices_change_nothing(api: Callable[..., Client], alice: User) -> None:
    form = "application/x-www-form-urlencoded"
    api(alice).generic("POST", "/preferences/", "language=xx&theme=pink", content_type=form)
    alice.refresh_from_db()
    assert (alice.language, alice.theme) == ("", "")


def test_english_needs_no_catalog() -> None:
    assert views.words_for_scripts("en") == {}
