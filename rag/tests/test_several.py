"""The query of the API is written from what was asked before, by the rule of the chat."""

import uuid
from typing import Any

import pytest

import rag.cache
import rag.search
from accounts.models import User
from core.redis import key, sync_client
from llm.errors import llm_error
from rag.search import Findings
from rag.several import merged
from rag.tests.library import collection, direction, document, embedding_model

TEXTS = ["The heart pumps blood.", "Leaves make sugar from light."]


@pytest.fixture
def one_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    async def query_vector(*_args: Any) -> Any:
        return direction(0)

    monkeypatch.setattr(rag.search, "query_vector", query_vector)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_axis")
def test_history_goes_into_the_query(alice: User, charlie: User, api: Any) -> None:
    document(collection(alice), alice, "a.txt", TEXTS, [0, 1])
    path = "/api/v1/rag/search?query=and+why%3F&history=Hi&history=What+does+the+heart+do%3F"
    body = api(alice).post(path).json()
    assert body["query"] == "and why?"
    assert body["queries"] == ["What does the heart do? and why?"]
    assert body["results"][0]["content"] == TEXTS[0]
    assert api(charlie).post(path).json()["results"] == []
    body = api(alice).post("/api/v1/rag/search?query=compare+hearts+and+leaves").json()
    assert body["queries"] == ["compare hearts and leaves", "hearts", "leaves"]
    assert body["count"] == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_axis")
def test_a_search_names_what_to_search_in(
    alice: User, bob: User, charlie: User, admin: User, api: Any
) -> None:
    hers, open_ = collection(alice), collection(None, is_open=True)
    mine = document(hers, alice, "a.txt", TEXTS[:1], [0])
    document(open_, admin, "open.txt", TEXTS[1:], [0])

    def names(user: User, scope: str = "") -> Any:
        answer = api(user).post(f"/api/v1/rag/search?query=hearts{scope}")
        if answer.status_code != 200:
            return answer.status_code
        return {row["filename"] for row in answer.json()["results"]}

    assert names(alice) == {"a.txt", "open.txt"}
    assert names(alice, f"&collections={hers.pk}") == {"a.txt"}
    assert names(alice, f"&collections={hers.pk}&collections={open_.pk}") == {"a.txt", "open.txt"}
    assert names(alice, f"&documents={mine.pk}") == {"a.txt"}
    assert names(alice, f"&collections={open_.pk}&documents={mine.pk}") == set()
    assert names(alice, "&language=en") == {"a.txt", "open.txt"}
    assert names(alice, "&language=id") == set()
    # An admin finds a student's own files where they are named, and only there.
    assert names(admin) == {"open.txt"}
    assert names(admin, f"&collections={hers.pk}") == {"a.txt"}
    for user in (bob, charlie):
        assert names(user, f"&collections={hers.pk}") == 404
        assert names(user, f"&documents={mine.pk}") == 404
    assert names(alice, f"&collections={uuid.uuid4()}") == 404
    assert names(alice, "&collections=mine") == 422


@pytest.mark.django_db(transaction=True)
def test_health_says_when_words_alone_are_searched(
    alice: User, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        async def embed(self, *_args: Any) -> Any:
            raise llm_error("timeout")

    model = embedding_model()
    sync_client().delete(key("query-trouble", model.pk))
    assert api(alice).get("/api/v1/rag/health").json()["words_only"] is False
    monkeypatch.setattr(rag.cache, "embedder", lambda *_args: Down())
    body = api(alice).post("/api/v1/rag/search?query=never+asked+before+here").json()
    assert body["words_only"] is True
    health = api(alice).get("/api/v1/rag/health").json()
    assert health["words_only"] is True and health["status"] == "unhealthy"
    sync_client().delete(key("query-trouble", model.pk))


def test_nothing_merged_is_nothing() -> None:
    assert merged([Findings([]), Findings([], words_only=True)], 5).words_only
