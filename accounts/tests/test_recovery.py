"""Another address and lost second factors: by somebody above, and what was open closes."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import api_keys, logins, recovery
from accounts.models import ApiKey, ApiLogin
from accounts.tests.test_admin import LIST, change, form
from core.errors import Forbidden
from core.testing import PASSWORD, person, unique_address

NEW = "renamed@example.org"


@pytest.fixture
def page(admin):
    client = Client()
    client.force_login(admin)
    return client


def logs_in(email):
    client = Client(REMOTE_ADDR=unique_address())
    sent = {"login": email, "password": PASSWORD}
    return client.post("/accounts/login/", sent).status_code == 302


def test_an_admin_changes_a_students_address_and_old_logins_end(page, alice):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    EmailAddress.objects.create(user=alice, email="asked@example.org")
    old = Client()
    old.force_login(alice)
    logins.open_login(actor=alice)
    api_keys.make_key(actor=alice, name="x")
    assert page.post(change(alice), form(alice, email=f" {NEW.upper()} ")).status_code == 302
    alice.refresh_from_db()
    assert alice.email == NEW
    assert [(row.email, row.primary) for row in alice.emailaddress_set.all()] == [(NEW, True)]
    assert old.get("/account/").status_code == 302
    assert not ApiLogin.objects.filter(ended_at=None).exists()
    assert not ApiKey.objects.filter(revoked_at=None).exists()
    assert logs_in(NEW) and not logs_in("alice@example.org")


def test_an_address_that_stays_ends_nothing(page, alice):
    stamp = alice.session_stamp
    page.post(change(alice), form(alice, email=alice.email, full_name="Alice B"))
    alice.refresh_from_db()
    assert (alice.session_stamp, alice.full_name) == (stamp, "Alice B")


@pytest.mark.parametrize("email", ["bob@example.org", "BOB@example.org", "second@example.org"])
def test_an_address_of_somebody_else_is_refused_beside_it(page, alice, bob, email):
    EmailAddress.objects.create(user=bob, email="second@example.org", verified=True)
    answer = page.post(change(alice), form(alice, email=email))
    assert answer.status_code == 200 and b"already" in answer.content
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


@pytest.mark.parametrize("email", ["", "nobody", "a@b\n.example"])
def test_what_is_no_address_is_refused(page, alice, email):
    assert page.post(change(alice), form(alice, email=email)).status_code == 200
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


@pytest.mark.parametrize("role", ["admin", "superadmin"])
def test_not_of_who_is_not_below(page, admin, role):
    peer = person("peer", role=role)
    for one in (peer, admin):
        page.post(change(one), form(one, email=NEW))
        one.refresh_from_db()
        assert one.email != NEW
    for act in (recovery.set_email, recovery.forget_second_factors):
        with pytest.raises(Forbidden):
            act(actor=admin, user=peer, **({"email": NEW} if act is recovery.set_email else {}))


def test_a_lost_second_factor_is_forgotten(page, alice, superadmin):
    for one in (alice, superadmin):
        one.authenticator_set.create(type="totp", data={"secret": "x"})
    old = Client()
    old.force_login(alice)
    chosen = {"action": "forget_second_factors", "_selected_action": [alice.pk, superadmin.pk]}
    page.post(LIST, chosen)
    assert not alice.authenticator_set.exists() and superadmin.authenticator_set.exists()
    assert old.get("/account/").status_code == 302 and logs_in(alice.email)


def test_who_has_the_machine_helps_whom_nobody_is_above(superadmin, alice, capsys):
    superadmin.authenticator_set.create(type="totp", data={"secret": "x"})
    call_command("account", superadmin.email, forget_second_factors=True, new_email=NEW)
    superadmin.refresh_from_db()
    assert superadmin.email == NEW and not superadmin.authenticator_set.exists()
    for wrong in (alice.email, "nobody"):
        with pytest.raises(CommandError):
            call_command("account", NEW, new_email=wrong)
    with pytest.raises(CommandError, match="no account"):
        call_command("account", "who@example.org")


def test_the_page_says_who_changes_an_address_where_no_mail_is_sent(alice, settings):
    settings.EMAIL_CONFIGURED = False
    client = Client()
    client.force_login(alice)
    assert "Ask the administrator to change it" in client.get("/accounts/email/").content.decode()
    client.post("/accounts/email/", {"email": NEW, "action_add": ""})
    alice.refresh_from_db()
    assert alice.email == "alice@example.org" and not logs_in(NEW)
