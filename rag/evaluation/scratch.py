"""The collections an evaluation searches in: made by the ordinary upload, kept for the next run."""

import hashlib
import io
import time
from concurrent.futures import wait
from pathlib import Path
from uuid import UUID

from django.conf import settings

from accounts.models import User
from core.db import submit
from documents import collections, services
from documents.models import Collection, Document
from llm.queries import current_embedding_model
from rag.evaluation.folders import File, Folder

# Nobody can log in as this one, and what it owns is read by nobody but administrators.
ADDRESS = "evaluation@lontar.invalid"
COMPLETE = "complete"
AT_ONCE = 3
PATIENCE = 0.3
# Thousands of texts, out of a file that this process has parsed already.
PARAGRAPHS = ("passages", "spans")
Status = Document.Status


def evaluator() -> User:
    """The owner of all scratch collections."""
    found = User.objects.filter(email=ADDRESS).first()
    if found and not found.is_active:  # whoever is switched off reads nothing, not even their own
        User.objects.filter(pk=found.pk).update(is_active=True)
        found.is_active = True
    return found or User.objects.create_user(ADDRESS, full_name="Evaluation")


def collection_of(folder: Folder, user: User) -> tuple[Collection, dict[UUID, list[str]]]:
    """(a collection with all files of the folder read, {document id: what the set calls it}).

    It is found again by the content of the folder, the code that reads and the embedding model;
    an older one of the same folder is removed.
    """
    files = list(folder.files())
    digest = hashlib.sha256((folder.digest() + _index_version()).encode()).hexdigest()[:16]
    name = f"{folder.name} {digest}"
    mine = Collection.objects.filter(owner=user)
    for old in mine.filter(name__startswith=f"{folder.name} ").exclude(name=name):
        collections.delete_collection(actor=user, collection_id=old.id, documents="delete")
    found = mine.filter(name=name).first()
    if found is None:
        found = collections.create_collection(actor=user, name=name)
    if found.description != COMPLETE:
        _read_all(files, found, user, vouched=folder.kind in PARAGRAPHS)
        collections.update_collection(actor=user, collection_id=found.id, description=COMPLETE)
    return found, _keys(files, found)


def remove(user: User) -> int:
    """Delete all scratch collections; how many there were."""
    ids = list(Collection.objects.filter(owner=user).values_list("id", flat=True))
    for collection_id in ids:
        collections.delete_collection(actor=user, collection_id=collection_id, documents="delete")
    return len(ids)


def _index_version() -> str:
    """Whatever changes what is stored: the code that reads, and the model that embeds."""
    whole = hashlib.sha256(repr(current_embedding_model().pk).encode())
    reading = Path(settings.BASE_DIR, "documents")
    for path in [*sorted((reading / "ingest").rglob("*.py")), reading / "lexical.py"]:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _read_all(files: list[File], collection: Collection, user: User, vouched: bool) -> None:
    for start in range(0, len(files), AT_ONCE):
        some = files[start : start + AT_ONCE]
        for done in wait([submit(_read, file, collection, user, vouched) for file in some]).done:
            done.result()


def _read(file: File, collection: Collection, user: User, vouched: bool) -> None:
    """Upload, and read in this process unless a worker was quicker."""
    data = io.BytesIO(file.data)
    document = services.upload(
        actor=user, file=data, name=file.name, collection=collection.id, limited=False
    )
    while document.status not in (Status.PROCESSED, Status.FAILED):
        services.read_here(document_id=document.id, vouched=vouched)
        document.refresh_from_db()
        if document.status == Status.PROCESSING:
            time.sleep(PATIENCE)


def _keys(files: list[File], collection: Collection) -> dict[UUID, list[str]]:
    """Files of the same bytes are one document with several names."""
    names: dict[str, list[str]] = {}
    for file in files:
        names.setdefault(hashlib.sha256(file.data).hexdigest(), []).append(file.key)
    stored = collection.documents.values_list("id", "sha256")
    return {document_id: names[digest] for document_id, digest in stored if digest in names}
