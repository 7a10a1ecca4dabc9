"""Where the words of a saved citation stand today.

Chunks are replaced when a file is read anew, and its pages may be cut differently then: a citation
holds on to its words. They are looked for where they were, on that page, and on the other pages,
the nearest first; then for what is nearly them.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F, Q
from django.db.models.functions import Abs

from accounts.models import User
from documents.asking import reading_as
from documents.models import Page
from rag.folding import fold
from rag.quotes import WORD, Found, digest, find_close, find_exact

SAME, MOVED, CHANGED = "same", "moved", "changed"
# Near the old page a text that was read a little differently is still recognised.
NEAR_PAGES = 2
MOST_PAGES = 200


@dataclass(frozen=True)
class Anchor:
    """`state`: SAME place, MOVED elsewhere in the document, or CHANGED (then without offsets)."""

    state: str
    page: int
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Words:
    """What is looked for, and where it stood; `excerpt_hash` is that of `text`."""

    text: str
    page: int
    start: int
    end: int
    excerpt_hash: str = ""


def anchor(user: User, document_id: uuid.UUID, words: Words) -> Anchor:
    """For who may read the document; anybody else finds it changed, and learns nothing of it."""
    with reading_as(user):
        return _anchor(document_id, words)


def _anchor(document_id: uuid.UUID, words: Words) -> Anchor:
    here = _text(document_id, words.page)
    if here is not None and _stands(here, words):
        return Anchor(SAME, words.page, words.start, words.end)
    for number, text in _likely_pages(document_id, words, here):
        found = find_exact(text, words.text, words.start)
        if found is not None:
            return _moved(words, number, found)
    near = Page.objects.filter(
        document_id=document_id,
        number__range=(max(1, words.page - NEAR_PAGES), words.page + NEAR_PAGES),
    ).order_by(Abs(F("number") - words.page))
    for number, text in near.values_list("number", "text"):
        found = find_close(text, words.text)
        if found is not None:
            return _moved(words, number, found)
    return Anchor(CHANGED, _nearest_page(document_id, words.page))


def _stands(page: str, words: Words) -> bool:
    there = page[words.start : words.end]
    return bool(there) and digest(there) == (words.excerpt_hash or digest(words.text))


def _moved(words: Words, number: int, found: Found) -> Anchor:
    same = (number, found.start, found.end) == (words.page, words.start, words.end)
    return Anchor(SAME if same else MOVED, number, found.start, found.end)


def _text(document_id: uuid.UUID, number: int) -> str | None:
    pages = Page.objects.filter(document_id=document_id, number=number)
    return pages.values_list("text", flat=True).first()


def _likely_pages(
    document_id: uuid.UUID, words: Words, here: str | None
) -> Iterator[tuple[int, str]]:
    """The old page, then those that hold the longest words, the nearest first."""
    if here is not None:
        yield words.page, here
    telling = sorted(set(WORD.findall(fold(words.text).text)), key=len)[-3:]
    holds = Q()
    for word in telling:
        # Ligatures and hyphens hide a word from the database: one of three is enough.
        holds |= Q(text__icontains=word)
    pages = Page.objects.filter(holds, document_id=document_id).exclude(number=words.page)
    nearest = pages.order_by(Abs(F("number") - words.page))
    yield from nearest.values_list("number", "text")[:MOST_PAGES].iterator(chunk_size=20)


def _nearest_page(document_id: uuid.UUID, number: int) -> int:
    last = Page.objects.filter(document_id=document_id).order_by("-number").first()
    return min(number, last.number) if last else number
