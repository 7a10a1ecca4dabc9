"""My data: taken along as an archive, and the end of an account."""

import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from core.testing import PASSWORD

pytestmark = [pytest.mark.browser]


def test_everything_is_taken_along_and_deleted(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(["It **glows**."])
    window.ask("Why does it glow?")
    page.wait_for_selector(".answer .answer-foot")
    page.click(".account")
    page.click("#account-menu >> text=My data")
    page.click("#export")
    page.wait_for_selector("[data-status=READY]")
    with page.expect_download() as download:
        page.click("text=Download the archive")
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert "chats/0001 Why does it glow.md" in names
    page.wait_for_selector("#goes >> text=1 chat, 0 files")

    page.fill("#leave-password", "not this one")
    page.click("#leave .danger")
    page.click("dialog.ask .danger")
    page.wait_for_selector("#leave-wrong >> text=not correct")
    assert User.objects.filter(email="alice@example.org").exists()
    page.fill("#leave-password", PASSWORD)
    page.click("#leave .danger")
    page.click("dialog.ask .danger")
    page.wait_for_url("**/accounts/login/")
    assert not User.objects.filter(email="alice@example.org").exists()
    # The browser's own line about the refusal.
    window.errors = [error for error in window.errors if "status of 4" not in error]
    window.clean()
