"""Nobody's one file waits behind another person's folder."""

from typing import Any

import pytest

from documents import tasks, turns
from documents.models import Document

pytestmark = pytest.mark.django_db


def test_who_has_many_files_waiting_goes_behind_who_has_few(
    upload: Any, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(
        tasks.ingest, "apply_async", lambda priority, **_options: sent.append(priority)
    )
    for number in range(turns.MANY + 2):
        upload(alice, f"Catatan {number}.".encode(), f"{number}.txt")
    few, some = turns.FEW, turns.MANY - turns.FEW
    assert sent == [turns.FIRST] * few + [turns.SOON] * some + [turns.LATER] * 2
    mine = upload(bob, b"Satu catatan.", "satu.txt")
    assert sent[-1] == turns.FIRST
    # What was read no longer counts, and what was said explicitly holds.
    Document.objects.exclude(id=mine.id).update(status="PROCESSED")
    assert turns.priority(mine.id) == turns.FIRST
    tasks.enqueue(mine.id, priority=9)
    assert sent[-1] == 9
