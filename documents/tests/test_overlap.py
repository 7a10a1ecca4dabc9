"""Embedding while reading: what is sent when, what is sent once, and what can be stopped."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
import pytest

from core.errors import Conflict
from documents import lexical, services
from documents.ingest import embed, origins, pipeline, reading, shelf
from documents.ingest.embed import Embedding
from documents.ingest.frames import Info, PageText
from documents.ingest.shelf import Shelf
from documents.models import Chunk, ChunkVector, Document, PendingVector, Posting
from documents.tests.conftest import DIMENSIONS, FakeEmbedder
from documents.tests.pdfs import make_pdf
from llm.base import Batching
from llm.errors import LLMError, llm_error
from llm.queries import current_embedding_model

PAGES = [f"Page {n} tells of leaf number {n * 7} and of its ink." for n in range(1, 41)]
TEXT = "\n\n".join(f"{page} " + "It was written long ago. " * 20 for page in PAGES).encode()


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "WINDOW", 8)
    monkeypatch.setattr(FakeEmbedder, "batching", Batching(texts=4, at_once=2), raising=False)


def test_passages_are_embedded_while_later_pages_are_read(
    alice: Any, ingest: Any, embedder: FakeEmbedder, small_windows: None, monkeypatch: Any
) -> None:
    sent_by_page: list[int] = []

    def pages(*_args: Any, **_options: Any) -> Iterator[Info | PageText]:
        yield Info(40)
        for number, text in enumerate(PAGES, start=1):
            sent_by_page.append(len(embedder.batches))
            yield PageText(number, text)

    monkeypatch.setattr(origins, "extract", pages)
    document = ingest(alice, make_pdf(["x"]))
    assert document.status == "PROCESSED" and Chunk.objects.count() == 40
    assert sent_by_page[5] == 0 and 0 < sent_by_page[20] < sent_by_page[-1] < 10
    for vector in ChunkVector.objects.select_related("chunk"):
        text = f"file\n{vector.chunk.text}"
        expected = [1 + text.count("etaoinsh"[n]) for n in range(DIMENSIONS)]
        expected = numpy.array(expected) / numpy.linalg.norm(expected)
        assert numpy.allclose(vector.vector, expected, atol=2e-3)


def test_nothing_is_visible_before_all_of_it_is(
    alice: Any, upload: Any, embedder: FakeEmbedder, small_windows: None
) -> None:
    document = upload(alice, TEXT, "a.txt")
    embedder.embed = _failing(embedder, after=3)  # type: ignore[method-assign]
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "FAILED" and Chunk.objects.count() == 0
    assert PendingVector.objects.count() >= 8, "what was paid for is kept"
    before = {text for batch in embedder.batches[:2] for text in batch}
    embedder.batches.clear()
    del embedder.embed  # type: ignore[method-assign]
    services.retry(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    document.refresh_from_db()
    again = [text for batch in embedder.batches for text in batch]
    assert document.status == "PROCESSED" and not before & set(again)
    assert PendingVector.objects.count() == 0


def _failing(fake: FakeEmbedder, after: int) -> Any:
    real = fake.embed

    async def embed_(texts: Sequence[str], kind: str) -> Any:
        if len(fake.batches) == after:
            fake.fail_with = [llm_error("auth")]
        return await real(texts, kind)

    return embed_


def _refusing(fake: FakeEmbedder, text: str) -> Any:
    real = fake.embed

    async def embed_(texts: Sequence[str], kind: str) -> Any:
        if text in texts:
            raise llm_error("auth")
        return await real(texts, kind)

    return embed_


def test_the_same_file_again_is_not_embedded_again(
    alice: Any, bob: Any, admin: Any, ingest: Any, embedder: FakeEmbedder
) -> None:
    first = ingest(admin, TEXT, "book.txt")  # into the open collection
    asked = len(embedder.batches)
    assert asked > 0
    for user in (alice, bob):
        other = ingest(user, TEXT, "book.txt")
        assert other.id != first.id and other.status == "PROCESSED"
    assert len(embedder.batches) == asked, "whoever may read it gets its vectors"
    vectors = ChunkVector.objects.order_by("chunk__ordinal")
    mine = [row.vector for row in vectors.filter(document=other)]
    assert mine == [row.vector for row in vectors.filter(document=first)]
    services.reprocess(actor=alice, document_id=Document.objects.get(owner=alice).id)
    pipeline.run(Document.objects.get(owner=alice).id)
    assert len(embedder.batches) == asked, "nor when it is read again"


def test_somebody_elses_private_file_saves_nobody_time(
    alice: Any, bob: Any, ingest: Any, embedder: FakeEmbedder
) -> None:
    ingest(alice, TEXT, "exam.txt")
    asked = len(embedder.batches)
    document = ingest(bob, TEXT, "exam.txt")
    assert document.is_new and len(embedder.batches) == 2 * asked


def test_only_so_much_is_under_way_at_once() -> None:
    running, most, three = 0, 0, threading.Event()

    class Slow:
        dimensions = 2
        batching = Batching(texts=2, characters=100, at_once=3)

        async def embed(self, texts: Sequence[str], kind: str) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            if running == 3:
                three.set()
            await asyncio.to_thread(three.wait, 10)
            running -= 1
            return numpy.array([[1.0, 0.0]] * len(texts), numpy.float32)

    embedding = Embedding(Slow(), 2)
    for number in range(50):
        embedding.add("x" * (number % 30) + str(number))
    assert embedding.finish().shape == (50, 2)
    assert most == 3 and embedding.sent == 25


def test_a_batch_is_never_too_long_and_padding_is_small() -> None:
    batches: list[list[str]] = []

    class Noting:
        dimensions = 1
        batching = Batching(texts=16, characters=4_000, at_once=1)

        async def embed(self, texts: Sequence[str], kind: str) -> Any:
            batches.append(list(texts))
            return numpy.ones((len(texts), 1), numpy.float32)

    embedding = Embedding(Noting(), 1)
    for number in range(1_000):
        embedding.add(f"{number} " + "w" * (number * 37 % 500))
    embedding.finish()
    assert max(len(batch) for batch in batches) == 16
    assert max(sum(map(len, batch)) for batch in batches) <= 4_000
    padded = sum(max(map(len, batch)) * len(batch) for batch in batches)
    assert padded < 1.05 * sum(len(text) for batch in batches for text in batch)


def test_a_provider_that_says_slower_is_asked_again_by_the_same_worker() -> None:
    asked = 0

    class Busy:
        dimensions = 1

        async def embed(self, texts: Sequence[str], kind: str) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise llm_error("rate_limited", 0.01)
            return numpy.ones((len(texts), 1), numpy.float32)

    embedding = Embedding(Busy(), 1)
    embedding.add("x")
    assert embedding.finish().tolist() == [[1.0]] and asked == 2


def test_cancel_while_waiting_and_retry(alice: Any, upload: Any, embedder: Any) -> None:
    document = upload(alice, TEXT, "a.txt")
    cancelled = services.cancel(actor=alice, document_id=document.id)
    assert (cancelled.status, cancelled.error_code) == ("FAILED", "cancelled")
    assert "retry" in cancelled.error
    pipeline.run(document.id)  # the message is still in the queue
    document.refresh_from_db()
    assert document.status == "FAILED" and Chunk.objects.count() == 0
    with pytest.raises(Conflict):
        services.cancel(actor=alice, document_id=document.id)
    services.retry(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "PROCESSED"


def test_cancel_while_it_is_read_ends_the_work(
    alice: Any, upload: Any, embedder: FakeEmbedder, small_windows: None, monkeypatch: Any
) -> None:
    document = upload(alice, TEXT, "a.txt")
    monkeypatch.setattr("documents.ingest.lease.PROGRESS_EVERY", 0.0)
    real = embedder.embed
    stopped = threading.Event()

    async def embed_(texts: Sequence[str], kind: str) -> Any:
        stopped.set()
        return await real(texts, kind)

    monkeypatch.setattr(embedder, "embed", embed_)
    tell = reading.Pass._tell

    def tell_and_cancel(self: Any) -> None:
        if stopped.is_set() and Document.objects.get().status == "PROCESSING":
            services.cancel(actor=alice, document_id=document.id)
        tell(self)

    monkeypatch.setattr(reading.Pass, "_tell", tell_and_cancel)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.error_code) == ("FAILED", "cancelled")
    assert Chunk.objects.count() == 0 and len(embedder.batches) < 8


def test_canceling_to_read_again_leaves_what_was_there(alice: Any, ingest: Any) -> None:
    document = ingest(alice, TEXT, "a.txt")
    before = Chunk.objects.count()
    services.reprocess(actor=alice, document_id=document.id)
    cancelled = services.cancel(actor=alice, document_id=document.id)
    assert (cancelled.status, cancelled.error_code) == ("PROCESSED", "")
    assert Chunk.objects.count() == before


def test_the_time_left_comes_from_the_measured_rate(
    alice: Any, upload: Any, embedder: FakeEmbedder, small_windows: None, monkeypatch: Any
) -> None:
    document = upload(alice, TEXT, "a.txt")
    told: list[tuple[str, float, float | None]] = []
    monkeypatch.setattr(
        "documents.ingest.lease.Lease.progress",
        lambda _self, stage, percent, left=None: told.append((stage, percent, left)),
    )
    pipeline.run(document.id)
    embedding = [entry for entry in told if entry[0] == "embed"]
    percents = [percent for _stage, percent, _left in told]
    assert percents == sorted(percents) and percents[-1] == pytest.approx(reading.EMBEDDED, abs=0.5)
    assert embedding[0][2] is None or embedding[0][2] >= 0
    assert any(left is not None for _stage, _percent, left in embedding)


def test_errors_of_the_embedder_end_the_document_without_hanging(
    alice: Any, upload: Any, embedder: FakeEmbedder
) -> None:
    document = upload(alice, TEXT, "a.txt")
    embedder.fail_with = [LLMError("no", "auth", False)] * 9
    pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.error_code) == ("FAILED", "embedder")


def test_small_batches_are_kept_together_and_none_is_lost_on_a_failure(
    embedder: FakeEmbedder, small_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[list[bytes]] = []

    def embedding() -> Embedding:
        made = Embedding(embedder, DIMENSIONS, keep=lambda digests, _rows: kept.append([*digests]))
        for number in range(40):
            made.add(f"text {number}")
        return made

    patient = Batching(texts=4, at_once=2, keep_within=300.0)
    monkeypatch.setattr(FakeEmbedder, "batching", patient, raising=False)
    embedding().finish()
    assert len(embedder.batches) == 10 and [len(set(digests)) for digests in kept] == [40]
    kept.clear()
    embedder.batches.clear()
    failing = embedding()
    # By the text, since calls for the first forty may still be under way.
    monkeypatch.setattr(embedder, "embed", _refusing(embedder, "text 40"))
    with pytest.raises(embed.EmbedderFailed):
        failing.add("text 40")
        failing.finish()
    failing.close()
    assert sum(map(len, kept)) >= 36, "what had come before the failure"


def test_terms_are_those_of_the_language_a_passage_turns_out_to_have(
    alice: Any, ingest: Any
) -> None:
    """Little text is taken for English at first, and stemmed anew when its document is not."""
    sentence = (
        "Para mahasiswa di pulau itu membaca daun lontar yang ditulis oleh guru mereka, dan "
        "mereka akan menulis pada daun yang lain dengan pisau yang dibuat untuk itu.\n\n"
    )
    pages = [sentence * 3, "Pembelajaran", sentence * 3]
    document = ingest(alice, make_pdf(pages), "bacaan.pdf")
    assert set(Chunk.objects.values_list("language", flat=True)) == {"id"}
    (term,) = lexical.document_terms("pembelajaran", "id")
    posting = Posting.objects.get(document=document, term=term)
    assert posting.page_numbers == [2]
    (english,) = lexical.document_terms("pembelajaran", "en")
    assert term != english and not Posting.objects.filter(term=english).exists()


def test_of_what_a_killed_worker_asked_only_calls_without_an_answer_are_asked_again() -> None:
    """The first call is slow: what comes after it is kept all the same, each at once."""
    kept: list[list[bytes]] = []
    batches: list[list[str]] = []
    slow = threading.Event()

    class Uneven:
        dimensions = 1
        batching = Batching(texts=4, at_once=3)

        async def embed(self, texts: Sequence[str], kind: str) -> Any:
            batches.append(list(texts))
            if len(batches) == 1:
                await asyncio.to_thread(slow.wait, 20)
            return numpy.ones((len(texts), 1), numpy.float32)

    class Killed(Exception):
        """Stands for the end of the process: nothing is tidied up after it."""

    def keep(digests: Sequence[bytes], _rows: Any) -> None:
        kept.append([*digests])
        if len(kept) == 7:
            raise Killed

    embedding = Embedding(Uneven(), 1, keep=keep)
    with pytest.raises(Killed):
        for number in range(40):
            embedding.add(f"text {number}")
        embedding.finish()
    asked = {embed.digest_of(text) for batch in batches for text in batch}
    lost = asked - {digest for digests in kept for digest in digests}
    slow.set()
    assert [len(digests) for digests in kept] == [4] * 7, "one call after the other"
    assert {embed.digest_of(text) for text in batches[0]} <= lost
    assert len(lost) <= 3 * 4, "at most the calls that run at once"


class Held:
    """An embedder that answers when it is let."""

    dimensions = 1
    batching = Batching(texts=4, at_once=2)

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.let = threading.Event()

    async def embed(self, texts: Sequence[str], kind: str) -> Any:
        self.batches.append(list(texts))
        await asyncio.to_thread(self.let.wait)
        return numpy.ones((len(texts), 1), numpy.float32)


def test_reading_goes_on_while_a_window_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding waits for the embedder only when a second window is full."""
    monkeypatch.setattr(embed, "WINDOW", 16)
    embedder = Held()
    embedding = Embedding(embedder, 1)
    waited_at: list[int] = []
    real = embedding._collect

    def waiting(tell: Any) -> None:
        waited_at.append(embedding._ahead)
        embedder.let.set()
        real(tell)

    monkeypatch.setattr(embedding, "_collect", waiting)
    for number in range(32):
        assert not waited_at
        embedding.add(f"text {number}")
    assert waited_at[0] == 32
    assert len(embedding.finish()) == 32 and sum(map(len, embedder.batches)) == 32


