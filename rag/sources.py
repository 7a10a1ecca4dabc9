"""The passages of one answer, numbered as they are found."""

from collections.abc import Sequence
from dataclasses import dataclass

from documents.models import Chunk
from rag.passages import claims, locate
from rag.search import Hit


@dataclass(frozen=True)
class Source:
    number: int
    hit: Hit
    # The passage with its neighbours on the page: what the model reads.
    context: str


class SourceBook:
    """Numbers run on over all searches of a turn; the same passage keeps its number."""

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and 1 <= number <= len(self.sources)

    def add(self, hits: Sequence[Hit], contexts: dict[int, str]) -> list[Source]:
        """The sources of these hits in their order, new ones numbered on."""
        known = {source.hit.chunk_id: source for source in self.sources}
        out = []
        for hit in hits:
            if hit.chunk_id not in known:
                text = contexts.get(hit.chunk_id, hit.text)
                source = Source(len(self.sources) + 1, hit, text)
                self.sources.append(source)
                known[hit.chunk_id] = source
            out.append(known[hit.chunk_id])
        return out


def with_neighbours(hits: Sequence[Hit]) -> dict[int, str]:
    """chunk id → its page's text from the chunk before to the chunk after.

    A passage cut at 500 characters often misses the sentence that names its subject.
    """
    wanted = {(hit.document_id, hit.ordinal + step) for hit in hits for step in (-1, 0, 1)}
    chunks = Chunk.objects.filter(
        document__in={hit.document_id for hit in hits},
        ordinal__in={ordinal for _, ordinal in wanted},
    )
    found = {(chunk.document_id, chunk.ordinal): chunk for chunk in chunks}
    out = {}
    for hit in hits:
        near = [found.get((hit.document_id, hit.ordinal + step)) for step in (-1, 0, 1)]
        out[hit.chunk_id] = _joined([c for c in near if c is not None and c.page == hit.page])
    return out


def _joined(chunks: Sequence[Chunk]) -> str:
    """Texts that overlap on their page, as one."""
    text, end = "", 0
    for chunk in chunks:
        if not text:
            text = chunk.text
        elif chunk.start <= end:
            text += chunk.text[end - chunk.start :]
        else:
            text += "\n" + chunk.text
        end = max(end, chunk.end)
    return text


@dataclass(frozen=True)
class Cited:
    """A source as it is kept with the answer: offsets are into the page's text."""

    source: Source
    cited: bool
    start: int
    end: int
    excerpt: str
    verified: bool


def settle(answer: str, sources: Sequence[Source], page_texts: dict[int, str]) -> list[Cited]:
    """Bind each mark of the finished answer to its words on the page.

    `page_texts` maps a chunk id to the stored text of its page: a passage counts as verified when
    it stands there at its offsets and every quotation of the sentence stands in it.
    """
    wanted = claims(answer)
    return [_settled(source, wanted, page_texts.get(source.hit.chunk_id)) for source in sources]


def _settled(source: Source, wanted: dict[int, str], page: str | None) -> Cited:
    hit = source.hit
    on_page = page is not None and page[hit.start : hit.end] == hit.text
    if source.number not in wanted:
        return Cited(source, False, hit.start, hit.end, hit.text, on_page)
    span = locate(hit.text, wanted[source.number])
    start, end = hit.start + span.start, hit.start + span.end
    verified = span.verified
    if not verified and page is not None:
        # The model read the neighbours too: a quotation may stand just outside the chunk.
        wider = locate(page, wanted[source.number])
        if wider.verified:
            start, end, verified = wider.start, wider.end, True
    excerpt = page[start:end] if page is not None and on_page else hit.text
    return Cited(source, True, start, end, excerpt, on_page and verified)
