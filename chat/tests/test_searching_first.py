"""A model that calls no tools answers from what a search finds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.models import Citation, Message
from chat.query_writing import written
from chat.tests.fakes import Script, ask, events_of, words
from core.db import in_thread
from llm.errors import llm_error
from llm.events import Completed, Event, TextDelta
from llm.messages import Request
from llm.models import LanguageModel
from rag.tests.library import collection, direction, document, embedding_model

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


class Writing:
    """Answers with a mark; writes queries as the test says."""

    def __init__(self, *queries: Any) -> None:
        self.queries = queries
        self.requests: list[Request] = []
        self.kinds: list[str] = []

    def build(self, _model: LanguageModel, caller: Any = None) -> "Playing":
        return Playing(self, caller.kind)


class Playing:
    def __init__(self, whole: Writing, kind: str) -> None:
        self.whole, self.kind = whole, kind

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.whole.kinds.append(self.kind)
        if self.kind != "query":
            self.whole.requests.append(request)
        said = self.whole.queries if self.kind == "query" else words("It pumps blood [1].")
        async for event in Script(*said).stream(request):
            yield event


@pytest.fixture
def asked(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    embedding_model()
    texts: list[str] = []

    async def query_vector(_model: Any, text: str, _caller: Any = None) -> Any:
        texts.append(text)
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    return texts


def _shelve(owner: User) -> None:
    document(collection(owner), owner, "a.txt", ["The heart pumps blood."], [0])


async def talk(
    user: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch, play: Writing, *texts: str
) -> list[dict[str, Any]]:
    """The events of the last answer."""
    monkeypatch.setattr("chat.turn.chat_model", play.build)
    await LanguageModel.objects.filter(pk=model.pk).aupdate(supports_tools=False)
    session = await in_thread(services.create_session, actor=user)
    events: list[dict[str, Any]] = []
    for text in texts:
        events = await events_of(await ask(user, session, text))
    return events


async def test_the_passages_come_with_the_question_and_are_cited(
    alice: User, model: LanguageModel, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_thread(_shelve, alice)
    play = Writing()
    events = await talk(alice, model, monkeypatch, play, "What does the heart do?")
    (request,) = play.requests
    assert request.tools == () and len(request.messages) == 1
    assert request.messages[0].text.startswith("What does the heart do?")
    assert "The heart pumps blood." in request.messages[0].text
    steps = [(e["status"], e["query"]) for e in events if e["type"] == "tool"]
    question = "What does the heart do?"
    assert steps == [("searching", question), ("completed", question)]
    assert await Citation.objects.filter(cited=True, page=1).acount() == 1
    saved = await Message.objects.aget(role="assistant")
    assert saved.steps[0]["results_count"] == 1 and play.kinds == ["chat"]


async def test_a_stranger_is_given_nothing(
    alice: User, bob: User, model: LanguageModel, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_thread(_shelve, alice)
    play = Writing()
    await talk(bob, model, monkeypatch, play, "What does the heart do?")
    assert "pumps blood" not in play.requests[0].messages[0].text


async def test_a_follow_up_is_written_by_the_model(
    alice: User, model: LanguageModel, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Writing(*words("Why does the heart pump blood?"))
    await talk(alice, model, monkeypatch, play, "What does the heart do?", "Why?")
    assert asked == ["What does the heart do?", "Why does the heart pump blood?"]
    assert play.kinds == ["chat", "query", "chat"]


class Without(Writing):
    """Its server takes no tools, which nobody knew."""

    def build(self, _model: LanguageModel, caller: Any = None) -> "Playing":
        return Refusing(self, caller.kind)


class Refusing(Playing):
    async def stream(self, request: Request) -> AsyncIterator[Event]:
        if request.tools:
            self.whole.kinds.append("refused")
            raise llm_error("no_tools")
        async for event in super().stream(request):
            yield event


async def test_a_server_that_takes_no_tools_is_found_out_once(
    alice: User, model: LanguageModel, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_thread(_shelve, alice)
    play = Without()
    monkeypatch.setattr("chat.turn.chat_model", play.build)
    session = await in_thread(services.create_session, actor=alice)
    events = await events_of(await ask(alice, session, "What does the heart do?"))
    assert [event["type"] for event in events if event["type"] == "error"] == []
    assert "The heart pumps blood." in play.requests[0].messages[0].text
    assert (await Citation.objects.aget(cited=True)).page == 1
    await model.arefresh_from_db()
    assert not model.supports_tools
    await events_of(await ask(alice, session, "What does the heart pump, and where to?"))
    assert play.kinds == ["refused", "chat", "chat"] and len(asked) == 2


@pytest.mark.parametrize("trouble", [llm_error("unavailable"), "slow"])
async def test_and_by_the_rule_when_it_does_not_answer(
    alice: User,
    model: LanguageModel,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    trouble: Any,
) -> None:

    monkeypatch.setattr("chat.query_writing.SECONDS", 0.05)
    play = Writing(asyncio.Event() if trouble == "slow" else trouble)
    await talk(alice, model, monkeypatch, play, "What does the heart do?", "Why?")
    assert asked[1] == "What does the heart do? Why?"


async def test_a_search_that_fails_leaves_the_model_to_answer_without(
    alice: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_given: Any, **_named: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("chat.tools.look_up_parts", broken)
    play = Writing()
    events = await talk(alice, model, monkeypatch, play, "What does the heart do?")
    assert [e["status"] for e in events if e["type"] == "tool"] == ["searching", "completed"]
    assert events[-1]["message"]["status"] == "complete"
    (request,) = play.requests
    assert "failed" not in str(request.messages)


async def test_a_greeting_is_not_looked_up(
    alice: User, model: LanguageModel, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk(alice, model, monkeypatch, Writing(), "Halo, selamat pagi")
    assert asked == []


async def test_parts_are_searches_of_their_own(
    alice: User, model: LanguageModel, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Writing(llm_error("unavailable"))
    events = await talk(alice, model, monkeypatch, play, "Compare hearts and leaves")
    assert sorted(asked) == ["Compare hearts and leaves", "hearts", "leaves"]
    ended = [e["query"] for e in events if e["type"] == "tool" and e["status"] == "completed"]
    assert sorted(ended) == sorted(asked) and ended[-1] == "Compare hearts and leaves"


async def test_what_a_model_writes_is_cut_down_to_queries() -> None:

    said = '1. Both\n- one\n* "two"\nBoth\nthree\nfour\n' + "x" * 900
    found = await written(Script(TextDelta(said), Completed()), "m", [], "?")
    assert found == ["Both", "one", "two", "three"]
