"""Class lists: looked at, then applied as they were looked at, or told why not."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import tasks
from accounts.models import Group, User
from accounts.roster import reading
from core.errors import Invalid, TooLarge
from core.testing import person, unique_address

PASSWORD = "rambutan manis 7"


@pytest.fixture
def group(db):
    return Group.objects.create(name="Biologi 7A")


@pytest.fixture
def put(api, admin, group):
    """`put(text, replace=...)`: the API's answer; a preview unless a fingerprint is given."""
    client = api(admin)

    def call(text, **fields):
        body = {"csv": text, "preview": "fingerprint" not in fields, **fields}
        return client.post(f"/api/v1/groups/{group.pk}/members/import", body)

    return call


def emails(rows):
    return [row["email"] for row in rows]


def members(group):
    return set(group.members.values_list("email", flat=True))


@pytest.mark.parametrize(
    "data",
    [
        b"email,full_name\nSiti@Example.org,Siti Aminah\n",
        b"\xef\xbb\xbfNama;Email\r\nSiti Aminah;siti@example.org\r\n",
        "Nama Lengkap\tSurel\nSiti  Aminah\t siti@example.org \n".encode("utf-16"),
        b'"Full Name","E-mail"\n"Siti Aminah",siti@example.org\n\n,\n',
    ],
)
def test_tables_as_spreadsheets_save_them(data):
    found = reading.read(data)
    assert [(row.email, row.full_name) for row in found.rows] == [
        ("siti@example.org", "Siti Aminah")
    ]
    assert not found.bad and not found.unread


def test_a_name_in_another_encoding_is_read():
    found = reading.read("email;nama\njose@example.org;José Ñandú".encode("cp1252"))
    assert found.rows[0].full_name == "José Ñandú"


BAD = [
    (",Nobody", "There is no email address in this line."),
    ("siti at example.org,Siti", "siti at example.org is no email address."),
    ("Siti <siti@example.org>,Siti", "is no email address."),
    (f"{'x' * 300}@example.org,Siti", "is no email address."),
    ("ONE@example.org,Again", "one@example.org stands in line 2 already."),
    (f"siti@example.org,{'x' * 151}", "longer than 150 characters"),
    ("siti@example.org,a\u202eb", "invisible characters"),
    ("siti@example.org,a\x1bb", "invisible characters"),
    ("siti@example.org,a\0b", "invisible characters"),
    ("siti\0@example.org,Siti", "is no email address."),
    ("siti@example.org,Siti,more", "more cells than the first line names"),
]


@pytest.mark.parametrize(("line", "said"), BAD)
def test_a_bad_line_is_named_and_the_others_are_read(line, said):
    found = reading.read(f"email,name\none@example.org,One\n{line}\ntwo@example.org,Two".encode())
    assert [row.email for row in found.rows] == ["one@example.org", "two@example.org"]
    (bad,) = found.bad
    assert bad.line == 3 and said in bad.message


def test_columns_that_are_not_read_are_named(put):
    answer = put("NIM,email,role\n1,budi@example.org,superadmin").json()
    (note,) = answer["notes"]
    assert note["line"] == 1 and "NIM, role" in note["message"]


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"", Invalid, "must name the columns"),
        (b"name\nSiti", Invalid, "must name the columns"),
        (b"email,surel\na@b.org,c@d.org", Invalid, "Two columns are called email"),
        (b'email\n"siti@example.org', Invalid, "Line 2 is no line"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), Invalid, "must name|no line"),
        (b"email\n" + b"x@y.org\n" * 200_000, TooLarge, "1 MB"),
    ],
)
def test_what_is_no_table_of_people_gets_a_sentence(data, kind, said):
    with pytest.raises(kind, match=said):
        reading.read(data)


def test_too_many_lines_are_refused():
    rows = "".join(f"p{number}@example.org\n" for number in range(reading.MOST_ROWS + 1))
    with pytest.raises(TooLarge, match="2000 lines"):
        reading.read(f"email\n{rows}".encode())


