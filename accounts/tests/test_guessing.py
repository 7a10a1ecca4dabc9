"""Guessing is slowed; the owner gets in meanwhile; nobody learns who has an account.

Dify CVE-2024-12039 and RAGFlow CVE-2025-48187 (no limit on codes), AnythingLLM CVE-2026-72917 (a
recovery code with a space counted anew), Dify CVE-2026-28288 and CVE-2025-11750 (who has an
account), Django CVE-2025-13473 (the same by time).
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client

from accounts import guessing, letters
from core.redis import sync_client
from core.testing import PASSWORD, unique_address

pytestmark = pytest.mark.django_db
FIRST = 1000  # seconds
PACES = guessing.HERE  # before any test changes it
LOGIN, API, TOKEN = "/accounts/login/", "/api/v1/auth/login", "/api/v1/auth/token"


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Waits that are not over before a test is, however slow the machine."""
    for name in ("HERE", "STRANGERS"):
        pace = replace(getattr(guessing, name), first=FIRST, longest=1000 * FIRST)
        monkeypatch.setattr(guessing, name, pace)


def by_page(client, email, password):
    return client.post(LOGIN, {"login": email, "password": password})


def by_api(client, email, password):
    body = {"email": email, "password": password}
    return client.post(API, body, content_type="application/json")


def by_token_door(client, email, password):
    form = urlencode({"username": email, "password": password})
    return client.post(TOKEN, form, content_type="application/x-www-form-urlencoded")


def place(address=None):
    return Client(REMOTE_ADDR=address or unique_address())


def held_back(answer):
    return answer.status_code == 429 and int(answer["Retry-After"]) > 0


def gets_in(answer):
    return answer.status_code == 302 or "access_token" in answer.json()


def forget_waits():
    """As if the waits that run had passed; what was counted stays."""
    for name in sync_client().scan_iter(guessing.key("guess", "*")):
        sync_client().hdel(name, "until")


@pytest.mark.parametrize("door", [by_page, by_api, by_token_door])
def test_a_few_tries_are_free_then_each_waits_longer(door, alice):
    guesser = place()
    for _ in range(guessing.HERE.free):
        assert not held_back(door(guesser, alice.email, "guess"))
    waits = []
    for _ in range(4):
        assert not held_back(door(guesser, alice.email, "guess"))
        held = door(guesser, alice.email, "guess")
        assert held_back(held) and "Try again in" in held.content.decode()
        waits.append(round(int(held["Retry-After"]), -3))
        forget_waits()
    assert waits == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]


def test_all_doors_count_together(alice):
    address = unique_address()
    doors = [by_page, by_api, by_token_door]
    for number in range(guessing.HERE.free + 1):
        doors[number % 3](place(address), alice.email, "guess")
    assert all(held_back(door(place(address), alice.email, PASSWORD)) for door in doors)


def test_the_waits_that_are_set():
    """What docs/adr/0020 says of them."""
    assert (PACES.free, PACES.first, PACES.longest) == (5, 4, 900)
    assert (guessing.ADDRESS.free, guessing.ADDRESS.longest) == (100, 60)


def test_waiting_is_not_made_longer_by_knocking(alice):
    guesser = place()
    for _ in range(guessing.HERE.free + 1):
        by_api(guesser, alice.email, "guess")
    waits = [int(by_api(guesser, alice.email, "guess")["Retry-After"]) for _ in range(5)]
    assert max(waits) <= FIRST


def guess_from_everywhere(email):
    for _ in range(guessing.STRANGERS.free + 1):
        by_api(place(), email, "guess")
    assert held_back(by_api(place(), email, "guess"))


@pytest.mark.parametrize("door", [by_page, by_api])
def test_the_owner_gets_in_from_the_usual_address(door, alice):
    home = unique_address()
    assert gets_in(door(place(home), alice.email, PASSWORD))
    guess_from_everywhere(alice.email)
    assert gets_in(door(place(home), alice.email, PASSWORD))
    assert held_back(door(place(), alice.email, PASSWORD))  # no other place, right or not


def test_the_owner_gets_in_where_a_classmate_guesses_at_the_same_address(alice):
    school = unique_address()
    browser = place(school)
    assert gets_in(by_page(browser, alice.email, PASSWORD))
    browser.post("/accounts/logout/")
    for _ in range(guessing.HERE.free + 1):
        by_page(place(school), alice.email, "guess")
    assert held_back(by_page(place(school), alice.email, "guess"))
    assert gets_in(by_page(browser, alice.email, PASSWORD))


