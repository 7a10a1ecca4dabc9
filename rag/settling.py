"""The finished answer against the stored pages: what is cited, where its words stand, and how."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.passages import Claim, claims, nearest
from rag.quotes import CLOSE, EXACT, MISSING, Found, find_exact, find_quote
from rag.sources import Source

# The answer says it in its own words: nothing is claimed to stand anywhere.
OWN_WORDS = "own_words"
SHORTEST_SENTENCE = 24
Pages = Mapping[tuple[uuid.UUID, int], str]


@dataclass(frozen=True)
class Quote:
    """A quotation of the answer; offsets are into the text of the source's page.

    A missing one has no offsets; `elsewhere` is the number of the one source on whose page it
    stands instead.
    """

    text: str
    match: str
    start: int | None = None
    end: int | None = None
    elsewhere: int | None = None


@dataclass(frozen=True)
class Cited:
    """A source as it is kept with the answer: offsets are into the page's text.

    `match` is that of its worst quotation, OWN_WORDS without one, "" for what is not cited.
    """

    source: Source
    cited: bool
    start: int
    end: int
    excerpt: str
    match: str = ""
    quotes: tuple[Quote, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether every word that was quoted stands on this page."""
        return self.match in (EXACT, CLOSE)


def settle(answer: str, sources: Sequence[Source], pages: Pages) -> list[Cited]:
    """Bind each mark of the finished answer to its words on the page.

    `pages` maps (document id, page) to the stored text: quotations are looked for there, not in
    what the model was sent.
    """
    made = claims(answer)
    out = []
    for source in sources:
        mine = [claim for claim in made if source.number in claim.numbers]
        page = pages.get((source.hit.document_id, source.hit.page))
        out.append(_settled(source, mine, page, sources, pages))
    return out


def _settled(
    source: Source,
    mine: Sequence[Claim],
    page: str | None,
    sources: Sequence[Source],
    pages: Pages,
) -> Cited:
    hit = source.hit
    on_page = page is not None and page[hit.start : hit.end] == hit.text
    if not mine or page is None:
        return Cited(source, bool(mine), hit.start, hit.end, hit.text, MISSING if mine else "")
    quotes = [q for claim in mine for q in _quotes(claim, source, page, sources, pages)]
    found = [q for q in quotes if q.start is not None and q.end is not None]
    if found:
        start, end = found[0].start or 0, found[0].end or 0
    elif on_page:
        first, last = nearest(hit.text, " ".join(claim.text for claim in mine))
        start, end = hit.start + first, hit.start + last
    else:
        start, end = hit.start, hit.end
    excerpt = page[start:end] if found or on_page else hit.text
    return Cited(source, True, start, end, excerpt, _worst(quotes), tuple(quotes))


def _worst(quotes: Sequence[Quote]) -> str:
    matches = {quote.match for quote in quotes}
    return next((match for match in (MISSING, CLOSE, EXACT) if match in matches), OWN_WORDS)


def _quotes(
    claim: Claim, source: Source, page: str, sources: Sequence[Source], pages: Pages
) -> list[Quote]:
    if not claim.quotations:
        # A sentence that ends in a mark may be the page's own, without quotation marks.
        found = find_exact(page, claim.text, source.hit.start)
        if found is None or len(claim.text) < SHORTEST_SENTENCE:
            return []
        return [Quote(claim.text, EXACT, found.start, found.end)]
    out = []
    for text in claim.quotations:
        found = find_quote(page, text, source.hit.start)
        if found is not None:
            out.append(Quote(text, found.match, found.start, found.end))
        elif not _by_another(text, claim, source, sources, pages):
            out.append(Quote(text, MISSING, elsewhere=_elsewhere(text, sources, pages)))
    return out


def _by_another(
    text: str, claim: Claim, source: Source, sources: Sequence[Source], pages: Pages
) -> bool:
    """Whether another mark of the same group has the quotation: then this one backs the rest."""
    others = [s for s in sources if s.number in claim.numbers and s.number != source.number]
    return any(_find(other, text, pages) for other in others)


def _elsewhere(text: str, sources: Sequence[Source], pages: Pages) -> int | None:
    places: dict[tuple[uuid.UUID, int], int] = {}
    for source in sources:
        place = (source.hit.document_id, source.hit.page)
        if place not in places and find_exact(pages.get(place, ""), text):
            places[place] = source.number
    return next(iter(places.values())) if len(places) == 1 else None


def _find(source: Source, text: str, pages: Pages) -> Found | None:
    page = pages.get((source.hit.document_id, source.hit.page), "")
    return find_quote(page, text, source.hit.start)
