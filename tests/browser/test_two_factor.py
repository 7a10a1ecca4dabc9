"""A second factor set up by hand: from the chat's menu, on a phone, in Indonesian."""

from collections.abc import Callable
from typing import Any

import pytest

from core.testing import PASSWORD
from tests.browser.test_account_pages import log_in_anew, totp, well_made

pytestmark = [pytest.mark.browser]
PHONE = {"locale": "id-ID", "width": 390, "height": 780, "color_scheme": "dark"}


def test_from_the_menu_to_the_next_login(
    alice_visits: Callable[..., Any], visit: Callable[..., Any], settings: Any
) -> None:
    settings.MFA_TOTP_TOLERANCE = 1  # a code may come to its end while it is typed in
    window = alice_visits(**PHONE)
    page = window.page
    page.click(".only-phone[popovertarget=sidebar] >> nth=-1")
    page.click(".account")
    page.click("#account-menu a[href='/account/']")
    page.click("main a[href='/accounts/2fa/']")
    page.click("main a[href='/accounts/2fa/totp/activate/']")
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    # Without a camera the secret is typed into the other program, and its code here.
    secret = page.locator("#authenticator_secret")
    secret.wait_for()
    assert secret.is_editable() is False
    page.fill("[name=code]", "000000")
    page.click("button.primary")
    window.has(".field.wrong", 1)
    well_made(window)
    key = secret.input_value()
    page.fill("[name=code]", totp(key))
    page.click("button.primary")
    page.wait_for_selector("#recovery_codes")
    page.check("#codes_saved")
    window.go("/accounts/2fa/")
    page.wait_for_selector("a[href='/accounts/2fa/totp/deactivate/']")
    well_made(window)
    again = log_in_anew(visit)
    again.page.wait_for_url("**/2fa/authenticate/")
    again.page.fill("[name=code]", totp(key))
    again.page.click("button.primary")
    again.ready()
