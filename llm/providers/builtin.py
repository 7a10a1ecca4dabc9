"""The built-in answerer: with no key and no network it answers by quoting what was found.

It keeps the same contract as every model: it calls the search tool, reads its result and streams an
answer with marks. What it says is in the language of the question.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.follow_ups import is_greeting, stand_alone
from llm.base import Abilities, Endpoint
from llm.events import Completed, Event, TextDelta
from llm.messages import Message, Request, ToolCall, ToolResult, ToolSpec, Usage
from llm.quoting.choose import Passage, choose
from llm.quoting.quotations import quotations
from llm.quoting.words import language

SEARCH = "document_search"
PIECE = re.compile(r"\S+\s*|\s+")
UNSAFE = re.compile(r"[\[\]()<>`*\\$|~#\x00-\x1f]+")


class QuotingModel:
    """A ``ChatModel`` that needs no provider. It takes at most one search for each question."""

    def __init__(self, endpoint: Endpoint, abilities: Abilities) -> None:
        self.endpoint = endpoint
        self.abilities = abilities

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        questions = _questions(request)
        question = questions[-1] if questions else ""
        results = _results(request)
        search = next((tool for tool in request.tools if tool.name == SEARCH), None)
        if search and request.call_tools and not results and not is_greeting(question):
            yield ToolCall("search-1", SEARCH, {_argument(search): _query(questions)})
            yield Completed(_usage(request, ""), "tool_calls")
            return
        with translation.override(_language(question)):
            answer = _answer(question, questions, results)
        pieces = PIECE.findall(answer)
        said = pieces[: request.max_tokens or None]
        for piece in said:
            yield TextDelta(piece)
        is_whole = len(said) == len(pieces)
        yield Completed(_usage(request, "".join(said)), "stop" if is_whole else "length")


def _answer(question: str, questions: list[str], results: list[ToolResult]) -> str:
    if is_greeting(question):
        return _("Hello! Ask me something about your course material, and I will look it up.")
    if any(result.is_error for result in results):
        return _("The search did not work just now. Try again in a moment.")
    passages = [passage for result in results for passage in _passages(result.content)]
    if not passages:
        return "\n\n".join([_nothing(results), _notice()])
    asked = _query(questions)
    choice = choose(asked, passages)
    quoted = quotations(asked, passages, choice)
    if not quoted:
        return "\n\n".join([_nothing(results), _notice()])
    if choice.direct and not all(_is_doubtful(result.content) for result in results):
        opening = _("This is what your material says:")
    else:
        opening = _("I found no sentence that answers this directly. These come closest:")
    if any(_body(result.content).get("words_only") is True for result in results):
        opening = _("Only words were searched just now, not meanings.") + " " + opening
    lines = [f"“{quotation.text}” [{quotation.mark}]" for quotation in quoted]
    return "\n\n".join([opening, *lines, *_unread(results), _notice()])


def _nothing(results: list[ToolResult]) -> str:
    if not results:
        return _("I cannot search any material in this chat, so I have nothing to answer from.")
    if unread := _unread(results):
        return unread[0]
    if any(_body(result.content).get("no_material") is True for result in results):
        return _(
            "There is no material to answer from yet. Add a file, or ask your lecturer for it, and "
            "ask again."
        )
    return _(
        "I found nothing about this in your material. Ask with other words, or add a document "
        "that covers it."
    )


def _unread(results: list[ToolResult]) -> list[str]:
    """The sentence on files that could not be searched yet, if there are any."""
    rows = [row for result in results for row in _body(result.content).get("unread", [])]
    # Whoever names a file could write a mark or a link into the answer.
    names = dict.fromkeys(UNSAFE.sub(" ", str(row)).strip() for row in rows)
    if not names:
        return []
    said = ngettext(
        "%(files)s is still being read and could not be searched yet. Ask again in a minute.",
        "%(files)s are still being read and could not be searched yet. Ask again in a minute.",
        len(names),
    )
    return [said % {"files": ", ".join(f"“{name}”" for name in names)}]


def _notice() -> str:
    return "*" + _("No language model is set up, so I only quote from your material.") + "*"


def _questions(request: Request) -> list[str]:
    texts = [message.text.strip() for message in request.messages if message.role == "user"]
    return [text for text in texts if text]


def _query(questions: list[str]) -> str:
    """What to look for: the question, with those before it when it cannot stand alone."""
    return stand_alone(questions[-1], questions[:-1]) if questions else ""


def _argument(search: ToolSpec) -> str:
    """The name of the tool's argument that takes the words to look for."""
    names = search.parameters.get("properties", {})
    return "query" if "query" in names else next(iter(names), "query")


def _results(request: Request) -> list[ToolResult]:
    """Search results given since the last question."""
    found: list[ToolResult] = []
    for message in reversed(request.messages):
        if message.role == "user":
            break
        found = _results_in(message) + found
    return found


def _results_in(message: Message) -> list[ToolResult]:
    parts = [part for part in message.parts if isinstance(part, ToolResult)]
    return [part for part in parts if part.name == SEARCH]


def _passages(content: str) -> Iterator[Passage]:
    """The passages of a search result; what is not one is left out."""
    rows: list[Any] = _body(content).get("passages", [])
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("mark"), int) and row.get("text"):
            about = f"{row.get('document') or ''} {row.get('heading') or ''}"
            yield Passage(row["mark"], str(row["text"]), re.sub(r"[_.-]+", " ", about))


def _is_doubtful(content: str) -> bool:
    """The search says that the material probably holds no answer."""
    return _body(content).get("doubtful") is True


def _body(content: str) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _language(question: str) -> str:
    return language(question) or translation.get_language() or "en"


def _usage(request: Request, answer: str) -> Usage:
    """Words stand in for tokens: nothing here costs anything."""
    read = sum(len(message.text.split()) for message in request.messages)
    return Usage(input_tokens=read, output_tokens=len(answer.split()))
