"""The second factor's secrets in the database."""

import base64
from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.management import call_command

from core import sealing

pytestmark = pytest.mark.django_db
OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _one_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


def code() -> str:
    counter = next(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(SECRET, counter))


def test_the_database_does_not_hold_the_secret(alice):
    TOTP.activate(alice, SECRET)
    held = Authenticator.objects.get(user=alice).data["secret"]
    assert SECRET not in held and sealing.sealed_with(held) == sealing.fingerprint(OLD)
    assert Authenticator.objects.get(user=alice).wrap().validate_code(code())


def test_rotation_reaches_it(alice, settings):
    TOTP.activate(alice, SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert "Encrypted again: 1." in out.getvalue()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert Authenticator.objects.get(user=alice).wrap().validate_code(code())


def test_a_lost_key_closes_the_door_and_is_told(alice, settings, caplog):
    TOTP.activate(alice, SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert not Authenticator.objects.get(user=alice).wrap().validate_code(code())
    assert get_adapter().is_mfa_enabled(alice)
    assert sealing.fingerprint(OLD) in caplog.text and SECRET not in caplog.text
