"""Collections hold documents; a document is read into pages, chunks, vectors and postings."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from accounts.models import User
from core.ids import new_id
from documents import reasons
from documents.collection_models import Collection, CollectionQuerySet, Share
from documents.fields import RealField
from documents.knowledge.models import KnowledgeEntry
from documents.picture_models import Picture
from documents.quota_models import UploadQuota
from documents.reembed_models import PendingVector, ReembedJob
from documents.web.models import WebPage, WebSource

__all__ = [
    "Chunk",
    "ChunkVector",
    "Collection",
    "Document",
    "KnowledgeEntry",
    "Page",
    "PendingVector",
    "Picture",
    "Posting",
    "ReembedJob",
    "Share",
    "UploadQuota",
    "WebPage",
    "WebSource",
]


# The kind of a document that holds a question with its answer; it has no file.
QA = "qa"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> "DocumentQuerySet":
        """Documents follow their collection: who may read it may read them."""
        if user.is_admin:
            return self
        return self.filter(collection__in=_ids(Collection.objects.visible_to(user)))

    def meant_for(self, user: User) -> "DocumentQuerySet":
        """As CollectionQuerySet.meant_for."""
        return self.filter(collection__in=_ids(Collection.objects.meant_for(user)))


def _ids(collections: CollectionQuerySet) -> Any:
    return collections.order_by().values("id")


class Document(models.Model):
    class Status(models.TextChoices):
        UPLOADED = "UPLOADED", _("Waiting")
        PROCESSING = "PROCESSING", _("Being read")
        PROCESSED = "PROCESSED", _("Ready")
        FAILED = "FAILED", _("Failed")

    class PageUnit(models.TextChoices):
        """What a page of the file is: only PAGE is what people see printed on it."""

        PAGE = "page", _("Page")
        SLIDE = "slide", _("Slide")
        ROWS = "rows", _("Rows of a table")
        PART = "part", _("Part")

    class Stage(models.TextChoices):
        NONE = "", _("None")
        EXTRACT = "extract", _("Reading pages")
        CHUNK = "chunk", _("Splitting")
        EMBED = "embed", _("Preparing for search")
        INDEX = "index", _("Saving")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    collection = models.ForeignKey(
        Collection, models.CASCADE, related_name="documents", verbose_name=_("collection")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="documents",
        verbose_name=_("uploaded by"),
    )
    original_filename = models.CharField(_("file name"), max_length=255)
    # Random, and empty once the original has been dropped.
    filename = models.CharField(_("storage name"), max_length=100, blank=True)
    # When it was first noticed that the storage has it no more (`stock`).
    original_missing_since = models.DateTimeField(
        _("original missing since"), null=True, blank=True, editable=False
    )
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    file_size = models.BigIntegerField(_("size in bytes"))
    media_type = models.CharField(_("media type"), max_length=100)
    kind = models.CharField(_("format"), max_length=20, blank=True)

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.UPLOADED)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    seconds_left = models.PositiveIntegerField(_("seconds left"), null=True, blank=True)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)

    # The lease: only the worker that holds the token may write, and only until the time is over.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_token = models.UUIDField(_("lease token"), null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    # Null while no task is on its way: the mark by which a forgotten document is found again.
    enqueued_at = models.DateTimeField(_("queued"), null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    is_large = models.BooleanField(_("large"), default=False, editable=False)
    page_count = models.PositiveIntegerField(_("pages"), null=True, blank=True)
    page_unit = models.CharField(
        _("pages are"), max_length=10, choices=PageUnit, default=PageUnit.PAGE
    )
    archive = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("came out of"),
    )
    # Of an archive: how many documents came out of it, and {name, code, media_type} of the rest.
    member_count = models.PositiveIntegerField(_("files in it"), default=0)
    refused = models.JSONField(_("files not taken"), default=list, blank=True)
    # Less than 1: the file holds more than is read in one piece, and this share of it was read.
    read_share = models.FloatField(_("share that was read"), default=1.0)
    recognised_pages = models.PositiveIntegerField(
        _("pages read by text recognition"), default=0, db_default=0
    )
    # Rows of a table of which a cell or columns are too long to be read whole.
    rows_cut = models.PositiveIntegerField(_("rows read in part"), default=0, db_default=0)
    is_repaired = models.BooleanField(_("damaged, read in part"), default=False, db_default=False)
    title = models.CharField(_("title"), max_length=500, blank=True)
    author = models.CharField(_("author"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    summary = models.TextField(_("summary"), blank=True, default="", db_default="")
    created_on = models.DateField(_("made on"), null=True, blank=True)
    # Which readers wrote pages and passages (ingest/frames.py); an older one means read again.
    reading_version = models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)
    # Which tokeniser wrote the postings; a change of it means writing them again.
    lexical_version = models.PositiveSmallIntegerField(default=0, editable=False)
    # What came from the web: where from, what the page says it is, and when it was so.
    source_url = models.CharField(_("web address"), max_length=2000, blank=True)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now(), editable=False)
    processed_at = models.DateTimeField(_("ready since"), null=True, blank=True, editable=False)

    objects = DocumentQuerySet.as_manager()
    # Set by services.upload: False when the same file was there already.
    is_new = True

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "sha256"], name="same_file_once_in_a_collection"
            ),
        ]
        indexes = [
            models.Index(fields=["-uploaded_at", "-id"], name="document_newest"),
            models.Index(
                fields=["status", "uploaded_at"],
                condition=Q(status__in=["UPLOADED", "PROCESSING"]),
                name="document_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return self.original_filename

    @property
    def error(self) -> str:
        return reasons.sentence(self.error_code, self.media_type)

    @property
    def remark(self) -> str:
        """What a reader of a PROCESSED document has to know; mostly nothing."""
        if self.kind == "zip":
            return reasons.unpacked(self.member_count, len(self.refused))
        return reasons.remarks(self)

    @property
    def refusals(self) -> list[dict[str, str]]:
        """{name, reason} of the files of an archive that were not taken."""
        return [{"name": name, "reason": why} for name, why in reasons.refusals(self.refused)]

    @property
    def in_chat(self) -> bool:
        """Whether it was brought to one chat, and is found by no other."""
        return self.collection.kind == Collection.Kind.CHAT

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.PROCESSED, self.Status.FAILED)


class Page(models.Model):
    """One page as it is shown and cited.

    `boxes`: little-endian uint16 rows (start, end, x0, y0, x1, y1), one for each word: character
    offsets into `text`, then 1/10000 of the page's width and height from the top left corner.
    """

    pk = models.CompositePrimaryKey("document_id", "number")
    document = models.ForeignKey(Document, models.CASCADE, related_name="pages", db_index=False)
    number = models.PositiveIntegerField(_("page"))
    text = models.TextField(_("text"))
    width = models.FloatField(_("width"), help_text=_("In points (1/72 inch)."))
    height = models.FloatField(_("height"), help_text=_("In points (1/72 inch)."))
    boxes = models.BinaryField(default=b"")
    # What the file itself calls the page, such as iv; empty where that is its number.
    label = models.CharField(_("page label"), max_length=20, blank=True, db_default="")

    class Meta:
        ordering = ["document_id", "number"]

    def __str__(self) -> str:
        return f"{self.document_id} p. {self.number}"


class Chunk(models.Model):
    """A passage of one page. `text` is `page.text[start:end]`, so its offsets are true."""

    document = models.ForeignKey(
        Document, models.CASCADE, "chunks", db_index=False, verbose_name=_("document")
    )
    collection = models.ForeignKey(Collection, models.CASCADE, "+", verbose_name=_("collection"))
    ordinal = models.PositiveIntegerField(_("position"))
    page = models.PositiveIntegerField(_("page"))
    start = models.PositiveIntegerField(_("first character on the page"))
    end = models.PositiveIntegerField(_("last character on the page"))
    heading = models.CharField(_("heading"), max_length=300, blank=True)
    text = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    word_count = models.PositiveIntegerField(_("words"))
    # Of header and text, as embedded: the same passage elsewhere has the same vector.
    passage_digest = models.BinaryField(max_length=16, null=True, editable=False)

    class Meta:
        ordering = ["document_id", "ordinal"]
        indexes = [models.Index(fields=["passage_digest"], name="chunk_passage_digest")]
        constraints = [
            models.UniqueConstraint(fields=["document", "ordinal"], name="chunk_position")
        ]
        verbose_name = _("passage")
        verbose_name_plural = _("passages")

    def __str__(self) -> str:
        return f"{self.document} #{self.ordinal}"


class ChunkVector(models.Model):
    """The embedding of a chunk by one model; several models may serve side by side."""

    pk = models.CompositePrimaryKey("embedding_model_id", "chunk_id")
    embedding_model = models.ForeignKey(
        "llm.EmbeddingModel", models.PROTECT, related_name="+", db_index=False
    )
    chunk = models.ForeignKey(Chunk, models.CASCADE, related_name="vectors")
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="+", db_index=False)
    document = models.ForeignKey(Document, models.CASCADE, related_name="+")
    # Without a fixed dimension: each model has its own, and an HNSW index of its own.
    vector = HalfVectorField()

    class Meta:
        indexes = [models.Index(fields=["embedding_model", "collection"], name="chunkvector_scope")]

    def __str__(self) -> str:
        return f"{self.chunk_id} by {self.embedding_model_id}"


class Posting(models.Model):
    """The chunks and pages of one document that hold one term, with their BM25 weights
    tf / (tf + k1 (1 - b + b dl / avgdl)); see documents/lexical.py."""

    pk = models.CompositePrimaryKey("collection_id", "term", "document_id")
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="+", db_index=False)
    term = models.IntegerField()
    document = models.ForeignKey(Document, models.CASCADE, related_name="+")
    chunk_ids = ArrayField(models.BigIntegerField())
    weights = ArrayField(RealField())
    # A page counts the words of its passages: a question's words may be spread over several.
    page_numbers = ArrayField(models.IntegerField(), default=list)
    page_weights = ArrayField(RealField(), default=list)

    def __str__(self) -> str:
        return f"{self.term} in {self.document_id}"
