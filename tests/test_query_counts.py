"""Lists cost the same number of queries for two rows and for twelve.

Run with LONTAR_RECORD_QUERIES=1 to write the numbers anew; the change then shows in the diff.
"""

import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import limits
from accounts.models import Group
from core.testing import person
from documents.models import ReembedJob
from llm.models import Budget, EmbeddingModel, LanguageModel, ModelCall
from tests.world import build, say

BASELINE = Path(__file__).with_name("query_counts.json")
LISTS = {
    "alice": [
        "/",
        "/api/v1/auth/me",
        "/api/v1/chat/config",
        "/api/v1/chat/sessions",
        "/api/v1/assistants",
        "/api/v1/chat/sessions/{session}",
        "/api/v1/files",
        "/api/v1/collections",
        "/api/v1/models",
        "/api/v1/usage/me",
    ],
    "admin": [
        "/api/v1/users",
        "/api/v1/users/{alice}/chats",
        "/api/v1/assistants",
        "/api/v1/prompts",
        "/api/v1/files",
        "/api/v1/collections",
        "/api/v1/models",
        "/api/v1/providers",
        "/api/v1/embeddings",
        "/api/v1/usage?group_by=user",
        "/admin/",
        "/admin/llm/languagemodel/",
        "/admin/llm/embeddingmodel/",
        "/admin/llm/modelcall/",
        "/admin/llm/modelcall/usage/",
        "/admin/llm/budget/",
        "/admin/accounts/group/",
        "/admin/documents/reembedjob/",
        "/admin/accounts/user/",
        "/admin/accounts/apilogin/",
        "/admin/prompts/prompt/",
        "/admin/documents/document/",
        "/admin/documents/collection/",
        "/admin/chat/assistant/",
        "/admin/chat/session/",
        "/admin/chat/message/",
        "/admin/chat/generation/",
    ],
}


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(queries)


@pytest.mark.parametrize("who", LISTS)
def test_lists_cost_what_they_did(db, alice, admin, who, monkeypatch):
    monkeypatch.setattr(limits, "KEPT_SECONDS", 3600)  # on a slow machine the minute runs out
    client = Client()
    client.force_login({"alice": alice, "admin": admin}[who])
    session = build(alice).session
    paths = {path: path.format(alice=alice.pk, session=session.pk) for path in LISTS[who]}
    _more(alice, session, 2)
    for address in paths.values():
        client.get(address)  # fills what is kept between requests
    few = {path: cost(client, address) for path, address in paths.items()}
    _more(alice, session, 10)
    many = {path: cost(client, address) for path, address in paths.items()}
    dear = {path: (few[path], many[path]) for path in paths if few[path] != many[path]}
    assert not dear, "each row costs a query"
    _compare({f"{who} {path}": number for path, number in many.items()})


def _more(alice, session, count: int) -> None:
    """More of everything, of alice and of others, and a longer talk in one session."""
    for number in range(count):
        say(session)
        build(alice, number=alice.chat_sessions.count())
        other = person(f"p{number}-{alice.chat_sessions.count()}")
        world = build(other)
        group = Group.objects.create(name=other.email)
        group.memberships.create(user=other)
        for member in (alice, other):
            ModelCall.objects.create(user=member, provider="P", model_name=f"m{number}", cost=1)
        Budget.objects.create(scope="user", user=other, limit_usd=1, cheaper_model=world.model)
        Budget.objects.create(scope="group", group=group, limit_usd=1)
        name = f"m{LanguageModel.objects.count()}"
        world.model.provider.language_models.create(name=name, display_name=name)
        embedding = EmbeddingModel.objects.create(kind="ollama", name=name, dimensions=8)
        ReembedJob.objects.create(model=embedding, started_by=alice, status="DONE")


def _compare(costs: dict[str, int]) -> None:
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if os.environ.get("LONTAR_RECORD_QUERIES"):
        BASELINE.write_text(json.dumps(known | costs, indent=2, sort_keys=True) + "\n")
        return
    more = {name: (number, known.get(name)) for name, number in costs.items()}
    more = {name: row for name, row in more.items() if row[0] > (row[1] or 0)}
    assert not more, "more queries than before"
