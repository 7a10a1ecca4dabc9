"""A document from UPLOADED to PROCESSED: claim, extract, chunk, embed, store."""

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from documents import storage, switching, vector_indexes
from documents.doorbell import announce
from documents.ingest import archives, chunking, languages, origins
from documents.ingest.chunking import Draft
from documents.ingest.cleaning import has_words
from documents.ingest.embed import BATCH, EmbedderFailed, embed, passage
from documents.ingest.extract import Crashed
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.lease import ATTEMPTS, BACKOFF, Lease, LeaseLost, Stopping
from documents.ingest.readers import archive
from documents.ingest.shelf import Shelf
from documents.ingest.store import ModelSwitched, Reading, store
from documents.models import Document
from documents.names import title_of
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from llm.services import Caller, embedder

if TYPE_CHECKING:
    from documents.ingest.embed import Vector

log = logging.getLogger(__name__)
Stage = Document.Stage
# Shares of the whole, in percent: where each stage begins. Embedding is nearly all of the time.
EXTRACTED, CHUNKED, EMBEDDED = 15, 18, 95
# A worker reads at most this many large files at once, so that one thread is left for small ones.
LARGE_AT_ONCE = 2
LARGE_PAGES = 60
_large_places = threading.BoundedSemaphore(LARGE_AT_ONCE)


class NoPlace(Exception):
    """The file turned out to be large while all places for large ones are taken."""


class Place:
    """One of this worker's few places for large files, taken at most once."""

    def __init__(self) -> None:
        self.taken = False

    def take(self) -> bool:
        self.taken = self.taken or _large_places.acquire(blocking=False)
        return self.taken

    def give_back(self) -> None:
        if self.taken:
            _large_places.release()


def run(document_id: UUID) -> list[UUID]:
    """Read a document, if it is there to be read; safe to call twice, in parallel and late.

    Returns the documents to send next: a large one that had to wait for the place given back.
    """
    place = Place()
    large = Document.objects.filter(id=document_id, is_large=True).exists()
    if large and not place.take():
        # Without the mark it is one of those that are sent again when a place is free.
        Document.objects.filter(id=document_id).update(enqueued_at=None)
        return []
    try:
        lease = Lease.claim(document_id)
        following = _work(lease, place) if lease is not None else []
    finally:
        place.give_back()
    return following + (_waiting_for_a_place() if place.taken else [])


def _waiting_for_a_place() -> list[UUID]:
    waiting = Document.objects.filter(
        status=Document.Status.UPLOADED, is_large=True, enqueued_at=None, retry_at=None
    )
    return list(waiting.order_by("uploaded_at").values_list("id", flat=True)[:1])


def _work(lease: Lease, place: Place) -> list[UUID]:
    """The documents to send next: those that came out of an archive."""
    following: list[UUID] = []
    document = Document.objects.get(id=lease.document_id)
    try:
        with lease.kept():
            if document.kind == archive.KIND:
                following = archives.unpack(lease, document)
            else:
                _read(lease, document, place)
        announce(document.owner_id, document.id)
        if not settings.KEEP_ORIGINAL_FILES:
            _drop_original(document)
    except LeaseLost:
        log.info("document %s was taken over or deleted", document.id)
    except (NoPlace, Stopping) as error:
        lease.release(
            status=Document.Status.UPLOADED,
            is_large=document.is_large or isinstance(error, NoPlace),
            enqueued_at=None,
            attempts=document.attempts - 1,
            progress=0,
        )
    except Unreadable as error:
        log.info("document %s: %s (%s)", document.id, error.code, error.detail)
        _fail(lease, error.code)
    except Crashed as error:
        log.warning("document %s: the reader died: %s", document.id, error.detail)
        _try_again(lease, document, error.code)
    except EmbedderFailed as error:
        log.warning("document %s: %s", document.id, error)
        _try_again(lease, document, "embedder", hopeless=not error.retryable)
    except Exception:
        log.exception("document %s could not be read", document.id)
        _try_again(lease, document, "internal")
    return following


def _read(lease: Lease, document: Document, place: Place) -> None:
    info, pages = read_pages(lease, document, place)
    lease.stage(Stage.CHUNK, EXTRACTED)
    title = title_of(document.original_filename)
    drafts = list(chunking.chunk(pages, document.kind))
    spoken, language = _languages(drafts)
    texts = [passage(title, draft.heading, draft.text) for draft in drafts]
    vectors: dict[EmbeddingModel, Vector] = {}
    while True:
        _embed(lease, document, texts, vectors)
        lease.stage(Stage.INDEX, EMBEDDED)
        reading = Reading(info, pages, drafts, spoken, language, title, vectors)
        with suppress(ModelSwitched):
            store(lease, document, reading)
            return


