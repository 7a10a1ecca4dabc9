import json
from contextlib import aclosing

import pytest
from django.utils import translation

from llm.base import Abilities, Endpoint
from llm.events import Finished, TextDelta, ToolStarted
from llm.loop import Tool, run_turn
from llm.messages import Request, ToolSpec, assistant, user
from llm.providers.builtin import QuotingModel

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
PASSAGES = [
    {
        "mark": 4,
        "document": "cells.pdf",
        "page": 12,
        "heading": "Energy",
        "text": "The mitochondrion makes\nmost of the ATP of a cell. It has two membranes.",
    },
    {"mark": 5, "document": "other.pdf", "page": 1, "heading": "", "text": "Cats sleep a lot."},
]
NOTICE = "*No language model is set up, so I only quote from your material.*"


async def ask(*texts, passages=PASSAGES, tools=True, fails=False, **found):
    """The conversation's last text is asked; answers (text, queries)."""
    queries = []

    async def search(arguments):
        queries.append(arguments["query"])
        if fails:
            raise RuntimeError
        return json.dumps({"passages": passages, "note": "quoted material", **found})

    messages = [
        user(text) if place % 2 == 0 else assistant(text) for place, text in enumerate(texts)
    ]
    request = Request(model="quotes", messages=tuple(messages))
    offered = [Tool(ToolSpec("document_search", "", SCHEMA), search)] if tools else []
    model = QuotingModel(Endpoint("builtin", ""), Abilities())
    async with aclosing(run_turn(model, request, offered)) as events:
        seen = [event async for event in events]
    assert isinstance(seen[-1], Finished) and seen[-1].stop_reason == "stop"
    assert len([event for event in seen if isinstance(event, ToolStarted)]) == len(queries)
    return "".join(event.text for event in seen if isinstance(event, TextDelta)), queries


async def test_it_searches_once_and_quotes_with_marks():
    text, queries = await ask("What makes most of the ATP?")
    assert queries == ["What makes most of the ATP?"]
    assert text.splitlines()[0] == "This is what your material says:"
    assert "“The mitochondrion makes most of the ATP of a cell.” [4]" in text
    assert text.endswith(NOTICE) and "[5]" not in text


async def test_a_short_follow_up_is_searched_with_the_question_before():
    _, queries = await ask("What makes most of the ATP?", "The mitochondrion.", "and where?")
    assert queries == ["What makes most of the ATP? and where?"]


async def test_a_full_question_is_searched_alone():
    _, queries = await ask("Hello there", "Hello!", "How many membranes has a mitochondrion?")
    assert queries == ["How many membranes has a mitochondrion?"]


async def test_nothing_found_says_what_to_do():
    text, _ = await ask("What is a quark?", passages=[])
    assert "I found nothing about this" in text and text.endswith(NOTICE)


async def test_files_that_are_still_being_read_are_told_of():
    text, _ = await ask("What is a quark?", passages=[], unread=["bab 3.pdf"])
    assert text.startswith("“bab 3.pdf” is still being read and could not be searched yet.")
    text, _ = await ask("What makes most of the ATP?", unread=["a.pdf", "[4](x)<b>`.pdf"])
    assert "[4]" in text and "“a.pdf”, “4 x b .pdf” are still being read" in text
    text, _ = await ask("Apa itu fotosintesis?", passages=[], unread=["bab 3.pdf"])
    assert text.startswith("“bab 3.pdf” masih dibaca")


async def test_where_there_is_no_material_it_says_so():
    text, _ = await ask("What is a quark?", passages=[], no_material=True)
    assert text.startswith("There is no material to answer from yet.")


async def test_what_only_comes_near_is_not_sold_as_an_answer():
    text, _ = await ask("Who was the first president of Indonesia?")
    assert text.startswith("I found no sentence that answers this directly.")


async def test_a_failed_search_is_told():
    text, _ = await ask("What is a cell?", fails=True)
    assert "did not work" in text


async def test_without_a_search_tool_it_says_so():
    text, queries = await ask("What is a cell?", tools=False)
    assert "cannot search" in text and queries == []


@pytest.mark.parametrize("greeting", ["hi", "Halo!", "terima kasih", "Good morning"])
async def test_a_greeting_needs_no_search(greeting):
    text, queries = await ask(greeting)
    assert queries == [] and NOTICE not in text


async def test_an_odd_result_is_survived():
    text, _ = await ask("What is a cell?", passages=[{"mark": "x"}, 3, {"mark": 1, "text": ""}])
    assert "I found nothing" in text


async def test_the_words_come_in_the_language_of_the_question(monkeypatch):
    used = []
    override = translation.override

    def spy(code):
        used.append(code)
        return override(code)

    monkeypatch.setattr(translation, "override", spy)
    await ask("Apa yang menghasilkan energi di dalam sel?")
    with override("id"):
        await ask("ATP")
        await ask("Where is ATP made?")
    assert used == ["id", "id", "en"]
