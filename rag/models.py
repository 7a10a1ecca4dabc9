"""Questions with known evidence, and what searches found for them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from documents.models import Collection
from llm.models import EmbeddingModel
from rag.reranker_models import Reranker

__all__ = ["EvaluationRun", "EvaluationSet", "Question", "Reranker", "Result"]


class EvaluationSet(models.Model):
    """Questions about one collection, uploaded together."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    collection = models.ForeignKey(
        Collection, models.CASCADE, related_name="+", verbose_name=_("collection")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("evaluation set")
        verbose_name_plural = _("evaluation sets")

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """`expected`: [[document, page]], the document by the name of its file or by its id."""

    evaluation_set = models.ForeignKey(EvaluationSet, models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField()
    text = models.TextField(_("question"))
    expected = models.JSONField()

    class Meta:
        ordering = ["evaluation_set_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation_set", "number"], name="question_number")
        ]
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return self.text[:80]


class EvaluationRun(models.Model):
    """All questions of a set asked with one choice of settings, which it keeps as they were."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Failed")
        CANCELED = "CANCELED", _("Canceled")

    class Ranking(models.TextChoices):
        FUSED = "fused", _("Meaning and words")
        VECTORS = "vectors", _("Meaning only")
        WORDS = "words", _("Words only")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    evaluation_set = models.ForeignKey(
        EvaluationSet, models.CASCADE, related_name="runs", verbose_name=_("evaluation set")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Empty for a run of a person; a change of the embedding model starts some of its own.
    purpose = models.CharField(max_length=80, blank=True)
    top_k = models.PositiveSmallIntegerField(_("passages"), default=10)
    ranking = models.CharField(
        _("ranked by"), max_length=10, choices=Ranking, default=Ranking.FUSED
    )
    embedding_model = models.ForeignKey(
        EmbeddingModel, models.SET_NULL, null=True, related_name="+",
        verbose_name=_("embedding model"),
    )  # fmt: skip
    # Outlives the model's row.
    embedding_name = models.CharField(_("embedding model"), max_length=200)
    reranker = models.ForeignKey(
        Reranker, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("reranker"),
    )  # fmt: skip
    reranker_name = models.CharField(
        _("reranker"), max_length=100, blank=True, default="", db_default=""
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RUNNING)
    total = models.PositiveIntegerField(_("questions"), default=0)
    done = models.PositiveIntegerField(_("asked"), default=0)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    # The means with their intervals: {measure: [mean, low, high]}; empty until it is done.
    summary = models.JSONField(default=dict, blank=True)

    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation_set", "purpose"],
                condition=~Q(purpose=""),
                name="one_run_for_a_purpose",
            )
        ]
        verbose_name = _("evaluation run")
        verbose_name_plural = _("evaluation runs")

    def __str__(self) -> str:
        parts = (self.evaluation_set, self.embedding_name, self.get_ranking_display())
        return " · ".join(str(part) for part in (*parts, self.reranker_name) if part)


class Result(models.Model):
    """What one run found for one question, best first.

    `found`: [{document_id, document, page, start, end, score}].
    """

    run = models.ForeignKey(EvaluationRun, models.CASCADE, related_name="results")
    question = models.ForeignKey(Question, models.CASCADE, related_name="+")
    found = models.JSONField(default=list)
    measures = models.JSONField(default=dict)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["run_id", "question_id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "question"], name="one_result_for_a_question")
        ]
        verbose_name = _("result")
        verbose_name_plural = _("results")

    def __str__(self) -> str:
        return f"{self.run_id} {self.question_id}"
