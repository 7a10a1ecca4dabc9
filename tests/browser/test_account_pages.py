"""The pages of the login library in Chromium: second factors, passkeys, links, their looks."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from accounts import letters
from accounts.models import User
from accounts.tests.openid import openid
from core.testing import PASSWORD, person
from tests.browser.test_looks import CONTRAST
from tests.browser.waiting import leads_on

__all__ = ["openid"]
pytestmark = [pytest.mark.browser]

OPEN = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/0-nothing/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/3rdparty/login/error/",
]
OWN = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/3rdparty/",
]
# What these say depends on whether mail is sent; the others are looked at in one of both cases.
OF_MAIL = {"/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"}
UNNAMED = """[...document.querySelectorAll("input, select, textarea, button, a")]
  .filter((e) => e.type !== "hidden" && e.checkVisibility())
  .filter((e) => !(e.labels?.length || e.innerText?.trim() || e.ariaLabel))
  .map((e) => e.outerHTML)"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def well_made(window: Any) -> None:
    """Nothing blocked or broken, one title, names for all that can be used, no sideways scroll."""
    page = window.page
    # An error page is one by its status as well.
    window.errors = [error for error in window.errors if "status of 401" not in error]
    window.clean()
    assert page.locator("h1").count() == 1, page.url
    assert page.evaluate(UNNAMED) == [], page.url
    assert page.evaluate(WIDE) <= 0, page.url
    assert page.evaluate(CONTRAST, "h1") >= 4.5, page.url


LOOKS = [
    {"locale": "en-GB"},
    {"locale": "id-ID", "width": 360, "height": 740, "color_scheme": "dark", "is_mobile": True},
]


@pytest.mark.parametrize("look", LOOKS, ids=["desktop", "Indonesian, dark, phone"])
@pytest.mark.parametrize("mail_is_sent", [True, False], ids=["mail", "no mail"])
def test_every_page_is_well_made(visit, settings, look, mail_is_sent):
    settings.EMAIL_CONFIGURED = mail_is_sent
    is_whole = mail_is_sent != ("width" in look)
    alice = person("alice", full_name="Alice Wijaya")
    window = visit(**look)
    link = letters.link(alice, "")
    for path in [*OPEN, link]:
        if is_whole or path in OF_MAIL:
            window.go(path)
            well_made(window)
    window.log_in(alice.email)
    for path in OWN:
        if is_whole or path in OF_MAIL:
            window.go(path)
            well_made(window)


def test_closed_sign_up_says_so_and_is_not_offered(visit, settings):
    settings.SIGNUP_OPEN = False
    window = visit()
    window.go("/accounts/login/")
    assert window.page.locator("a[href*=signup]").count() == 0
    window.go("/accounts/signup/")
    assert "Ask your lecturer" in window.page.inner_text("main")
    well_made(window)


def test_a_password_is_chosen_by_a_link(visit):
    alice = person("alice")
    alice.set_unusable_password()
    alice.save()
    window = visit()
    window.go(letters.link(alice, ""))
    for name in ("password1", "password2"):
        window.page.fill(f"[name={name}]", "rambutan manis 7")
    window.page.click("button.primary")
    window.page.wait_for_url("**/key/done/")
    well_made(window)
    window.page.click("a.primary")
    window.page.fill("[name=login]", alice.email)
    window.page.fill("[name=password]", "rambutan manis 7")
    window.page.click("button.primary")
    window.ready()


def test_an_address_is_changed_by_a_letter(alice_visits, settings):
    settings.EMAIL_CONFIGURED = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    window = alice_visits()
    alice = User.objects.get(full_name="Alice Wijaya")
    alice.emailaddress_set.create(email=alice.email, primary=True, verified=True)
    window.go("/accounts/email/")
    well_made(window)
    window.page.fill("[name=email]", "new@example.org")
    window.page.click("[name=action_add]")
    window.has("[name=action_send]", 1)
    well_made(window)
    letter = next(letter for letter in mail.outbox if letter.to == ["new@example.org"])
    link = next(word for word in letter.body.split() if "/confirm-email/" in word)
    window.page.goto(link)
    well_made(window)
    window.page.click("button.primary")
    window.page.wait_for_url(lambda url: "confirm-email" not in url)
    assert User.objects.get(full_name="Alice Wijaya").email == "new@example.org"


