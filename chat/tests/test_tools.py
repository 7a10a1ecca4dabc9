"""The search tool sees what its student sees."""

import json
from typing import Any

import pytest

from accounts.models import User
from chat.tools import DOUBTFUL, document_search
from core.db import in_thread
from rag.sources import SourceBook
from rag.tests.library import collection, direction, document

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def _one_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question points along one axis."""

    async def query_vector(_model: Any, _text: str, _caller: Any = None) -> Any:
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)


def shelve(owner: User, name: str, texts: list[str]) -> None:
    document(collection(owner), owner, name, texts, list(range(len(texts))))


async def test_passages_are_numbered_on_over_two_searches(alice: User) -> None:
    await in_thread(shelve, alice, "a.txt", ["The heart pumps blood.", "Leaves make sugar."])
    book, counts = SourceBook(), []
    tool = document_search(alice, book, counts.append, 50_000)
    first = json.loads(await tool.run({"query": "heart"}))
    second = json.loads(await tool.run({"query": "sugar"}))
    assert [passage["mark"] for passage in first["passages"]] == [1, 2]
    assert sorted(passage["mark"] for passage in second["passages"]) == [1, 2]
    assert counts == [2, 2]
    assert first["passages"][0]["document"] == "a.txt" and first["passages"][0]["page"] == 1


async def test_neighbours_on_the_page_come_along(alice: User) -> None:
    def shelve_page() -> None:
        texts = ["The heart pumps blood.", "Leaves make sugar."]
        document(collection(alice), alice, "a.txt", texts, [0, 1], one_page=True)

    await in_thread(shelve_page)
    tool = document_search(alice, SourceBook(), lambda count: None, 50_000)
    (passage,) = json.loads(await tool.run({"query": "heart"}))["passages"]
    assert "Leaves make sugar." in passage["text"]


async def test_what_says_the_same_elsewhere_is_told_once(alice: User) -> None:
    text = "The heart pumps blood through the arteries of the body to all of its organs."
    for name in ("old.txt", "new.txt"):
        await in_thread(shelve, alice, name, [text])
    tool = document_search(alice, SourceBook(), lambda count: None, 50_000)
    (passage,) = json.loads(await tool.run({"query": "heart"}))["passages"]
    assert passage["also_in"] == ["new.txt, page 1"]


async def test_what_the_material_does_not_hold_is_said(alice: User) -> None:
    def shelve_stones() -> None:
        document(collection(alice), alice, "a.txt", ["Stones are hard."], [direction(0, 0.1)])

    await in_thread(shelve_stones)
    tool = document_search(alice, SourceBook(), lambda count: None, 50_000)
    answer = json.loads(await tool.run({"query": "Who ruled the Ottoman empire in 1520?"}))
    assert answer["passages"] and answer["note"].startswith(DOUBTFUL) and answer["doubtful"]


async def test_a_small_model_is_not_flooded(alice: User) -> None:
    texts = [
        "The heart pumps blood. " + f"More {n} about {n} the heart {n}. " * 20 for n in range(6)
    ]
    await in_thread(shelve, alice, "a.txt", texts)
    tool = document_search(alice, SourceBook(), lambda count: None, 1500)
    answers = [await tool.run({"query": "heart"}) for _ in range(3)]
    counts = [len(json.loads(answer)["passages"]) for answer in answers]
    assert counts[0] < 6 and counts[1:] == [1, 1]
    assert len(answers[0]) < 2500 and max(map(len, answers[1:])) < 1200


async def test_a_steered_model_reaches_nothing_foreign(alice: User, bob: User) -> None:
    await in_thread(shelve, alice, "secret.txt", ["CANARY the heart pumps blood."])
    tool = document_search(bob, SourceBook(), lambda count: None, 50_000)
    for query in ("CANARY heart", "secret.txt", "*", ""):
        answer = await tool.run({"query": query, "user": str(alice.pk), "documents": ["*"]})
        assert "CANARY the" not in answer and json.loads(answer)["passages"] == []
