"""One pass over a file: pages are split and sent to the embedder while later ones are still read.

What needs the whole document waits for its end: the language of passages whose own is a guess, and
the terms of those whose language turns out to be another one. Vectors depend on nothing that comes
later.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from documents import lexical, switching
from documents.ingest import chunking, languages, origins
from documents.ingest.chunking import Draft
from documents.ingest.cleaning import has_words
from documents.ingest.embed import EmbedderFailed, Embedding, passage
from documents.ingest.extract import Crashed
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.known import Known
from documents.ingest.lease import Lease
from documents.ingest.places import LARGE_PAGES, NoPlace, Place
from documents.ingest.postings import Counted
from documents.ingest.store import Reading
from documents.models import Document
from documents.names import title_of
from llm.models import EmbeddingModel
from llm.services import Caller, embedder

if TYPE_CHECKING:
    from documents.ingest.embed import Vector

log = logging.getLogger(__name__)
Stage = Document.Stage
# Percent. Embedding is nearly all of the time, so what is read ahead of it counts for little.
READ, EMBEDDED = 10, 96


def read(lease: Lease, document: Document, place: Place) -> Reading:
    """All of a document; the second reader is tried when the first one dies."""
    try:
        return Pass(lease, document, place).read(second=False)
    except Crashed as error:
        log.warning("document %s: first reader died (%s)", document.id, error.detail)
        return Pass(lease, document, place).read(second=True)


def begin(document: Document, model: EmbeddingModel) -> Embedding:
    """An empty embedding that knows what was embedded before, and keeps what is new."""
    known = Known(document, model)
    hired = embedder(model, Caller(document.owner_id, kind="embedding"))
    return Embedding(hired, model.dimensions, known.find, known.keep)


class Pass:
    """One try, by one reader."""

    def __init__(self, lease: Lease, document: Document, place: Place) -> None:
        self._lease = lease
        self._document = document
        self._place = place
        self._title = title_of(document.original_filename)
        self._info = Info(0)
        self._pages: list[PageText] = []
        self._drafts: list[Draft] = []
        self._spoken = languages.Spoken()
        self._counted: list[Counted] = []
        self._read_all = False
        self._percent = 0.0
        # The model that is searched with comes first, then one that is to take its place.
        self._embeddings = {model: begin(document, model) for model in switching.models_to_write()}
        self._first = next(iter(self._embeddings))
        self._vectors: dict[EmbeddingModel, Vector] = {}

    def read(self, *, second: bool) -> Reading:
        try:
            with closing(self._read_pages(second)) as pages:
                for draft in chunking.chunk(pages, self._document.kind):
                    self._take(draft)
            self._end_of_pages()
            for model in list(self._embeddings):
                with self._forgiving(model):
                    self._vectors[model] = self._embeddings[model].finish(self._tell)
            return self._reading()
        finally:
            for embedding in self._embeddings.values():
                embedding.close()

    def _read_pages(self, second: bool) -> Iterator[PageText]:
        with closing(origins.frames(self._document, second=second)) as frames:
            for frame in frames:
                if isinstance(frame, PageText):
                    self._pages.append(frame)
                    self._tell()
                    yield frame
                    continue
                self._info = frame
                origins.named(self._document, frame)
                self._title = title_of(self._document.original_filename)
                self._lease.write(page_count=frame.page_count)
                if frame.page_count > LARGE_PAGES and not self._place.take():
                    raise NoPlace

    def _take(self, draft: Draft) -> None:
        self._drafts.append(draft)
        self._counted.append(self._count(draft, self._spoken.add(draft.text)))
        text = passage(self._title, draft.heading, draft.text)
        for model in list(self._embeddings):
            with self._forgiving(model):
                self._embeddings[model].add(text, self._tell)

    def _end_of_pages(self) -> None:
        if not any(has_words(page.text) for page in self._pages):
            raise Unreadable("no_text", f"{len(self._pages)} pages without a letter")
        self._read_all = True
        if not self._is_embedding:
            self._lease.stage(Stage.CHUNK, READ)
            self._lease.stage(Stage.EMBED, READ)

    @contextmanager
    def _forgiving(self, model: EmbeddingModel) -> Iterator[None]:
        """The change of the model fills in what the next one did not do, or tells its trouble."""
        try:
            yield
        except (EmbedderFailed, Unreadable) as error:
            if model == self._first:
                raise
            log.warning("document %s: no vectors by %s yet: %s", self._document.id, model, error)
            self._embeddings.pop(model).close()

    @property
    def _is_embedding(self) -> bool:
        return any(embedding.sent for embedding in self._embeddings.values())

    def _tell(self) -> None:
        """How far this is, by the characters that have their vectors; never less than before."""
        read = 1.0 if self._read_all else min(1.0, len(self._pages) / max(1, self._info.page_count))
        if not self._is_embedding and not self._read_all:
            self._lease.progress(Stage.EXTRACT, read * READ)
            return
        shares, seconds = [], 0.0
        for embedding in self._embeddings.values():
            expected = max(1.0, embedding.taken / max(read, 1e-3))
            shares.append(embedding.done / expected)
            if embedding.rate:
                seconds += (expected - embedding.done) / embedding.rate
        percent = READ + (EMBEDDED - READ) * sum(shares) / len(shares)
        self._percent = max(self._percent, percent)
        self._lease.progress(Stage.EMBED, self._percent, seconds or None)

    def _reading(self) -> Reading:
        spoken, language = self._spoken.settle()
        return Reading(
            info=self._info,
            pages=self._pages,
            drafts=self._drafts,
            languages=spoken,
            language=language,
            title=self._title,
            digests=self._embeddings[self._first].digests,
            counted=list(map(self._recounted, self._drafts, self._counted, spoken)),
            vectors=self._vectors,
        )

    def _recounted(self, draft: Draft, counted: Counted, language: str) -> Counted:
        if counted.stemmer == lexical.stemmer_of(language):
            return counted
        return self._count(draft, language)

    def _count(self, draft: Draft, language: str) -> Counted:
        return Counted.of_passage(self._title, draft, language)


def catch_up(document: Document, reading: Reading) -> None:
    """Add the vectors of the model that searches use by now: it changed in the meantime."""
    model = switching.models_to_write()[0]
    embedding = begin(document, model)
    with closing(embedding):
        for draft in reading.drafts:
            embedding.add(passage(reading.title, draft.heading, draft.text))
        reading.vectors[model] = embedding.finish()
