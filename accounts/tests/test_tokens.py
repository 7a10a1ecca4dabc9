"""Only a genuine, living access token opens anything (RFC 8725)."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from accounts import logins, tokens
from accounts import resolve as resolving
from accounts.models import ApiLogin
from accounts.resolve import bearer
from accounts.services import end_access
from accounts.tokens import Kind


def resolve(raw):
    return resolving.resolve(raw, "GET", "/api/v1/auth/me")


def resolve_token(raw):
    caller = resolve(raw)
    return caller and caller.user


@pytest.fixture
def login(alice):
    expires = timezone.now() + timedelta(days=1)
    return ApiLogin.objects.create(user=alice, expires_at=expires)


def forge(login, *, kind=Kind.ACCESS, key=None, algorithm="HS256", headers=None, **changes):
    now = timezone.now()
    claims = {
        "iss": tokens.ISSUER,
        "aud": kind.audience,
        "sub": str(login.user_id),
        "sid": str(login.pk),
        "num": 1,
        "stamp": tokens.stamp(login.user),
        "iat": now,
        "exp": now + timedelta(minutes=5),
        **changes,
    }
    # A time is given as so long from now: what is computed at import would age while tests run.
    claims = {
        name: now + value if isinstance(value, timedelta) else value
        for name, value in claims.items()
        if value is not None
    }
    headers = {"typ": kind.typ, **(headers or {})}
    key = kind.key() if key is None else key
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def test_the_forger_of_these_tests_knows_the_format(login):
    assert resolve_token(forge(login)) == login.user


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "lontar-refresh"},
        {"aud": None},
        {"iss": "elsewhere"},
        {"iss": None},
        {"exp": None},
        {"exp": -timedelta(seconds=12)},
        {"nbf": timedelta(minutes=1)},
        {"iat": timedelta(minutes=1)},
        {"sid": None},
        {"sid": "1"},
        {"sid": ["x"]},
        {"sub": "0" * 32},
        {"sub": None},
        {"stamp": "0" * 32},
        {"stamp": None},
        {"num": "many"},
        {"headers": {"typ": "JWT"}},
        {"headers": {"typ": None}},
        {"headers": {"typ": "refresh+jwt"}},
        {"headers": {"crit": ["x"], "x": 1}},
        {"key": "guess" * 10},
        {"kind": Kind.REFRESH},
    ],
    ids=str,
)
def test_a_token_that_is_off_in_one_point_is_refused(login, changes):
    assert resolve_token(forge(login, **changes)) is None


def test_keys_differ_by_purpose_and_from_the_secret(login):
    """LibreChat CVE-2025-41258, CVE-2026-33265: one secret signed tokens of two purposes."""
    assert Kind.ACCESS.key() != Kind.REFRESH.key()
    for key in (settings.SECRET_KEY, Kind.REFRESH.key()):
        assert resolve_token(forge(login, key=key)) is None


def test_other_algorithms_are_refused(login):
    """PyJWT CVE-2022-29217, RAGFlow #15181: one kind of signature taken for another, as the
    token itself said."""
    for algorithm in ("HS384", "HS512"):
        assert resolve_token(forge(login, algorithm=algorithm)) is None
    header, payload, _ = forge(login).split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "access+jwt"}).encode())
    assert resolve_token(f"{none.rstrip(b'=').decode()}.{payload}.") is None
    assert resolve_token(f"{header}.{payload}.") is None


@pytest.mark.parametrize("raw", ["", ".", "..", "a.b.c", "x" * 5000, "é.é.é", "\x00", "' OR 1=1"])
def test_noise_is_refused(db, raw):
    assert resolve(raw) is None


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer x", "x"),
        ("bearer  x ", "x"),
        ("Basic x", None),
        ("x", None),
        ("", None),
        ("Bearer", ""),
    ],
)
def test_bearer_header(header, token):
    assert bearer(header) == token


def test_refresh_is_no_access_and_access_no_refresh(alice, api):
    """LibreChat CVE-2026-31944, CVE-2026-54030: a token of one purpose opened another door."""
    pair = logins.open_login(actor=alice)
    assert resolve(pair.refresh_token) is None
    answer = api().post("/api/v1/auth/refresh", {"refresh_token": pair.access_token})
    assert answer.status_code == 401


def test_everything_that_ends_access_ends_tokens(alice):
    def deactivate():
        alice.is_active = False
        alice.save()

    def change_password():
        alice.is_active = True
        alice.set_password("another one entirely")
        alice.save()

    for end in (deactivate, change_password, lambda: end_access(alice)):
        alice.is_active = True
        alice.save()
        token = logins.open_login(actor=alice).access_token
        assert resolve(token) is not None
        end()
        assert resolve(token) is None


def test_activity_is_noted_now_and_then(alice, django_assert_num_queries):
    token = logins.open_login(actor=alice).access_token
    alice.refresh_from_db()
    assert alice.last_active_at is not None
    with django_assert_num_queries(1):
        resolve(token)
