"""How often people may do something, and who says so."""

import uuid

import pytest
import redis
from django.core.exceptions import ValidationError
from django.test import Client

from accounts import limits
from accounts.models import Limit
from core.errors import TooMany

pytestmark = pytest.mark.django_db


@pytest.fixture
def address():
    return uuid.uuid4().hex


def test_the_setting_holds_until_the_admin_sets_another(settings, alice, address):
    settings.LIMITS = {"chat": "2/m"}
    for _ in range(2):
        limits.count("chat", alice, address)
    with pytest.raises(TooMany) as told:
        limits.count("chat", alice, address)
    assert 0 < told.value.retry_after <= 60 and "Try again in" in str(told.value)
    Limit.objects.create(action="chat", per_user="5/m")
    limits.forget_kept()  # within the test's transaction nobody is told
    for _ in range(3):
        limits.count("chat", alice, address)
    with pytest.raises(TooMany):
        limits.count("chat", alice, address)


def test_one_person_does_not_use_up_what_others_have(settings, alice, bob, address):
    settings.LIMITS = {"chat": "1/m"}
    limits.count("chat", alice, address)
    with pytest.raises(TooMany):
        limits.count("chat", alice, address)
    limits.count("chat", bob, address)


def test_an_address_has_a_limit_of_its_own(alice, bob, address):
    Limit.objects.create(action="upload", per_address="1/h")
    limits.count("upload", alice, address)
    with pytest.raises(TooMany) as told:
        limits.count("upload", bob, address)
    assert told.value.retry_after > 3000 and "60 minutes" in str(told.value)
    limits.count("upload", bob, f"{address}-other")


def test_without_redis_nobody_is_held_up(alice, settings, monkeypatch, caplog, address):
    def away(uses, stamp):
        raise redis.ConnectionError("secret host")

    monkeypatch.setattr("core.rates.take", away)
    limits.count("chat", alice, address)
    assert "not counted" in caplog.text and "secret host" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_change_is_noticed_with_the_next_count(settings, alice, address):
    settings.LIMITS = {"chat": "1/m"}
    limits.count("chat", alice, address)
    limit = Limit.objects.create(action="chat", per_user="2/m")
    limits.count("chat", alice, address)
    with pytest.raises(TooMany):
        limits.count("chat", alice, address)
    limit.per_user = "0/m"
    limit.save()
    assert limits.current()["chat"].per_user == "0/m"
    Limit.objects.all().delete()
    assert limits.current()["chat"].per_user == "1/m"


def test_what_is_known_costs_no_query(alice, address, django_assert_num_queries):
    limits.count("chat", alice, address)
    with django_assert_num_queries(0):
        limits.count("chat", alice, address)


def test_what_is_no_limit_is_not_stored():
    with pytest.raises(ValidationError):
        Limit(action="chat", per_user="many").full_clean()


def test_logins_follow_what_the_admin_sets(api, alice):
    Limit.objects.create(action="login", per_address="2/m")
    limits.forget_kept()
    body = {"email": alice.email, "password": "guess"}
    client = api()  # each has an address of its own
    codes = [client.post("/api/v1/auth/login", body).status_code for _ in range(3)]
    assert codes == [401, 401, 429]


def test_the_admin_page_says_what_holds(admin, settings):
    settings.LIMITS = {"chat": "30/m", "login": "300/m"}
    page = Client()
    page.force_login(admin)
    shown = page.get("/admin/accounts/limit/").content.decode()
    assert "30/m for each person, 1200/m for each address" in shown
    page.post("/admin/accounts/limit/add/", {"action": "chat", "per_user": "7/m"})
    assert Limit.objects.get().per_user == "7/m"
    wrong = page.post("/admin/accounts/limit/chat/change/", {"per_user": "lots"})
    assert b"Write a limit like" in wrong.content
