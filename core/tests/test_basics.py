"""Ids, process names, the language of sockets, the error shape."""

import os
import subprocess
import sys
from typing import Any

import pytest
from rest_framework import exceptions

from core.errors import NotFound, TooMany
from core.http import drf_exception_handler, field_errors
from core.ids import new_id
from core.language import scope_language
from core.process import is_gone, owner


def test_ids_are_version_seven_sorted_by_time_and_never_equal() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 1000
    assert ids[0].int >> 80 <= ids[-1].int >> 80


def test_a_living_process_is_not_gone_and_a_dead_one_is() -> None:
    assert not is_gone(owner())
    script = "from core.process import owner; print(owner())"
    dead = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert is_gone(dead)
    host, pid, _started = owner().rsplit(":", 2)
    assert pid == str(os.getpid())
    assert is_gone(f"{host}:{pid}:1")  # the same pid, another process
    assert not is_gone("another-host:1:1")


@pytest.mark.parametrize(
    ("preferred", "cookie", "accept", "expected"),
    [
        ("id", "", "en", "id"),
        ("", "django_language=id", "en", "id"),
        ("", "", "id-ID,en;q=0.5", "id"),
        ("", "", "fr,de", "en"),
        ("", "broken cookie;;=", "", "en"),
        ("xx", "django_language=../etc", "id", "id"),
    ],
)
def test_the_language_of_a_socket(preferred: str, cookie: str, accept: str, expected: str) -> None:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    assert scope_language({"headers": headers}, preferred) == expected


def test_nested_validation_errors_become_a_flat_list() -> None:
    assert field_errors({"a": ["bad"], "b": {"c": [{"d": ["worse"]}]}}) == [
        {"field": "a", "message": "bad"},
        {"field": "b.c.d", "message": "worse"},
    ]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("x"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=12.3), 429, "too_many"),
    ],
)
def test_every_error_has_the_one_shape(error: Exception, status: int, code: str) -> None:
    response: Any = drf_exception_handler(error, {})
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert f'"code": "{code}"' in response.content.decode()


def test_too_many_says_when_to_come_back() -> None:
    response: Any = drf_exception_handler(TooMany(7), {})
    assert response["Retry-After"] == "7"
