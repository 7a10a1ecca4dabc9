"""Rows of a change of the embedding model, and vectors that are not yet part of a document."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from core.ids import new_id


class ReembedJob(models.Model):
    """Giving every passage a vector by `model`, then searching with it. At most one is running."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        CANCELED = "CANCELED", _("Canceled")
        FAILED = "FAILED", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(
        "llm.EmbeddingModel", models.CASCADE, related_name="+", verbose_name=_("embedding model")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RUNNING)
    # Passages; `embedded` counts the vectors this job wrote, for which somebody may have paid.
    total = models.PositiveIntegerField(_("passages"), default=0)
    done = models.PositiveIntegerField(_("ready"), default=0)
    embedded = models.PositiveIntegerField(_("embedded"), default=0)
    seconds_left = models.PositiveIntegerField(_("seconds left"), null=True, blank=True)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    # What speaks against the change: [{name, sentence}]. It waits then for an admin's yes.
    objections = models.JSONField(_("what speaks against it"), default=list, blank=True)
    approved = models.BooleanField(_("decided in spite of it"), default=False)
    # Failures since the last vector: progress sets it back to 0.
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)

    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    enqueued_at = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("change of the embedding model")
        verbose_name_plural = _("changes of the embedding model")
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="RUNNING"), name="one_reembed_job_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.status}"

    @property
    def is_waiting(self) -> bool:
        """Whether an admin has to decide."""
        asks = bool(self.objections) and not self.approved
        return asks and self.status == self.Status.RUNNING

    @property
    def progress(self) -> int:
        """Percent, 100 only when the switch is done."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, self.done * 100 // max(1, self.total))


class PendingVector(models.Model):
    """A vector of a document that is still being read: a restart need not pay for it again.

    The table is unlogged: it survives a killed worker, which is what it is for. Nothing checks its
    references, so that deleting a document waits for no worker; what is left over is swept.
    """

    pk = models.CompositePrimaryKey("document_id", "embedding_model_id", "text_hash")
    document = models.ForeignKey(
        "documents.Document",
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    embedding_model = models.ForeignKey(
        "llm.EmbeddingModel",
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    text_hash = models.BinaryField(max_length=16)
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.document_id} by {self.embedding_model_id}"
