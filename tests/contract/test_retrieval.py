"""rag/search, rag/health, rag/config: what is found, and in what state the finding is."""

import pytest

from core.ids import new_id
from rag.tests.library import collection, direction, document, embedding_model
from tests.contract.shape import is_problem

pytestmark = pytest.mark.django_db(transaction=True)
SEARCH, HEALTH, CONFIG = (f"/api/v1/rag/{name}" for name in ("search", "health", "config"))
RESULT_OF_S1 = {
    "chunk_id",
    "content",
    "document_id",
    "filename",
    "page",
    "similarity_score",
    "chunk_index",
    "metadata",
}


@pytest.fixture(autouse=True)
def axes(monkeypatch):
    """A question lies on the axis of its number of words."""

    async def query_vector(_model, text, _caller=None):
        return direction(len(text.split()))

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    embedding_model()


@pytest.fixture
def hers(alice):
    """Two pages of alice's, on axes 1 and 2."""
    texts = ["Leaves are green by chlorophyll.", "The heart pumps blood through the body."]
    return document(collection(alice), alice, "notes.txt", texts, [1, 2])


def test_search(api, alice, hers):
    answer = api(alice).post(f"{SEARCH}?query=chlorophyll&top_k=1")
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() >= {"query", "results", "count", "top_k", "threshold"}
    assert (body["query"], body["count"], body["top_k"]) == ("chlorophyll", 1, 1)
    (found,) = body["results"]
    assert found.keys() >= RESULT_OF_S1
    assert (found["document_id"], found["filename"]) == (str(hers.pk), "notes.txt")
    assert (found["page"], found["chunk_index"]) == (1, 0)
    assert 0 < found["similarity_score"] <= 1
    assert found["metadata"].keys() >= {"title", "heading", "start", "end"}
    assert api(alice).post(f"{SEARCH}?query=chlorophyll").json()["top_k"] == 5


def test_the_threshold_is_told_and_kept(api, alice, hers):
    body = api(alice).post(f"{SEARCH}?query=chlorophyll&similarity_threshold=0.99").json()
    assert body["threshold"] == 0.99
    assert [row["page"] for row in body["results"]] == [1]
    # No passage is as near as that to a question of nine words.
    far = "+".join(["nine"] * 9)
    assert api(alice).post(f"{SEARCH}?query={far}&similarity_threshold=0.5").json()["count"] == 0


def test_a_search_within_named_material(api, alice, hers):
    other = document(collection(alice), alice, "more.txt", ["More on chlorophyll."], [1])
    for one in (hers, other):
        for query in (f"documents={one.pk}", f"collections={one.collection_id}"):
            found = api(alice).post(f"{SEARCH}?query=chlorophyll&top_k=20&{query}").json()
            assert {row["document_id"] for row in found["results"]} == {str(one.pk)}
    assert api(alice).post(f"{SEARCH}?query=chlorophyll&language=id").json()["count"] == 0


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_others_find_nothing_and_may_name_nothing(api, who, hers, request):
    client = api(request.getfixturevalue(who))
    assert client.post(f"{SEARCH}?query=chlorophyll").json()["results"] == []
    for name, value in (("documents", hers.pk), ("collections", hers.collection_id)):
        named = client.post(f"{SEARCH}?query=chlorophyll&{name}={value}")
        nothing = client.post(f"{SEARCH}?query=chlorophyll&{name}={new_id()}")
        assert is_problem(named, 404, "not_found") == nothing.json()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "query"),
        ("query=", "query"),
        ("query=" + "x" * 2001, "query"),
        ("query=x&top_k=0", "top_k"),
        ("query=x&top_k=21", "top_k"),
        ("query=x&top_k=five", "top_k"),
        ("query=x&similarity_threshold=2", "similarity_threshold"),
        ("query=x&similarity_threshold=near", "similarity_threshold"),
        ("query=x&documents=notes.txt", "documents.0"),
        ("query=x" + "&history=y" * 21, "history"),
    ],
)
def test_what_cannot_be_searched(api, alice, query, field):
    is_problem(api(alice).post(f"{SEARCH}?{query}"), 422, "invalid", field)


def test_top_k_from_1_to_20(api, alice, hers):
    for top_k in (1, 20):
        assert api(alice).post(f"{SEARCH}?query=heart&top_k={top_k}").json()["top_k"] == top_k
    is_problem(api(alice).get(f"{SEARCH}?query=heart"), 405, "method_not_allowed")


def test_health_and_config(api, alice, hers):
    body = api(alice).get(HEALTH).json()
    assert body.keys() >= {"status", "embeddings", "pgvector", "errors"}
    assert body["embeddings"] == {"available": True, "model": "all-MiniLM-L6-v2"}
    counts = {"total_chunks": 2, "total_documents": 1, "processed_documents": 1}
    assert body["pgvector"].items() >= ({"available": True} | counts).items()
    assert (body["status"], body["errors"]) == ("healthy", [])
    settings = api(alice).get(CONFIG).json()
    assert (settings["embedding_model"], settings["embedding_dimensions"]) == (
        "all-MiniLM-L6-v2",
        384,
    )
    assert settings["top_k"] == {"default": 5, "max": 20}


def test_nobody_searches(api):
    is_problem(api().post(f"{SEARCH}?query=x"), 401, "not_authenticated")
    for path in (HEALTH, CONFIG):
        is_problem(api().get(path), 401, "not_authenticated")
