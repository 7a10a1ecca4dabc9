"""One effect for a repeated request, also at the same moment."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connection

from core.errors import Invalid
from core.idempotency import fingerprint, once
from core.models import IdempotentRequest

USER = uuid.uuid4()


@pytest.mark.django_db
def test_the_second_request_gets_the_first_ones_result() -> None:
    calls: list[int] = []

    def effect() -> dict[str, Any]:
        calls.append(1)
        return {"id": len(calls)}

    assert once(USER, "k", "same", effect) == ({"id": 1}, True)
    assert once(USER, "k", "same", effect) == ({"id": 1}, False)
    assert once(uuid.uuid4(), "k", "same", effect) == ({"id": 2}, True)
    assert once(USER, "", "same", effect) == ({"id": 3}, True)


@pytest.mark.django_db
def test_another_request_under_the_key_is_refused() -> None:
    once(USER, "k", fingerprint("a"), dict)
    with pytest.raises(Invalid) as refused:
        once(USER, "k", fingerprint("b"), dict)
    assert refused.value.code == "key_reused"
    with pytest.raises(Invalid):
        once(USER, "k" * 201, "x", dict)


@pytest.mark.django_db(transaction=True)
def test_an_effect_that_fails_leaves_the_key_free() -> None:
    def fails() -> dict[str, Any]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(USER, "k", "same", fails)
    assert once(USER, "k", "same", lambda: {"ok": 1}) == ({"ok": 1}, True)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_have_one_effect() -> None:
    results: list[tuple[dict[str, Any], bool]] = []
    gate = threading.Barrier(20)

    def send() -> None:
        gate.wait()
        try:
            results.append(once(USER, "k", "same", lambda: {"id": uuid.uuid4().hex}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({str(result) for result, _ in results}) == 1
    assert sorted(new for _, new in results) == [False] * 19 + [True]
    assert IdempotentRequest.objects.count() == 1