def totp(secret: str) -> str:
    """RFC 6238 with its defaults: SHA-1, 30 seconds, six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def log_in_anew(visit: Callable[..., Any], email: str = "alice@example.org") -> Any:
    window = visit()
    window.go("/accounts/login/")
    window.page.fill("[name=login]", email)
    window.page.fill("[name=password]", PASSWORD)
    window.page.click("button.primary")
    return window


def go_as_oneself(window: Any, path: str) -> None:
    """To a page that asks for the password first."""
    window.go(path)
    window.page.fill("[name=password]", PASSWORD)
    window.page.click("button.primary")
    window.page.wait_for_url(f"**{path}")
    well_made(window)


def test_a_second_factor_from_its_beginning_to_its_end(alice_visits, visit, settings):
    settings.MFA_TOTP_TOLERANCE = 1  # a code may come to its end while it is typed in
    window = alice_visits()
    page = window.page
    go_as_oneself(window, "/accounts/2fa/totp/activate/")
    secret = page.input_value("#authenticator_secret")
    page.fill("[name=code]", totp(secret))
    page.click("button.primary")
    page.wait_for_selector("#recovery_codes")
    well_made(window)
    codes = page.input_value("#recovery_codes").split()
    assert len(set(codes)) == 10
    page.check("#codes_saved")
    window.go("/accounts/2fa/")
    well_made(window)

    second = log_in_anew(visit)
    second.page.wait_for_url("**/2fa/authenticate/")
    well_made(second)
    second.page.fill("[name=code]", "000000")
    second.page.click("button.primary")
    second.has(".field.wrong", 1)
    second.page.fill("[name=code]", totp(secret))
    second.page.click("button.primary")
    second.ready()

    third = log_in_anew(visit)
    third.page.fill("[name=code]", codes[0])
    third.page.click("button.primary")
    third.ready()
    fourth = log_in_anew(visit)
    fourth.page.fill("[name=code]", f" {codes[0]} ")
    fourth.page.click("button.primary")
    fourth.has(".field.wrong", 1)

    window.go("/accounts/2fa/recovery-codes/generate/")
    well_made(window)
    window.go("/accounts/2fa/totp/deactivate/")
    well_made(window)
    page.click("button.danger")
    page.wait_for_url("**/accounts/2fa/")
    log_in_anew(visit).ready()


def with_a_key(window: Any) -> None:
    """An authenticator in Chromium that confirms whatever it is asked."""
    window.address = window.address.replace("127.0.0.1", "localhost")  # passkeys need a name
    tools = window.page.context.new_cdp_session(window.page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def with_passkey(visit: Callable[..., Any]) -> Any:
    """Alice's window, at the end of adding a passkey."""
    person("alice", full_name="Alice Wijaya")
    window = visit()
    page = window.page
    with_a_key(window)
    window.log_in("alice@example.org")
    go_as_oneself(window, "/accounts/2fa/webauthn/add/")
    page.fill("[name=name]", "My phone")
    page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_selector("#recovery_codes")
    page.check("#codes_saved")
    return window


def log_out(window: Any) -> None:
    window.go("/accounts/logout/")
    window.page.click("button.primary")
    window.page.wait_for_url("**/accounts/login/")


def test_a_passkey_takes_the_place_of_the_password_or_comes_after_it(with_passkey):
    window, page = with_passkey, with_passkey.page
    log_out(window)
    page.click("#passkey_login")
    window.ready()
    log_out(window)
    page.fill("[name=login]", "alice@example.org")
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    page.click("#mfa_webauthn_authenticate")
    window.ready()
    window.clean()


def test_a_passkey_is_renamed_and_removed(with_passkey):
    window, page = with_passkey, with_passkey.page
    window.go("/accounts/2fa/webauthn/")
    assert "My phone" in page.inner_text("main")
    well_made(window)
    leads_on(page, "text=Rename")
    well_made(window)
    page.fill("[name=name]", "Old phone")
    page.click("button.primary")
    page.wait_for_selector("text=Old phone")
    leads_on(page, "text=Remove")
    well_made(window)
    page.click("button.danger")
    page.wait_for_url("**/accounts/2fa/webauthn/")
    assert "There is none yet." in page.inner_text("main")


def test_a_login_elsewhere_leads_there_and_back(visit, openid):
    openid.said = {"sub": "1", "email": "siti@example.org", "name": "Siti", "email_verified": True}
    window = visit()
    window.go("/accounts/login/")
    well_made(window)
    window.page.click("text=Log in with Kampus")
    window.ready()
    assert User.objects.get(email="siti@example.org").full_name == "Siti"
    window.go("/accounts/3rdparty/")
    assert "Kampus" in window.page.inner_text("main")
    assert window.page.evaluate("window.__violations ?? []") == []
    assert window.errors == []


def test_without_a_passkey_the_page_says_what_to_do(visit):
    window = visit()
    window.go("/accounts/login/")
    assert window.page.is_hidden("#passkey_login")  # 127.0.0.1 is no name
    with_a_key(window)
    window.go("/accounts/login/")
    window.page.click("#passkey_login")
    window.page.wait_for_selector("#passkey-trouble:not([hidden])")
    assert "did not work" in window.page.inner_text("#passkey-trouble")
    window.clean()