def test_the_first_window_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "FIRST_WINDOW", 8)
    embedder = Held()
    embedder.let.set()
    embedding = Embedding(embedder, 1)
    for number in range(8):
        embedding.add(f"text {number}")
    assert embedding.sent == 2
    for number in range(31):
        embedding.add(f"more {number}")
    assert embedding.taken and not embedding._queued and len(embedding._window) == 31
    embedding.close()


def test_a_document_that_is_gone_stops_at_the_next_batch_also_while_it_is_read(
    alice: Any, upload: Any, embedder: FakeEmbedder, small_windows: None, monkeypatch: Any
) -> None:
    def gone(_lease: Any) -> None:
        if embedder.batches:
            raise pipeline.LeaseLost

    monkeypatch.setattr(pipeline.Lease, "check", gone)
    pipeline.run(upload(alice, TEXT, "a.txt").id)
    assert 0 < len(embedder.batches) <= 4 and not ChunkVector.objects.exists()


def test_what_a_worker_puts_down_for_a_document_that_is_gone_is_swept(
    alice: Any, upload: Any, embedder: FakeEmbedder
) -> None:
    kept, gone = upload(alice, TEXT, "a.txt"), upload(alice, TEXT + b"!", "b.txt")
    gone_id, model = gone.id, current_embedding_model()
    services.delete(actor=alice, document_id=gone_id)
    rows = numpy.ones((2, DIMENSIONS), numpy.float16)
    for document_id in (kept.id, gone_id):
        Shelf(document_id, model).keep([b"0" * 16, b"1" * 16], rows)
    shelf.sweep()
    assert set(PendingVector.objects.values_list("document_id", flat=True)) == {kept.id}


def test_words_are_found_under_every_heading_and_only_the_last_is_embedded(
    alice: Any, ingest: Any, embedder: FakeEmbedder
) -> None:
    data = b"# Manuscripts\n\n## Leaves\n\nThey are dried in the shade.\n"
    document = ingest(alice, data, "notes.md")
    last = Chunk.objects.filter(document=document).latest("ordinal")
    assert last.heading == "Manuscripts > Leaves"
    for word in ("manuscripts", "leaves", "notes", "shade"):
        (term,) = lexical.document_terms(word, "en")
        assert last.pk in Posting.objects.get(document=document, term=term).chunk_ids
    (sent,) = [text for batch in embedder.batches for text in batch if "shade" in text]
    assert "Leaves" in sent and "Manuscripts" not in sent
