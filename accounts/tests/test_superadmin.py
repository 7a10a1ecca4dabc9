"""manage.py ensure_superadmin."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from core.testing import PASSWORD


def ensure(capsys):
    call_command("ensure_superadmin")
    return capsys.readouterr().out


def test_makes_and_prints_a_password_once(db, capsys):
    out = ensure(capsys)
    user = User.objects.get()
    assert user.is_superadmin and user.email == "admin@lontar.local"
    assert user.check_password(out.split("password ")[1].split()[0])
    assert ensure(capsys) == ""
    assert User.objects.count() == 1


def test_takes_email_and_password_from_the_environment(db, settings, capsys):
    settings.SUPERADMIN_EMAIL, settings.SUPERADMIN_PASSWORD = "Boss@Example.org", PASSWORD
    assert PASSWORD not in ensure(capsys)
    user = User.objects.get(email="boss@example.org")
    assert user.check_password(PASSWORD)
    user.set_password("changed by the owner")
    user.save()
    ensure(capsys)
    user.refresh_from_db()
    assert user.check_password("changed by the owner")


def test_does_not_raise_whoever_signed_up_with_that_address(alice, settings, capsys):
    settings.SUPERADMIN_EMAIL, settings.SUPERADMIN_PASSWORD = alice.email, "whatever it is"
    with pytest.raises(CommandError, match="already the account of a student"):
        ensure(capsys)
    alice.refresh_from_db()
    assert alice.role == "student" and alice.check_password(PASSWORD)


def test_refuses_what_is_no_address(db, settings, capsys):
    settings.SUPERADMIN_EMAIL = "boss"
    with pytest.raises(CommandError, match="not an email address"):
        ensure(capsys)
