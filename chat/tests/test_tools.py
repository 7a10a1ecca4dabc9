"""The search tool sees what its student sees."""

import json
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.tools import CITE, DOUBTFUL, NO_MATERIAL, NOTHING, UNREAD, Before, Looked, Searching
from core.db import in_thread
from documents.models import Document
from rag.search import Scope
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
    tool = Searching(alice, book, lambda _query, looked: counts.append(looked.count), 50_000)
    first = json.loads(await tool.run("heart"))
    second = json.loads(await tool.run("sugar"))
    assert [passage["mark"] for passage in first["passages"]] == [1, 2]
    assert sorted(passage["mark"] for passage in second["passages"]) == [1, 2]
    assert counts == [2, 2]
    assert first["passages"][0]["document"] == "a.txt" and first["passages"][0]["page"] == 1


async def test_neighbours_on_the_page_come_along(alice: User) -> None:
    def shelve_page() -> None:
        texts = ["The heart pumps blood.", "Leaves make sugar."]
        document(collection(alice), alice, "a.txt", texts, [0, 1], one_page=True)

    await in_thread(shelve_page)
    tool = Searching(alice, SourceBook(), lambda *_: None, 50_000)
    (passage,) = json.loads(await tool.run("heart"))["passages"]
    assert "Leaves make sugar." in passage["text"]


async def test_what_says_the_same_elsewhere_is_told_once(alice: User) -> None:
    text = "The heart pumps blood through the arteries of the body to all of its organs."
    for name in ("old.txt", "new.txt"):
        await in_thread(shelve, alice, name, [text])
    tool = Searching(alice, SourceBook(), lambda *_: None, 50_000)
    (passage,) = json.loads(await tool.run("heart"))["passages"]
    assert passage["also_in"] == ["new.txt, page 1"]


async def test_what_the_material_does_not_hold_is_said(alice: User) -> None:
    def shelve_stones() -> None:
        document(collection(alice), alice, "a.txt", ["Stones are hard."], [direction(0, 0.1)])

    await in_thread(shelve_stones)
    tool = Searching(alice, SourceBook(), lambda *_: None, 50_000)
    answer = json.loads(await tool.run("Who ruled the Ottoman empire in 1520?"))
    assert answer["passages"] and answer["note"].startswith(DOUBTFUL) and answer["doubtful"]


async def test_a_small_model_is_not_flooded(alice: User) -> None:
    texts = [
        "The heart pumps blood. " + f"More {n} about {n} the heart {n}. " * 20 for n in range(6)
    ]
    await in_thread(shelve, alice, "a.txt", texts)
    tool = Searching(alice, SourceBook(), lambda *_: None, 1500)
    answers = [await tool.run("heart") for _ in range(3)]
    counts = [len(json.loads(answer)["passages"]) for answer in answers]
    assert counts[0] < 6 and counts[1:] == [1, 1]
    assert len(answers[0]) < 2500 and max(map(len, answers[1:])) < 1200


async def test_a_steered_model_reaches_nothing_foreign(alice: User, bob: User) -> None:
    """Open WebUI CVE-2026-54016: a tool searched for its model, not for its user."""
    await in_thread(shelve, alice, "secret.txt", ["CANARY the heart pumps blood."])
    tool = Searching(bob, SourceBook(), lambda *_: None, 50_000)
    for query in ("CANARY heart", "secret.txt", "*", ""):
        answer = await tool.run(query)
        assert "CANARY the" not in answer and json.loads(answer)["passages"] == []


def waiting(owner: User, name: str, status: str = "PROCESSING", **fields: Any) -> Any:
    where = collection(owner)
    row = document(where, owner, name, [], [])
    Document.objects.filter(pk=row.pk).update(status=status, **fields)
    return where


