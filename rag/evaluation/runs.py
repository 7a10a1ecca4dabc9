"""Asking all questions of a folder through the search behind every answer."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import User
from core.db import in_thread
from documents.models import Collection, Document, Page
from llm.queries import current_embedding_model
from rag.evaluation.folders import Folder, Question, docname
from rag.evaluation.metrics import Entry
from rag.reranker_models import Reranker
from rag.search import MAX_TOP_K, Hit, Ranking, Scope, search

AT_ONCE = 3


@dataclass(frozen=True)
class Answer:
    """What was found for one question, best first, and how long it took."""

    question: Question
    hits: list[Hit]
    seconds: float


async def ask(
    user: User,
    collection: Collection,
    questions: Sequence[Question],
    ranking: Ranking,
    reranker: Reranker | None = None,
) -> list[Answer]:
    """In the order of the questions, ordered again by `reranker` alone, whichever is in use.

    Raises llm.errors.LLMError as soon as a question cannot be embedded or not be ordered again.
    """
    model = await in_thread(current_embedding_model)
    scope = Scope(collections=[collection.id])
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(question: Question) -> Answer:
        async with gate:
            begin = time.perf_counter()
            found = await search(
                user,
                question.text,
                top_k=MAX_TOP_K,
                scope=scope,
                ranking=ranking,
                model=model,
                reranker=reranker,
            )
            return Answer(question, found, time.perf_counter() - begin)

    return list(await asyncio.gather(*map(one, questions)))


class Translator:
    """Hits in a set's own words: rows for a run file, entries for the measures."""

    def __init__(self, folder: Folder, collection: Collection, keys: dict[UUID, list[str]]):
        self.folder = folder
        self._keys = keys
        spans = folder.kind == "spans"
        self._starts = _page_starts(folder, collection, keys) if spans else {}
        make: dict[str, Callable[[Hit, str], Any]] = {
            "pages": lambda hit, key: {"doc": key, "page": hit.page},
            "passages": lambda _hit, key: key,
            "spans": self._span,
        }
        self._make = make[folder.kind]

    def ranked(self, hits: Sequence[Hit]) -> list[Any]:
        """As a run file has it."""
        return [self._make(place, key) for place, key in self._places(hits)]

    def _places(self, hits: Sequence[Hit]) -> Iterator[tuple[Hit, str]]:
        """Each hit under all its names, then the places that say the same."""
        for hit in hits:
            yield from ((hit, key) for key in self._keys[hit.document_id])
            for other in hit.also_in:
                there = replace(hit, page=other.page, document_id=other.document_id)
                yield from ((there, key) for key in self._keys[other.document_id])

    def entries(self, question: Question, hits: Sequence[Hit]) -> list[Entry]:
        return [self._entry(question, row) for row in self.ranked(hits)]

    def all_entries(self, answers: Sequence[Answer]) -> dict[str, list[Entry]]:
        """{question id: entries}"""
        return {each.question.id: self.entries(each.question, each.hits) for each in answers}

    def _entry(self, question: Question, row: Any) -> Entry:
        if isinstance(row, str):
            return Entry(row, {(row,)})
        name = docname(row["doc"])
        if "page" in row:
            unit = (name, row["page"])
            return Entry(unit, {unit})
        first, last = row["start"], row["end"]
        held = {
            unit
            for unit in question.gold
            if unit[0] == name and _overlap(first, last, unit) * 2 >= _length(unit)
        }
        return Entry((name, first, last), held)

    def _span(self, hit: Hit, key: str) -> dict[str, Any]:
        start = self._starts.get((key, hit.page), 0)
        return {"doc": key, "start": start + hit.start, "end": start + hit.end}


def _overlap(first: int, last: int, unit: tuple[Any, ...]) -> int:
    return int(min(last, unit[2]) - max(first, unit[1]))


def _length(unit: tuple[Any, ...]) -> int:
    return int(unit[2] - unit[1])


def _page_starts(
    folder: Folder, collection: Collection, keys: dict[UUID, list[str]]
) -> dict[tuple[str, int], int]:
    """Where each page of a text begins in the file's own characters."""
    texts = {file.key: file.data.decode() for file in folder.files()}
    starts: dict[tuple[str, int], int] = {}
    place: dict[str, int] = {}
    pages = Page.objects.filter(document__collection=collection).order_by("document", "number")
    for document_id, number, text in pages.values_list("document_id", "number", "text"):
        for key in keys.get(document_id, []):
            begin = texts[key].find(text[:60], place.get(key, 0))
            starts[key, number] = begin if begin >= 0 else place.get(key, 0)
            place[key] = starts[key, number] + len(text)
    return starts


async def endings(collection: Collection, keys: dict[UUID, list[str]]) -> dict[str, str]:
    """{file: "text" when it was read, else the code of why not}."""

    def read() -> dict[str, str]:
        found = Document.objects.filter(collection=collection)
        rows = found.values_list("id", "status", F("error_code"))
        done = Document.Status.PROCESSED
        return {
            key: "text" if status == done else code
            for document_id, status, code in rows
            for key in keys.get(document_id, [])
        }

    return await in_thread(read)
