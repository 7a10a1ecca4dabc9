"""The pages of the login library, as this product sets them up."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import logins
from accounts.models import User
from accounts.resolve import resolve
from core.testing import PASSWORD, unique_address

FORM = {
    "full_name": "Budi",
    "email": "Budi@Example.org",
    "password1": "kelapa muda segar",
    "password2": "kelapa muda segar",
}


@pytest.fixture
def _mail(settings):
    settings.EMAIL_CONFIGURED = True


@pytest.fixture
def page(db):
    return Client(REMOTE_ADDR=unique_address())


def test_sign_up_makes_a_student_and_leads_home(page):
    answer = page.post("/accounts/signup/", {**FORM, "role": "superadmin", "is_staff": "on"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.full_name, user.role) == ("budi@example.org", "Budi", "student")
    assert page.get("/api/v1/auth/me").json()["email"] == "budi@example.org"


@pytest.mark.parametrize(
    "change",
    [
        {"full_name": ""},
        {"full_name": "a\u202eb"},
        {"email": "nobody"},
        {"password1": "123", "password2": "123"},
        {"password2": "something else"},
    ],
)
def test_a_bad_sign_up_makes_nobody(page, change):
    assert page.post("/accounts/signup/", {**FORM, **change}).status_code == 200
    assert not User.objects.exists()


def test_an_address_signs_up_once(page):
    page.post("/accounts/signup/", FORM)
    again = Client(REMOTE_ADDR=unique_address())
    assert again.post("/accounts/signup/", {**FORM, "email": "BUDI@example.org"}).status_code == 200
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sign_ups_at_the_same_moment_make_one_student_and_no_admin():
    def sign_up(_):
        try:
            client = Client(REMOTE_ADDR=unique_address())
            return client.post("/accounts/signup/", FORM).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(sign_up, range(6)))
    assert set(codes) <= {200, 302}
    assert [user.role for user in User.objects.all()] == ["student"]


def test_sign_up_can_be_closed(page, settings):
    settings.SIGNUP_OPEN = False
    page.post("/accounts/signup/", FORM)
    assert not User.objects.exists()


def test_login_by_email_whatever_its_case(page, alice):
    form = {"login": "ALICE@example.org", "password": PASSWORD}
    assert page.post("/accounts/login/", form)["Location"] == "/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_login_leads_only_to_pages_of_this_site(page, alice, target):
    """Dify CVE-2026-18266, Gradio CVE-2026-59806: open redirects."""
    form = {"login": alice.email, "password": PASSWORD, "next": target}
    assert page.post("/accounts/login/", form)["Location"] == "/"


def test_login_of_a_deactivated_user_says_so(page, deactivated):
    form = {"login": deactivated.email, "password": PASSWORD}
    assert page.post("/accounts/login/", form)["Location"] == "/accounts/inactive/"
    assert page.get("/api/v1/auth/me").status_code == 401


def test_login_asks_for_the_second_factor(page, alice):
    alice.authenticator_set.create(type="totp", data={"secret": "x"})
    form = {"login": alice.email, "password": PASSWORD}
    assert page.post("/accounts/login/", form)["Location"] == "/accounts/2fa/authenticate/"
    assert page.get("/api/v1/auth/me").status_code == 401


def test_a_forwarded_address_is_not_believed(page, alice, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip", "login_failed": "3/m/ip"}
    for number in range(4):
        page.post(
            "/accounts/login/",
            {"login": f"nobody{number}@example.org", "password": "guess"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        )
    form = {"login": alice.email, "password": PASSWORD}
    answer = page.post("/accounts/login/", form, headers={"X-Forwarded-For": "192.0.2.99"})
    assert answer.status_code == 429


def test_logout_needs_a_post(page, alice):
    page.force_login(alice)
    page.get("/accounts/logout/")
    assert page.get("/api/v1/auth/me").status_code == 200
    page.post("/accounts/logout/")
    assert page.get("/api/v1/auth/me").status_code == 401


def test_a_new_password_ends_other_sessions_and_tokens(page, api, alice):
    """Flowise CVE-2025-71335: sessions survived a new password."""
    page.force_login(alice)
    other, pair = api(alice), logins.open_login(actor=alice)
    new = "durian runtuh 2026"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert page.post("/accounts/password/change/", form).status_code == 302
    assert page.get("/api/v1/auth/me").status_code == 200
    assert other.get("/api/v1/auth/me").status_code == 401
    assert resolve(pair.access_token, "GET", "/") is None


@pytest.mark.usefixtures("_mail")
def test_reset_says_the_same_for_known_and_unknown(page, alice):
    known = page.post("/accounts/password/reset/", {"email": alice.email})
    unknown = page.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.usefixtures("_mail")
def test_a_reset_link_works_once_and_ends_tokens(page, alice):
    pair = logins.open_login(actor=alice)
    page.post("/accounts/password/reset/", {"email": alice.email})
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    path = link.partition("testserver")[2]
    form_path = page.get(path)["Location"]
    form = {"password1": "rambutan manis 7", "password2": "rambutan manis 7"}
    assert page.post(form_path, form).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("rambutan manis 7")
    assert resolve(pair.access_token, "GET", "/") is None
    again = Client(REMOTE_ADDR=unique_address()).get(path)
    assert again.status_code == 200 and b"password1" not in again.content


@pytest.mark.usefixtures("_mail")
def test_a_reset_link_does_not_follow_the_host_header(page, alice):
    """LiteLLM CVE-2026-49468, Starlette CVE-2026-48710: the Host header was believed."""
    answer = page.post(
        "/accounts/password/reset/", {"email": alice.email}, headers={"Host": "evil.example"}
    )
    assert answer.status_code == 400 and not mail.outbox


def test_without_mail_nobody_is_promised_a_letter(page, alice):
    shown = page.get("/accounts/login/").content.decode()
    assert "Ask your lecturer for a new one." in shown and "password/reset" not in shown
    answer = page.post("/accounts/password/reset/", {"email": alice.email})
    assert answer.status_code == 200 and "This Lontar sends no mail." in answer.content.decode()
    assert not mail.outbox


@pytest.mark.usefixtures("_mail")
def test_with_mail_the_login_leads_to_a_new_password(page):
    assert "/accounts/password/reset/" in page.get("/accounts/login/").content.decode()