def _embed(
    lease: Lease,
    document: Document,
    texts: Sequence[str],
    vectors: "dict[EmbeddingModel, Vector]",
) -> None:
    """Add what is missing: by the current model, and by one that is to take its place."""
    wanted = switching.models_to_write()
    models = [model for model in wanted if model not in vectors]
    width = (EMBEDDED - CHUNKED) / max(1, len(models))
    for number, model in enumerate(models):
        start = CHUNKED + number * width
        lease.stage(Stage.EMBED, start)
        try:
            vectors[model] = _vectors(lease, document, texts, model, (start, width))
        except (EmbedderFailed, Unreadable) as error:
            if model == wanted[0]:
                raise
            # The change itself will fill this in, or tell what is wrong with the new model.
            log.warning("document %s has no vectors by %s yet: %s", document.id, model, error)
    vector_indexes.ensure(current_embedding_model())


def _vectors(
    lease: Lease,
    document: Document,
    texts: Sequence[str],
    model: EmbeddingModel,
    span: tuple[float, float],
) -> "Vector":
    """By one model; those of an earlier try are taken from the shelf, new ones put there."""
    kept = Shelf(document.id, model)
    start, width = span

    def tell(share: float, left: float) -> None:
        lease.progress(Stage.EMBED, start + share * width, left)

    # A single batch is lost or there: nothing of it could be kept.
    keep = kept.keep if len(texts) > BATCH else None
    known = kept.find(texts)
    payer = Caller(document.owner_id, kind="embedding")
    hired = embedder(model, payer)
    return embed(texts, hired, model.dimensions, tell, known=known, keep=keep)


def read_pages(lease: Lease, document: Document, place: Place) -> tuple[Info, Sequence[PageText]]:
    """All pages in order; the second reader is tried when the first one dies."""
    path = storage.path_of(document.filename)
    try:
        info, pages = _extract(lease, document, place, second=False)
    except Crashed as error:
        log.warning("document %s: first reader died (%s)", document.id, error.detail)
        info, pages = _extract(lease, document, place, second=True)
    if not any(has_words(page.text) for page in pages):
        raise Unreadable("no_text", f"{len(pages)} pages of {path.name} without a letter")
    return info, pages


def _extract(
    lease: Lease, document: Document, place: Place, second: bool
) -> tuple[Info, list[PageText]]:
    info, pages = Info(0), []
    for frame in origins.frames(document, second=second):
        if isinstance(frame, PageText):
            pages.append(frame)
            share = len(pages) / max(1, info.page_count)
            lease.progress(Stage.EXTRACT, share * EXTRACTED)
            continue
        info = frame
        origins.named(document, info)
        lease.write(page_count=info.page_count)
        if info.page_count > LARGE_PAGES and not place.take():
            raise NoPlace
    return info, pages


def _languages(drafts: Sequence[Draft]) -> tuple[list[str], str]:
    """(the language of each passage, the document's); a rare guess is taken for the main one."""
    guessed = [languages.guess(draft.text) for draft in drafts]
    counts = Counter(code for code in guessed if code)
    main = counts.most_common(1)[0][0] if counts else ""
    sure = {code for code, count in counts.items() if count * 20 >= len(drafts)}
    return [code if code in sure else main for code in guessed], main


def _fail(lease: Lease, code: str) -> None:
    lease.release(status=Document.Status.FAILED, error_code=code, progress=0)


def _try_again(lease: Lease, document: Document, code: str, hopeless: bool = False) -> None:
    """Back to the queue after a pause, or FAILED when the attempts are used up."""
    if hopeless or document.attempts >= ATTEMPTS:
        _fail(lease, code)
        return
    pause = BACKOFF[document.attempts - 1]
    lease.release(
        status=Document.Status.UPLOADED, enqueued_at=None, retry_at=Now() + pause, progress=0
    )


def _drop_original(document: Document) -> None:
    dropped = Document.objects.filter(
        id=document.id, status=Document.Status.PROCESSED, filename=document.filename
    ).update(filename="")
    if dropped:
        storage.remove(document.filename)