def test_the_cookie_of_a_browser_is_good_for_its_account_alone(alice, bob):
    browser = place()
    by_page(browser, alice.email, PASSWORD)
    stolen = browser.cookies[guessing.COOKIE].value
    for email, cookie in ((bob.email, stolen), (alice.email, stolen[:-2] + "xx")):
        guesser = place()
        guesser.cookies[guessing.COOKIE] = cookie
        for _ in range(guessing.HERE.free + 1):
            by_page(guesser, email, "guess")
        guesser.cookies.pop(guessing.COOKIE)
        assert held_back(by_page(guesser, email, "guess"))
    guesser = place()
    guesser.cookies[guessing.COOKIE] = stolen
    for _ in range(guessing.HERE.free + 1):
        by_page(guesser, alice.email, "guess")
    assert held_back(by_page(guesser, alice.email, "guess"))  # it opens no way round
    cookie = browser.cookies[guessing.COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and alice.email not in stolen


def test_one_place_that_tries_many_accounts_is_slowed(monkeypatch):
    monkeypatch.setattr(guessing, "ADDRESS", guessing.Pace(3, FIRST, FIRST))
    address = unique_address()
    for number in range(4):
        by_api(place(address), f"nobody{number}@example.org", "guess")
    assert held_back(by_api(place(address), "nobody5@example.org", "guess"))


def test_right_passwords_are_held_against_nobody(alice, monkeypatch):
    monkeypatch.setattr(guessing, "ADDRESS", guessing.Pace(3, FIRST, FIRST))
    address = unique_address()
    for _ in range(10):
        assert gets_in(by_api(place(address), alice.email, PASSWORD))


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_counted_one_by_one(alice):
    address = unique_address()

    def guess(_):
        try:
            return by_api(place(address), alice.email, "guess").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(guess, range(16)))
    assert codes.count(401) == guessing.HERE.free + 1


@pytest.mark.parametrize("door", [by_page, by_api, by_token_door])
def test_who_has_an_account_is_not_said(door, alice, deactivated):
    """Dify CVE-2026-28288, CVE-2025-11750: also the waits are the same."""
    seen = []
    for email in (alice.email, "nobody@example.org", deactivated.email):
        guesser = place()
        answers = [door(guesser, email, "guess") for _ in range(guessing.HERE.free + 3)]
        texts = [answer.content.decode().replace(email, "") for answer in answers]
        seen.append([(a.status_code, len(text)) for a, text in zip(answers, texts, strict=True)])
    assert seen[0] == seen[1] == seen[2]


def test_who_has_an_account_is_not_told_by_time(alice, monkeypatch, hard_passwords):
    """Django CVE-2025-13473: a hash is computed for nobody as well, and for who has no password."""
    monkeypatch.setattr(guessing, "HERE", guessing.Pace(1000, 1, 1))
    monkeypatch.setattr(guessing, "STRANGERS", guessing.Pace(1000, 1, 1))
    alice.set_password(PASSWORD)
    alice.save()
    invited = type(alice).objects.create_user("invited@example.org", full_name="I")
    emails = [alice.email, "nobody@example.org", invited.email]
    took = {email: [] for email in emails}
    for _ in range(7):
        for email in emails:
            began = time.thread_time()
            by_api(place(), email, "guess")
            took[email].append(time.thread_time() - began)
    medians = [statistics.median(row) for row in took.values()]
    assert max(medians) < 1.5 * min(medians), medians


def second_factor(alice):
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    return RecoveryCodes.activate(alice).get_unused_codes()


def at_the_second_step(alice, address=None):
    client = place(address)
    assert by_page(client, alice.email, PASSWORD)["Location"] == "/accounts/2fa/authenticate/"
    return client


def test_codes_are_slowed_and_the_owner_is_not_locked_out(alice):
    """CVE-2024-12039, CVE-2025-48187: codes of six digits without a limit."""
    codes = second_factor(alice)
    home = unique_address()
    owner = at_the_second_step(alice, home)
    assert owner.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    owner.post("/accounts/logout/")
    guesser = at_the_second_step(alice)
    for _ in range(guessing.HERE.free + 1):
        assert guesser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    held = guesser.post("/accounts/2fa/authenticate/", {"code": codes[1]})
    assert held_back(held)
    assert by_page(owner, alice.email, PASSWORD).status_code == 302
    assert owner.post("/accounts/2fa/authenticate/", {"code": codes[1]}).status_code == 302


@pytest.mark.parametrize("form", ["{}", " {} ", "\t{}", "{}\u00a0"])
def test_a_recovery_code_is_good_once_however_it_is_written(alice, form):
    """CVE-2026-72917: the same code with white space counted as another one."""
    code = second_factor(alice)[0]
    first = at_the_second_step(alice)
    assert first.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    again = at_the_second_step(alice)
    answer = again.post("/accounts/2fa/authenticate/", {"code": form.format(code)})
    assert answer.status_code == 200 and again.get("/api/v1/auth/me").status_code == 401


def test_letters_to_one_person_are_few(alice, settings, mailoutbox):
    settings.EMAIL_CONFIGURED = True
    codes = [
        place().post("/accounts/password/reset/", {"email": alice.email}).status_code
        for _ in range(5)
    ]
    assert codes == [302, 302, 302, 429, 429] and len(mailoutbox) == 3
    assert place().post("/accounts/password/reset/", {"email": "x@example.org"}).status_code == 302


@pytest.mark.parametrize("key", ["", "set-password", "x", "00-0", "0" * 5000, "%00", "null", "[]"])
def test_a_key_that_is_none_resets_nothing(alice, key):
    """Flowise CVE-2026-41276 (a null token), Dify CVE-2024-12776 (a code that was not checked)."""
    path = f"/accounts/password/reset/key/{alice.pk.hex}-{key}/"
    new = {"password1": "rambutan manis 7", "password2": "rambutan manis 7"}
    assert place().post(path, new).status_code in (200, 404)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_key_is_of_one_person(alice, bob):
    key = letters.link(alice, "").rstrip("/").rpartition("-")[2]
    stamp = letters.link(alice, "").rstrip("/").split("-")[-2]
    path = f"/accounts/password/reset/key/{bob.pk.hex}-{stamp}-{key}/"
    answer = place().get(path)
    assert answer.status_code == 200 and b"password1" not in answer.content
