"""schemathesis finds nothing: as nobody, a student, an admin and the superadmin."""

import re
from collections import Counter

import pytest

from accounts.logins import open_login
from core.testing import person
from documents import tasks
from documents.collections import default_collection
from llm.models import EmbeddingModel
from prompts.services import ensure_default_prompt
from tests import fuzzing
from tests.browser import server
from tests.world import build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOWN = 100


@pytest.fixture
def ids(monkeypatch, settings):
    """The ids of alice's things by the name of the parameter. No worker is told of anything."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "1000000/m")
    for name in ("enqueue", "enqueue_web", "enqueue_removal"):
        monkeypatch.setattr(tasks, name, lambda *args, **options: True)
    EmbeddingModel.objects.update_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    ensure_default_prompt()
    default_collection()
    world = build(person("alice"))
    return {re.sub(r"<\w+:(\w+)>", r"\1", name): str(value) for name, value in world.ids.items()}


@pytest.mark.parametrize("role", [None, "student", "admin", "superadmin"])
def test_nothing_is_found(ids, role):
    headers = {}
    if role is not None:
        login = open_login(actor=person("somebody", role=role), client="a test")
        headers["Authorization"] = f"Bearer {login.access_token}"
    try:
        # Whom nearly every door refuses before it looks at what was sent is asked less.
        thorough = role in ("student", "superadmin")
        found = list(fuzzing.run(server.address(), headers, ids, thorough=thorough))
    finally:
        server.come_to_rest()
    kinds = Counter(line.split(": ")[0] for line in found)
    assert not found, f"{dict(kinds)}\n" + "\n".join(found[:SHOWN])
