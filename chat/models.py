"""Sessions, their messages, and the generations that write answers."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.answer_models import Citation, Feedback
from chat.assistants.models import Assistant, AssistantVersion
from chat.export_models import DataExport
from chat.reading_models import ChatReading, ClassReading, OpenToClass
from chat.sentences import error_sentence
from chat.sharing_models import Share
from core.ids import new_id
from documents.models import Collection
from llm.models import LanguageModel
from prompts.models import Prompt, PromptVersion

__all__ = [
    "Assistant",
    "AssistantVersion",
    "ChatReading",
    "Citation",
    "ClassReading",
    "DataExport",
    "Feedback",
    "Generation",
    "Message",
    "OpenToClass",
    "Session",
    "Share",
]


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> Self:
        """A session is its owner's alone; admins read them from their own pages."""
        return self.filter(user=user)


class Session(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        COMPLETED = "COMPLETED", _("Completed")

    class Comprehension(models.TextChoices):
        BASIC = "BASIC", _("Basic")
        INTERMEDIATE = "INTERMEDIATE", _("Intermediate")
        ADVANCED = "ADVANCED", _("Advanced")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="chat_sessions",
        verbose_name=_("student"),
    )
    model = models.ForeignKey(
        LanguageModel, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("model")
    )
    # What it began with, and goes on with, whatever becomes of the prompt or the assistant.
    prompt = models.ForeignKey(
        Prompt, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("prompt")
    )
    prompt_version = models.ForeignKey(
        PromptVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("version of the prompt"),
    )
    assistant = models.ForeignKey(
        Assistant,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sessions",
        verbose_name=_("assistant"),
    )
    assistant_version = models.ForeignKey(
        AssistantVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("version of the assistant"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    title_is_automatic = models.BooleanField(_("title is automatic"), default=True)
    # The end of the branch that is shown: its parents, up to the root, are the conversation.
    leaf = models.ForeignKey(
        "Message",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("last message"),
    )
    prompt_general = models.TextField(_("general instructions"), blank=True)
    task = models.TextField(_("task"), blank=True)
    persona = models.TextField(_("persona"), blank=True)
    mission_objective = models.TextField(_("objective"), blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.ACTIVE
    )
    total_messages = models.PositiveIntegerField(_("messages"), default=0)
    comprehension_level = models.CharField(
        _("level of understanding"),
        max_length=12,
        choices=Comprehension.choices,
        blank=True,
        default="",
    )
    summary = models.TextField(_("summary"), blank=True)
    # Stands for the messages up to `summarised_until` when a model's window cannot hold them all.
    context_summary = models.TextField(_("summary for the model"), blank=True)
    summarised_until = models.PositiveIntegerField(_("summarised until message"), default=0)
    # What was brought to this chat; made with the first file.
    files = models.OneToOneField(
        Collection,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("files"),
    )
    started_at = models.DateTimeField(_("began"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # Put away by its owner; the next question takes it out again.
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    analysed_at = models.DateTimeField(_("analysed"), null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["user", "-updated_at"], name="chat_session_recent")]
        constraints = [
            models.CheckConstraint(
                condition=Q(assistant=None, assistant_version=None)
                | Q(assistant__isnull=False, assistant_version__isnull=False),
                name="chat_assistant_with_its_version",
            )
        ]
        verbose_name = _("chat session")
        verbose_name_plural = _("chat sessions")

    def __str__(self) -> str:
        return self.title or str(self.id)


class Message(models.Model):
    class Role(models.TextChoices):
        USER = "user", _("Student")
        ASSISTANT = "assistant", _("Assistant")

    class Status(models.TextChoices):
        COMPLETE = "complete", _("Complete")
        STREAMING = "streaming", _("Being written")
        STOPPED = "stopped", _("Stopped")
        INTERRUPTED = "interrupted", _("Interrupted")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, related_name="messages", verbose_name=_("chat")
    )
    # The message this one answers or follows: branches share a parent.
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="children",
        verbose_name=_("follows"),
    )
    position = models.PositiveIntegerField(
        _("position"), help_text=_("Order within the session, from 1.")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    content = models.TextField(_("content"), blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.COMPLETE
    )
    stop_reason = models.CharField(_("why it ended"), max_length=20, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    # What the assistant did on the way: [{name, query, status, results_count}].
    steps = models.JSONField(_("steps"), default=list, blank=True)
    model = models.ForeignKey(
        LanguageModel, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("model")
    )
    # What came with a question: [{id, name, media_type, width, height}] of pictures of this chat.
    # Written once; what they show is asked for by id.
    pictures = models.JSONField(
        _("pictures"), default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    # Filled by chat.queries where a branch is read.
    siblings: list[uuid.UUID]

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="chat_message_position")
        ]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.position}"

    @property
    def error(self) -> str:
        """The sentence for `error_code`, in the reader's language; empty when all went well."""
        return error_sentence(self.error_code) if self.error_code else ""


class Generation(models.Model):
    """One attempt at an answer. The row is the truth about it; its event log lives in Redis."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        COMPLETE = "complete", _("Complete")
        STOPPED = "stopped", _("Stopped")
        INTERRUPTED = "interrupted", _("Interrupted")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, related_name="generations", verbose_name=_("chat")
    )
    question = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="generations", verbose_name=_("question")
    )
    answer = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="generation", verbose_name=_("answer")
    )
    model = models.ForeignKey(
        LanguageModel, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("model")
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.RUNNING
    )
    # The writing process renews the lease; a generation whose lease ran out has lost its process.
    lease_until = models.DateTimeField(_("held until"))
    owner = models.CharField(
        _("process"), max_length=100, help_text=_("host:pid:start of the writing process")
    )
    stop_requested = models.BooleanField(_("asked to stop"), default=False)
    last_seq = models.PositiveIntegerField(_("last event"), default=0)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    input_tokens = models.PositiveIntegerField(_("tokens in"), default=0)
    output_tokens = models.PositiveIntegerField(_("tokens out"), default=0)
    cached_tokens = models.PositiveIntegerField(_("tokens from the cache"), default=0)
    first_token_ms = models.PositiveIntegerField(_("first word after (ms)"), null=True, blank=True)
    started_at = models.DateTimeField(_("began"), auto_now_add=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(status="running"),
                name="chat_one_running_generation",
            )
        ]
        verbose_name = _("generation")
        verbose_name_plural = _("generations")

    def __str__(self) -> str:
        return f"{self.get_status_display()} · {date_format(self.started_at, 'DATETIME_FORMAT')}"