def test_a_preview_changes_nothing_and_applying_does_what_it_said(put, group, alice, bob):
    group.members.add(alice)
    table = "email,name\nALICE@example.org,Other\nbob@example.org,\nsiti@example.org,Siti A\nbad,"
    seen = put(table).json()
    assert emails(seen["present"]) == [alice.email] and emails(seen["joining"]) == [bob.email]
    assert seen["new"] == [{"email": "siti@example.org", "full_name": "Siti A"}]
    assert [bad["line"] for bad in seen["errors"]] == [5] and not seen["leaving"]
    assert members(group) == {alice.email} and User.objects.count() == 3
    done = put(table, fingerprint=seen["fingerprint"]).json()
    assert (done["added"], done["removed"]) == (2, 0)
    assert members(group) == {alice.email, bob.email, "siti@example.org"}
    siti = User.objects.get(email="siti@example.org")
    assert (siti.role, siti.full_name, siti.has_usable_password()) == ("student", "Siti A", False)
    alice.refresh_from_db()
    assert alice.full_name == "Alice"
    again = put(table).json()
    assert not again["new"] and not again["joining"] and len(again["present"]) == 3


def test_replacing_lets_the_others_go(put, group, alice, bob):
    group.members.add(alice, bob)
    seen = put("email\nbob@example.org", replace=True).json()
    assert emails(seen["leaving"]) == [alice.email]
    put("email\nbob@example.org", replace=True, fingerprint=seen["fingerprint"])
    assert members(group) == {bob.email} and User.objects.filter(pk=alice.pk).exists()


def test_nobody_leaves_because_of_a_line_that_cannot_be_read(put, group, alice):
    group.members.add(alice)
    seen = put("email\nalice@example", replace=True).json()
    assert emails(seen["leaving"]) == [alice.email] and seen["errors"]
    answer = put("email\nalice@example", replace=True, fingerprint=seen["fingerprint"])
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_lines")
    assert members(group) == {alice.email}


def test_unknown_people_can_be_named_instead_of_made(put, group, alice):
    table = "email\nalice@example.org\nsiti@example.org"
    seen = put(table, create=False).json()
    assert seen["errors"] == [
        {"line": 3, "message": "Nobody has an account with siti@example.org."}
    ]
    put(table, create=False, fingerprint=seen["fingerprint"])
    assert members(group) == {alice.email} and not User.objects.filter(email__contains="siti")


def test_somebody_switched_off_is_put_in_and_stays_switched_off(put, group, deactivated):
    table = f"email\n{deactivated.email}"
    seen = put(table).json()
    assert "switched off, and stays so" in seen["notes"][0]["message"]
    put(table, fingerprint=seen["fingerprint"])
    deactivated.refresh_from_db()
    assert members(group) == {deactivated.email} and not deactivated.is_active


def _joined(group):
    group.members.add(User.objects.get(email="bob@example.org"))


def _signed_up(group):
    person("siti")


def _gone(group):
    User.objects.get(email="alice@example.org").delete()


@pytest.mark.parametrize("change", [_joined, _signed_up, _gone])
def test_a_group_that_changed_since_the_preview_is_told(put, group, alice, bob, change):
    table = "email\nalice@example.org\nsiti@example.org"
    seen = put(table, replace=True).json()
    change(group)
    before = members(group), User.objects.count()
    answer = put(table, replace=True, fingerprint=seen["fingerprint"])
    assert (answer.status_code, answer.json()["code"]) == (409, "roster_changed")
    assert (members(group), User.objects.count()) == before


def test_other_choices_than_those_looked_at_are_told(put, group, alice):
    group.members.add(alice)
    seen = put("email\nsiti@example.org").json()
    answer = put("email\nsiti@example.org", replace=True, fingerprint=seen["fingerprint"])
    assert answer.status_code == 409 and members(group) == {alice.email}


def test_nothing_is_applied_without_a_look(put, group):
    answer = put("email\nsiti@example.org", preview=False)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_preview")
    assert not members(group)


@pytest.mark.django_db(transaction=True)
def test_the_same_list_applied_twice_at_once_makes_everybody_once(put, api, admin, group):
    table = "email\n" + "".join(f"p{number}@example.org\n" for number in range(20))
    fingerprint = put(table).json()["fingerprint"]

    def apply(_):
        try:
            return put(table, fingerprint=fingerprint).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        codes = sorted(threads.map(apply, range(4)))
    assert codes == [200, 409, 409, 409]
    assert len(members(group)) == 20 and User.objects.count() == 21


def test_the_table_out_is_safe_in_a_spreadsheet_and_can_be_taken_back(put, api, admin, group):
    person("=1+1", email="siti@example.org", full_name="=HYPERLINK(1)")
    group.members.add(User.objects.get(email="siti@example.org"))
    out = api(admin).get(f"/api/v1/groups/{group.pk}/members/export")
    assert out["Content-Type"].startswith("text/csv")
    text = out.content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["email"], row["full_name"]) == ("siti@example.org", "'=HYPERLINK(1)")
    assert reading.read(out.content).rows[0].full_name == "=HYPERLINK(1)"
    assert emails(put(text).json()["present"]) == ["siti@example.org"]


