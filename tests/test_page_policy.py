"""Every page lives under the strict policy: no inline script, style or handler, nothing foreign."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from core.testing import PASSWORD, unique_address
from tests.routes import routes
from tests.world import SECRET, build

URL_ATTRIBUTES = {"src", "href", "action", "formaction", "poster", "data", "srcset"}


class Inspector(HTMLParser):
    """Collects what the policy would block, or what would leave this site."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.wrong.append("inline script")
        if tag in ("style", "iframe", "object", "embed", "base"):
            self.wrong.append(f"<{tag}>")
        for name, value in values.items():
            if name.startswith("on") or name == "style":
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name in URL_ATTRIBUTES:
                self._address(tag, name, value or "")
        if (given := values.get("id")) is not None:
            if given in self.ids:
                self.wrong.append(f"id {given!r} twice")
            self.ids.add(given)

    def _address(self, tag: str, name: str, value: str) -> None:
        plain = value.strip().lower()
        if plain.startswith(("javascript:", "data:text", "vbscript:")):
            self.wrong.append(f"<{tag} {name}={value!r}>")
        # A link may lead elsewhere; nothing is loaded from or sent to elsewhere.
        if plain.startswith(("http:", "https:", "//")) and tag != "a":
            self.wrong.append(f"<{tag} {name}={value!r}>")


def wrong_in(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    return inspector.wrong


def check(answer) -> None:
    policy = answer.headers.get("Content-Security-Policy", "")
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert not wrong_in(answer.content.decode())


def plain_pages(prefix: str) -> list[str]:
    """Addresses without parameters below a prefix."""
    paths = [route.path for route in routes() if route.path.startswith(prefix)]
    return sorted({"/" + path for path in paths if not set(path) & set("<(^")})


def test_the_inspector_sees_what_it_is_for():
    bad = [
        "<script>x</script>",
        "<style>x</style>",
        '<p style="x">',
        '<a onclick="x">',
        '<a href=" JavaScript:x">',
        '<img src="https://evil.example/x.png">',
        '<form action="//evil.example">',
        '<p id="a"><p id="a">',
    ]
    assert all(wrong_in(html) for html in bad)
    good = '<script src="/static/x.js"></script><script type="application/json">{}</script>'
    assert not wrong_in(good + '<a href="https://example.org">x</a>')


@pytest.mark.parametrize("language", ["en", "id"])
def test_account_pages_are_clean(db, alice, language):
    for user in (None, alice):
        client = Client(headers={"Accept-Language": language})
        if user is not None:
            client.force_login(user)
        for path in plain_pages("accounts/"):
            answer = client.get(path)
            assert answer.status_code in (200, 301, 302, 401, 404), path
            check(answer)


def test_forms_that_come_back_with_errors_are_clean(db):
    client = Client()
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        answer = client.post(path, {"email": '"><script>alert(1)</script>', "login": "<b>"})
        assert answer.status_code == 200
        check(answer)


def test_chat_pages_are_clean(db, alice):
    world = build(alice)
    client = Client()
    client.force_login(alice)
    for path in ("/", "/chat/", f"/chat/{world.session.pk}/", "/library/"):
        answer = client.get(path)
        assert answer.status_code == 200
        check(answer)
    assert client.get("/").content.count(b"</html>") == 1


def test_what_a_person_is_called_is_text_on_the_page(db, alice):
    alice.full_name = "</script><script>alert('x')</script>\" onload=alert(1)"
    alice.save()
    client = Client()
    client.force_login(alice)
    check(client.get("/"))


def test_error_pages_are_clean(db):
    answer = Client().get("/nowhere")
    assert answer.status_code == 404
    check(answer)
    forbidden = Client(enforce_csrf_checks=True).post("/preferences/", {})
    assert forbidden.status_code == 403
    check(forbidden)


def test_errors_of_the_api_are_problems(db, api):
    for path in ("/api/v1/nowhere", "/api/v1/auth/me", "/api/v1/files/1"):
        answer = api().get(path)
        assert answer["Content-Type"] == "application/problem+json", path
        assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}


def test_admin_pages_are_clean(db, superadmin, alice):
    world = build(alice)
    client = Client()
    client.force_login(superadmin)
    paths = [path for path in plain_pages("admin/") if "autocomplete" not in path]
    paths += [
        reverse("admin:accounts_user_change", args=[alice.pk]),
        reverse("admin:accounts_user_delete", args=[alice.pk]),
        reverse("admin:chat_session_change", args=[world.session.pk]),
        reverse("admin:documents_document_change", args=[world.document.pk]),
        reverse("admin:prompts_prompt_change", args=[world.prompt.pk]),
        f"/admin/accounts/user/{alice.pk}/password/",
    ]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (200, 302, 403, 405), f"{path}: {answer.status_code}"
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            assert not wrong_in(answer.content.decode()), path


def test_admin_lists_search_and_filter(db, superadmin, alice):
    build(alice)
    client = Client()
    client.force_login(superadmin)
    for path in plain_pages("admin/"):
        if path.count("/") == 4 and not path.startswith("/admin/password"):
            assert client.get(path, {"q": SECRET}).status_code == 200, path


def test_cookies_are_kept_from_scripts_and_other_sites(db, alice):
    client = Client(REMOTE_ADDR=unique_address())
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"] and session["samesite"] == "Lax"
