"""Find in a document: words on the stored text of its pages, as a reader types them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from documents import queries
from documents.asking import reading_as
from documents.models import Document, Page

MOST = 500
AROUND = 60
# What keyboards have one key for and books print in several ways; hyphens may be gone.
QUOTES = "['‘’‚´`]"
DOUBLE = '["“”„«»]'
DASHES = "[-‐‑‒–—−]"


@dataclass(frozen=True)
class Place:
    """Offsets into the page's text, with the words around on the same line."""

    page: int
    start: int
    end: int
    before: str
    match: str
    after: str


@dataclass(frozen=True)
class Places:
    """`truncated`: there are more than MOST."""

    places: list[Place]
    truncated: bool


def find(user: User, document_id: UUID | str, query: str) -> Places:
    """In reading order, blind to case, line breaks and kinds of quotes. Raises NotFound."""
    with reading_as(user):
        document = queries.document(user, document_id)
        return _places(document, query.split())


def _places(document: Document, words: Sequence[str]) -> Places:
    if not words:
        return Places([], False)
    pages = Page.objects.filter(document=document).order_by("number")
    # The database looks for the longest plain word: of 1,000 pages few are read here.
    plain = [word for word in words if word.isalnum()]
    if plain:
        pages = pages.filter(text__icontains=max(plain, key=len))
    wanted = re.compile(r"\s+".join(map(_pattern, words)), re.IGNORECASE)
    found: list[Place] = []
    for number, text in pages.values_list("number", "text").iterator(chunk_size=50):
        for place in _on_page(wanted, number, text):
            if len(found) == MOST:
                return Places(found, True)
            found.append(place)
    return Places(found, False)


def _pattern(word: str) -> str:
    out = re.escape(word)
    out = re.sub(r"['‘’´`]", QUOTES, out)
    out = re.sub(r'["“”„«»]', DOUBLE, out)
    return re.sub(r"\\?-|[‐‑–—−]", lambda _dash: DASHES, out)


def _on_page(wanted: re.Pattern[str], number: int, text: str) -> Iterator[Place]:
    for match in wanted.finditer(text):
        start, end = match.span()
        yield Place(
            number,
            start,
            end,
            " ".join(text[max(0, start - AROUND) : start].split("\n")),
            text[start:end],
            " ".join(text[end : end + AROUND].split("\n")),
        )
