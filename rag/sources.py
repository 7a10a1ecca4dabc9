"""The passages of one answer, numbered as they are found."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from documents.asking import reading_as
from documents.models import Chunk
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


def with_neighbours(user: User, hits: Sequence[Hit]) -> dict[int, str]:
    """chunk id → its page's text from the chunk before to the chunk after.

    A passage alone often misses the sentence that names its subject.
    """
    wanted = {(hit.document_id, hit.ordinal + step) for hit in hits for step in (-1, 0, 1)}
    chunks = Chunk.objects.filter(
        document__in={hit.document_id for hit in hits},
        ordinal__in={ordinal for _, ordinal in wanted},
    )
    with reading_as(user):
        found = {(chunk.document_id, chunk.ordinal): chunk for chunk in chunks}
    out = {}
    for hit in hits:
        near = [found.get((hit.document_id, hit.ordinal + step)) for step in (-1, 0, 1)]
        text = _joined([c for c in near if c is not None and c.page == hit.page])
        # Read anew, or closed to the asker, since it was found.
        out[hit.chunk_id] = text or hit.text
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
