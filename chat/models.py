"""Sessions, their messages, and the generations that write answers."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.assistants.models import Assistant, AssistantVersion
from chat.export_models import DataExport
from chat.reading_models import ChatReading, ClassReading, OpenToClass
from chat.sentences import error_sentence
from chat.sharing_models import Share
from core.ids import new_id
from documents.models import Collection, Document
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
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_sessions"
    )
    model = models.ForeignKey(LanguageModel, null=True, blank=True, on_delete=models.SET_NULL)
    # What it began with, and goes on with, whatever becomes of the prompt or the assistant.
    prompt = models.ForeignKey(Prompt, null=True, blank=True, on_delete=models.PROTECT)
    prompt_version = models.ForeignKey(
        PromptVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    assistant = models.ForeignKey(
        Assistant, null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    assistant_version = models.ForeignKey(
        AssistantVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField(max_length=200, blank=True)
    title_is_automatic = models.BooleanField(default=True)
    # The end of the branch that is shown: its parents, up to the root, are the conversation.
    leaf = models.ForeignKey(
        "Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    prompt_general = models.TextField(blank=True)
    task = models.TextField(blank=True)
    persona = models.TextField(blank=True)
    mission_objective = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    total_messages = models.PositiveIntegerField(default=0)
    comprehension_level = models.CharField(
        max_length=12, choices=Comprehension.choices, blank=True, default=""
    )
    summary = models.TextField(blank=True)
    # Stands for the messages up to `summarised_until` when a model's window cannot hold them all.
    context_summary = models.TextField(blank=True)
    summarised_until = models.PositiveIntegerField(default=0)
    # What was brought to this chat; made with the first file.
    files = models.OneToOneField(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Put away by its owner; the next question takes it out again.
    archived_at = models.DateTimeField(null=True, blank=True)
    analysed_at = models.DateTimeField(null=True, blank=True)

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
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="messages")
    # The message this one answers or follows: branches share a parent.
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    position = models.PositiveIntegerField(help_text=_("Order within the session, from 1."))
    role = models.CharField(max_length=10, choices=Role.choices)
    content = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.COMPLETE)
    stop_reason = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    # What the assistant did on the way: [{name, query, status, results_count}].
    steps = models.JSONField(default=list, blank=True)
    model = models.ForeignKey(LanguageModel, null=True, blank=True, on_delete=models.SET_NULL)
    # What came with a question: [{id, name, media_type, width, height}] of pictures of this chat.
    # Written once; what they show is asked for by id.
    pictures = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

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
        return f"{self.role} {self.position}"

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
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="generations")
    question = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="generations")
    answer = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="generation")
    model = models.ForeignKey(LanguageModel, null=True, blank=True, on_delete=models.SET_NULL)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RUNNING)
    # The writing process renews the lease; a generation whose lease ran out has lost its process.
    lease_until = models.DateTimeField()
    owner = models.CharField(max_length=100, help_text=_("host:pid:start of the writing process"))
    stop_requested = models.BooleanField(default=False)
    last_seq = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

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
        return f"{self.id} {self.status}"


class Feedback(models.Model):
    """What the student whose chat it is thinks of an answer."""

    class Value(models.IntegerChoices):
        GOOD = 1, _("Good")
        BAD = -1, _("Bad")

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="feedback")
    value = models.SmallIntegerField(_("value"), choices=Value.choices)
    reason = models.CharField(_("reason"), max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")

    def __str__(self) -> str:
        return self.get_value_display()


class Citation(models.Model):
    """A passage found for an answer. It keeps what was shown, also when the file is re-read.

    `start` and `end` are offsets into the page's text as it was; `rag.anchors` finds the words
    again when the file has been read anew.
    """

    class Match(models.TextChoices):
        EXACT = "exact", _("Word for word")
        CLOSE = "close", _("Nearly word for word")
        MISSING = "missing", _("Not found word for word")
        OWN_WORDS = "own_words", _("In the answer's own words")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField()
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.SET_NULL)
    document_name = models.CharField(max_length=255)
    # Not a foreign key: re-processing replaces chunks; page and offsets find the passage again.
    chunk_id = models.BigIntegerField(null=True, blank=True)
    chunk_index = models.PositiveIntegerField(default=0)
    page = models.PositiveIntegerField(default=1)
    # As in documents.places.
    page_unit = models.CharField(
        max_length=10, choices=Document.PageUnit, default="page", db_default="page", blank=True
    )
    page_label = models.CharField(max_length=20, blank=True, default="", db_default="")
    start = models.PositiveIntegerField(default=0)
    end = models.PositiveIntegerField(default=0)
    excerpt = models.TextField()
    # A hash of the excerpt as it is compared (rag.quotes.digest).
    excerpt_hash = models.CharField(max_length=32, blank=True)
    # The answer's own quotations: [{text, match, start, end, elsewhere}], as rag.settling.Quote.
    quotes = models.JSONField(default=list, blank=True)
    match = models.CharField(max_length=10, choices=Match, blank=True)
    score = models.FloatField(default=0)
    cited = models.BooleanField(default=False)
    verified = models.BooleanField(default=False)
    # Of a web page: its address, and when it was fetched with these words.
    source_url = models.CharField(max_length=2000, blank=True, default="", db_default="")
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="chat_citation_number")
        ]
        verbose_name = _("citation")
        verbose_name_plural = _("citations")

    def __str__(self) -> str:
        return f"[{self.number}] {self.document_name}, {self.page_label or self.page}"