async def test_files_that_are_still_being_read_are_named(alice: User, bob: User) -> None:
    await in_thread(shelve, alice, "a.txt", ["The heart pumps blood."])
    await in_thread(waiting, alice, "new.pdf")
    await in_thread(waiting, alice, "broken.pdf", "FAILED")
    await in_thread(waiting, alice, "again.pdf", processed_at=timezone.now())
    looked: list[Looked] = []
    tool = Searching(alice, SourceBook(), lambda _query, found: looked.append(found), 50_000)
    said = json.loads(await tool.run("heart"))
    assert said["unread"] == ["new.pdf"] and said["note"] == f"{UNREAD} {CITE}"
    assert looked == [Looked(1, unread=1)]
    foreign = json.loads(await Searching(bob, SourceBook(), lambda *_: None, 50_000).run("heart"))
    assert "unread" not in foreign


async def test_many_files_that_are_being_read_are_counted(alice: User) -> None:
    for number in range(7):
        await in_thread(waiting, alice, f"{number}.pdf", "UPLOADED")
    looked: list[Looked] = []
    tool = Searching(alice, SourceBook(), lambda _query, found: looked.append(found), 50_000)
    said = json.loads(await tool.run("heart"))
    assert said["unread"] == [f"{number}.pdf" for number in (6, 5, 4, 3, 2)]
    assert looked == [Looked(0, unread=7)] and "no_material" not in said


async def test_no_material_is_told_from_no_match(alice: User, charlie: User) -> None:
    await in_thread(waiting, alice, "broken.pdf", "FAILED")
    for person, note in ((alice, NOTHING), (charlie, NO_MATERIAL)):
        said = json.loads(await Searching(person, SourceBook(), lambda *_: None, 50_000).run("a"))
        assert said["note"] == note and said.get("no_material", False) is (person == charlie)


async def test_of_what_is_being_read_only_what_was_named_counts(alice: User) -> None:
    wanted = await in_thread(waiting, alice, "mine.pdf")
    await in_thread(waiting, alice, "other.pdf")
    for scope, names in (
        (Scope(collections=[wanted.pk], language="id"), ["mine.pdf"]),
        (Scope(collections=[]), []),
        (Scope(documents=[]), []),
    ):
        tool = Searching(alice, SourceBook(), lambda *_: None, 50_000, scope=scope)
        assert json.loads(await tool.run("heart")).get("unread", []) == names


async def test_a_question_that_leaves_its_subject_out_is_looked_up_with_it(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def query_vector(_model: Any, text: str, _caller: Any = None) -> Any:
        asked.append(text)
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    await in_thread(shelve, alice, "a.txt", ["The heart pumps blood."])
    before = Before(["What does the heart do?"], lambda: "The circulation")
    searching = Searching(alice, SourceBook(), lambda *_: None, 50_000, before=before)
    for query in ("and why?", "and leaves?", "What is a leaf?"):
        await searching.run(query)
    assert asked == [
        "What does the heart do? The circulation and why?",
        "What does the heart do? and leaves?",
        "What is a leaf?",
    ]


async def test_each_thing_compared_has_its_share_and_its_step(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def query_vector(_model: Any, text: str, _caller: Any = None) -> Any:
        return direction(1 if text == "leaves" else 0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    hearts = [
        f"Hearts pump blood, said for the {n}th time in its own {n} words." for n in "abcdefgh"
    ]
    await in_thread(shelve, alice, "hearts.txt", hearts)
    told: list[tuple[str, int | None]] = []
    counts: list[int] = []
    searching = Searching(
        alice,
        SourceBook(),
        lambda _query, looked: counts.append(looked.count),
        50_000,
        told=lambda query, count: told.append((query, count)),
    )

    def shelve_leaves() -> None:
        document(collection(alice), alice, "leaves.txt", ["Leaves make sugar."], [1])

    await in_thread(shelve_leaves)
    passages = json.loads(await searching.run("Compare hearts and leaves"))["passages"]
    assert len({passage["mark"] for passage in passages}) == len(passages) == counts[0] <= 6
    assert "leaves.txt" in [passage["document"] for passage in passages[:4]]
    assert [query for query, count in told if count is None] == ["hearts", "leaves"]
    assert {query for query, count in told if count} == {"hearts", "leaves"}
