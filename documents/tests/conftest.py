import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest

from documents import services, tasks
from documents.ingest import lease, pipeline, reading
from documents.models import Document
from llm.models import EmbeddingModel

DIMENSIONS = 8


class FakeEmbedder:
    """Vectors from the letters of a text; remembers what it was asked."""

    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fail_with: list[Exception] = []

    async def embed(self, texts: Sequence[str], kind: str) -> Any:
        assert kind == "document"
        self.batches.append(list(texts))
        if self.fail_with:
            raise self.fail_with.pop(0)
        rows = numpy.array(
            [[1 + text.count("etaoinsh"[n]) for n in range(DIMENSIONS)] for text in texts],
            numpy.float32,
        )
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a lease would be renewed, by a thread that does not see a test's rows."""
    monkeypatch.setattr(lease, "HEARTBEAT", 300.0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the documents sent to the workers; nothing is really sent."""
    ids: list[str] = []
    monkeypatch.setattr(tasks.ingest, "apply_async", lambda args, **_options: ids.append(args[0]))
    return ids


@pytest.fixture
def embedder(db: None, monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    EmbeddingModel.objects.update(is_current=False)
    EmbeddingModel.objects.create(
        id=30000, kind="local", name="letters", dimensions=DIMENSIONS, is_current=True
    )
    fake = FakeEmbedder()
    monkeypatch.setattr(reading, "embedder", lambda _model, _caller=None: fake)
    return fake


@pytest.fixture
def upload(
    sent: list[str], db: None, django_capture_on_commit_callbacks: Any
) -> Callable[..., Document]:
    """`upload(alice, b"...", "name.pdf")`: through the service, without a request."""

    def put(actor: Any, data: bytes, name: str = "file.pdf", **options: Any) -> Document:
        with django_capture_on_commit_callbacks(execute=True):
            return services.upload(actor=actor, file=io.BytesIO(data), name=name, **options)

    return put


@pytest.fixture
def ingest(upload: Any, embedder: FakeEmbedder) -> Callable[..., Document]:
    """Upload and read at once; the document as it ended."""

    def put(actor: Any, data: bytes, name: str = "file.pdf", **options: Any) -> Document:
        document = upload(actor, data, name, **options)
        pipeline.run(document.id)
        document.refresh_from_db()
        return document

    return put
