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
CASES = [(who, path) for who, paths in LISTS.items() for path in paths]


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(queries)


@pytest.mark.parametrize(("who", "path"), CASES, ids=[f"{who} {path}" for who, path in CASES])
def test_a_list_costs_what_it_did(db, alice, admin, who, path):
    client = Client()
    client.force_login({"alice": alice, "admin": admin}[who])
    session = build(alice).session
    address = path.format(alice=alice.pk, session=session.pk)
    _more(alice, session, 2)
    client.get(address)  # fills what is kept between requests
    few = cost(client, address)
    _more(alice, session, 10)
    many = cost(client, address)
    assert few == many, "each row costs a query"
    _compare(f"{who} {path}", many)


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


def _compare(name: str, number: int) -> None:
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if os.environ.get("LONTAR_RECORD_QUERIES"):
        known[name] = number
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return
    assert number <= known.get(name, 0), f"{name}: {number} queries, {known.get(name)} before"
