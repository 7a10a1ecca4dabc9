"""A lecturer puts a class into a group by a table, and hands out the links."""

from typing import Any

import pytest

from accounts.models import Group, User
from core.testing import person
from tests.browser.waiting import leads_on

pytestmark = [pytest.mark.browser]
TABLE = "Nama;Surel;NIM\r\nBudi;budi@example.org;1\r\nSiti;siti@example.org;2\r\nTono;tono;3\r\n"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(
    "look",
    [{}, {"locale": "id-ID", "width": 360, "height": 740, "color_scheme": "dark"}],
    ids=["desktop", "phone"],
)
def test_a_list_is_looked_at_and_applied(visit: Any, look: dict[str, Any]) -> None:
    person("lecturer", role="admin")
    budi = person("budi")
    group = Group.objects.create(name="Biologi 7A")
    window = visit(**look)
    page = window.page
    window.sign_in("lecturer@example.org", "")
    window.go(f"/admin/accounts/group/{group.pk}/change/")
    leads_on(page, f"a[href*='{group.pk}/roster/']")
    table = {"name": "kelas.csv", "mimeType": "text/csv", "buffer": TABLE.encode("utf-8-sig")}
    page.set_input_files("[name=file]", table)
    leads_on(page, "form[enctype] [type=submit]")
    page.wait_for_selector("[name=token]", state="attached")
    shown = page.inner_text("#content")
    assert "tono" in shown and "NIM" in shown and "siti@example.org" in shown
    assert not group.members.exists()
    assert page.evaluate(WIDE) <= 0
    window.clean()
    leads_on(page, ".submit-row .default")
    page.wait_for_selector("code")
    assert page.evaluate(WIDE) <= 0
    window.clean()
    link = page.inner_text("code")
    assert page.locator("code").count() == 1
    assert set(group.members.all()) == {budi, User.objects.get(email="siti@example.org")}
    own = visit()
    own.page.goto(link)
    for name in ("password1", "password2"):
        own.page.fill(f"[name={name}]", "rambutan manis 7")
    own.page.click("button.primary")
    own.page.wait_for_url("**/key/done/")
    own.clean()