def test_without_mail_each_new_account_has_a_link_that_works_once(put, group):
    table = "email\nsiti@example.org"
    done = put(table, fingerprint=put(table).json()["fingerprint"]).json()
    (made,) = done["created"]
    path = made["link"].removeprefix("http://testserver")
    browser = Client(REMOTE_ADDR=unique_address())
    form = {"password1": PASSWORD, "password2": PASSWORD}
    assert browser.post(browser.get(path)["Location"], form).status_code == 302
    assert User.objects.get(email="siti@example.org").check_password(PASSWORD)
    again = Client(REMOTE_ADDR=unique_address()).get(path)
    assert again.status_code == 200 and b"password1" not in again.content
    assert put(table).json()["new"] == []


def test_with_mail_the_links_go_by_letter_only(
    put, group, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.EMAIL_CONFIGURED = True
    monkeypatch.setattr(tasks.invite, "delay", tasks.invite)
    table = "email,name\nsiti@example.org,Siti"
    with django_capture_on_commit_callbacks(execute=True):
        done = put(table, fingerprint=put(table).json()["fingerprint"]).json()
    assert done["created"][0]["link"] is None
    (letter,) = mail.outbox
    assert letter.to == ["siti@example.org"] and "Hello Siti" in letter.body
    link = next(word for word in letter.body.split() if "/password/reset/key/" in word)
    answer = Client(REMOTE_ADDR=unique_address()).get(link.removeprefix("http://testserver"))
    assert answer.status_code == 302


def file(text):
    return io.BytesIO(text.encode())


def test_the_admin_page_shows_then_applies_then_hands_out(admin, group, alice, bob):
    group.members.add(bob)
    page = Client()
    page.force_login(admin)
    path = f"/admin/accounts/group/{group.pk}/roster/"
    assert path in page.get(f"/admin/accounts/group/{group.pk}/change/").content.decode()
    sent = {"file": file("email;nama\nalice@example.org;\nsiti@example.org;Siti\nx;"), **REPLACE}
    shown = page.post(path, sent)
    assert "There is no" not in shown.content.decode() and "Line 4:" in shown.content.decode()
    assert "1 join, 1 get an account and join" in shown.content.decode()
    assert b"Apply this list" not in shown.content  # bob would leave because of line 4
    sent = {"file": file("email;nama\nalice@example.org;\nsiti@example.org;Siti"), **REPLACE}
    token = {"token": page.post(path, sent).context["token"]}
    _joined(Group.objects.create(name="Another"))
    done = page.post(path, token)
    assert "/accounts/password/reset/key/" in done.content.decode()
    assert "no-store" in done["Cache-Control"]
    assert members(group) == {alice.email, "siti@example.org"}
    assert page.post(path, token).status_code == 302  # spent


REPLACE = {"mode": "replace", "unknown": "create"}


def test_the_admin_page_tells_of_a_change_and_shows_the_list_anew(admin, group, alice):
    page = Client()
    page.force_login(admin)
    path = f"/admin/accounts/group/{group.pk}/roster/"
    sent = {"file": file("email\nalice@example.org"), "mode": "add", "unknown": "create"}
    token = page.post(path, sent).context["token"]
    group.members.add(alice)
    answer = page.post(path, {"token": token})
    assert answer.status_code == 200 and b"changed since you looked" in answer.content
    assert answer.context["plan"].present == [alice]


def test_a_preview_belongs_to_who_looked(admin, superadmin, group, alice):
    path = f"/admin/accounts/group/{group.pk}/roster/"
    page, other = Client(), Client()
    page.force_login(admin)
    other.force_login(superadmin)
    sent = {"file": file("email\nalice@example.org"), "mode": "add", "unknown": "create"}
    token = page.post(path, sent).context["token"]
    assert other.post(path, {"token": token}).status_code == 302
    assert not members(group)


def test_an_admin_hands_out_links_below_their_own_role_only(admin, superadmin, alice):
    page = Client()
    page.force_login(admin)
    action = {"action": "password_links", "_selected_action": [alice.pk]}
    shown = page.post("/admin/accounts/user/", action)
    assert b"/accounts/password/reset/key/" in shown.content
    for chosen in ([superadmin.pk], [alice.pk, superadmin.pk], [admin.pk]):
        answer = page.post("/admin/accounts/user/", {**action, "_selected_action": chosen})
        assert b"/accounts/password/reset/key/" not in answer.content
