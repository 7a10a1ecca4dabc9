"""Secrets at rest: sealed, opened, moved to another key."""

import base64
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core import rotation, sealing
from core.sealing_check import check_encryption_keys
from llm import credentials, sync
from llm.models import LanguageModel, Provider
from llm.queries import usable_models

# Always the same, as they name tests: those of all processes must be called alike.
OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
SECRET = "sk-very-secret-0123456789abcd"


@pytest.fixture(autouse=True)
def _one_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    settings.PROVIDER_KEYS = {}
    settings.PROVIDER_BASE_URLS = {}


def provider(number=0, key=SECRET, **fields):
    address = {"kind": "openai_compatible", "base_url": f"http://box:{8000 + number}/v1"}
    made = Provider(**{**address, "name": f"Box {number}", **fields})
    credentials.store_key(made, key)
    made.save()
    return made


def rotate(**options):
    out = StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


def test_what_is_sealed_opens_again_and_shows_nothing():
    sealed = sealing.seal(SECRET, ["a", "b"])
    assert SECRET not in sealed and OLD not in sealed
    assert sealing.unseal(sealed, ["a", "b"]) == SECRET
    assert sealing.seal(SECRET, ["a", "b"]) != sealed, "the same key in two rows cannot be told"


@pytest.mark.parametrize("other", [["a"], ["a", "c"], []])
def test_it_opens_only_for_what_it_was_sealed_for(other):
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(sealing.seal(SECRET, ["a", "b"]), other)


@pytest.mark.parametrize("broken", ["", "x", "a:b", f"{sealing.fingerprint(OLD)}:gAAAAA"])
def test_what_is_damaged_does_not_open(broken):
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(broken, ["a"])


def test_without_a_key_nothing_is_sealed(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(sealing.NoKey):
        sealing.seal(SECRET, [])


@pytest.mark.parametrize("wrong", ["x", "a" * 44, OLD[:-2], "ü" * 44])
def test_a_key_that_is_none_is_told_at_the_start(settings, wrong):
    assert check_encryption_keys() == []
    settings.FIELD_ENCRYPTION_KEYS = [OLD, wrong]
    (error,) = check_encryption_keys()
    assert "number 2" in error.msg and wrong not in error.msg


@pytest.mark.django_db
def test_the_database_holds_no_key():
    provider()
    with connection.cursor() as cursor:
        cursor.execute("select llm_provider::text from llm_provider")
        assert all(SECRET not in row for (row,) in cursor.fetchall())


@pytest.mark.django_db
def test_a_key_belongs_to_its_address():
    """Lobe Chat CVE-2024-37895, paperless-ngx GHSA-7qqc-wrcw-2fj9: a key of elsewhere."""
    made = provider()
    assert credentials.provider_key(made) == SECRET
    Provider.objects.filter(pk=made.pk).update(base_url="https://evil.example/v1")
    made.refresh_from_db()
    assert credentials.provider_key(made) == "" and credentials.key_state(made) == "unreadable"


@pytest.mark.django_db
def test_a_key_that_cannot_be_read_is_replaced_by_no_other_one(settings):
    settings.PROVIDER_KEYS = {"openai": "sk-of-the-environment"}
    made = provider(kind="openai", base_url="")
    model = LanguageModel.objects.create(provider=made, name="m", display_name="m")
    assert credentials.provider_key(made) == SECRET and model in usable_models()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert credentials.provider_key(made) == "" and model not in usable_models()


@pytest.mark.django_db
def test_a_lost_key_stops_nothing_and_is_told_with_its_name(settings, caplog):
    provider()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    sync.sync_registry()
    assert "Box 0" in caplog.text and sealing.fingerprint(OLD) in caplog.text
    assert SECRET not in caplog.text and OLD not in caplog.text


@pytest.mark.django_db
def test_rotation_moves_everything_to_the_first_key(settings):
    made = [provider(number, SECRET + str(number)) for number in range(5)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "Encrypted again: 5." in rotate(batch_size=2)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    for number, each in enumerate(made):
        each.refresh_from_db()
        assert credentials.provider_key(each) == SECRET + str(number)
    assert "Encrypted again: 0." in rotate()


@pytest.mark.django_db
def test_rotation_goes_on_where_it_was_killed(settings, monkeypatch):
    for number in range(5):
        provider(number)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    reseal, calls = sealing.reseal, []

    def killed(sealed):
        calls.append(sealed)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return reseal(sealed)

    monkeypatch.setattr(sealing, "reseal", killed)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(batch_size=2)
    assert len(rotation.left()) == 3, "the first batch is kept, the broken one undone"
    assert rotation.rotate(batch_size=2) == 3 and rotation.left() == []


@pytest.mark.django_db
def test_rotation_is_not_done_while_a_key_is_missing_and_names_it(settings):
    provider(0)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    provider(1)
    with pytest.raises(CommandError) as told:
        rotate()
    sentence = str(told.value)
    assert "Box 0" in sentence and sealing.fingerprint(OLD) in sentence and "missing" in sentence
    assert "Box 1" not in sentence and SECRET not in sentence and NEW not in sentence
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "Done" in rotate()


def test_rotation_without_any_key_says_what_to_do(settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(CommandError, match="--new-key"):
        rotate()


def test_a_fresh_key_and_the_names_of_the_keys_there_are():
    assert sealing.is_sound(rotate(new_key=True).strip())
    assert rotate(names=True).strip() == sealing.fingerprint(OLD)
