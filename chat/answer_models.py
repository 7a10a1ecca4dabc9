"""What stands below an answer: what its student thinks of it, and the passages found for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from documents.models import Document


class Feedback(models.Model):
    """What the student whose chat it is thinks of an answer."""

    class Value(models.IntegerChoices):
        GOOD = 1, _("Good")
        BAD = -1, _("Bad")

    message = models.OneToOneField(
        "chat.Message", on_delete=models.CASCADE, related_name="feedback", verbose_name=_("answer")
    )
    value = models.SmallIntegerField(_("value"), choices=Value.choices)
    reason = models.CharField(_("reason"), max_length=2000, blank=True)
    created_at = models.DateTimeField(_("given"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

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

    message = models.ForeignKey(
        "chat.Message", on_delete=models.CASCADE, related_name="citations", verbose_name=_("answer")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("document")
    )
    document_name = models.CharField(_("name of the document"), max_length=255)
    # Not a foreign key: re-processing replaces chunks; page and offsets find the passage again.
    chunk_id = models.BigIntegerField(_("number of the passage"), null=True, blank=True)
    chunk_index = models.PositiveIntegerField(_("position of the passage"), default=0)
    page = models.PositiveIntegerField(_("page"), default=1)
    # As in documents.places.
    page_unit = models.CharField(
        _("counted in"),
        max_length=10,
        choices=Document.PageUnit,
        default="page",
        db_default="page",
        blank=True,
    )
    page_label = models.CharField(
        _("page label"), max_length=20, blank=True, default="", db_default=""
    )
    start = models.PositiveIntegerField(_("first character on the page"), default=0)
    end = models.PositiveIntegerField(_("last character on the page"), default=0)
    excerpt = models.TextField(_("excerpt"))
    # A hash of the excerpt as it is compared (rag.quotes.digest).
    excerpt_hash = models.CharField(_("hash of the excerpt"), max_length=32, blank=True)
    # The answer's own quotations: [{text, match, start, end, elsewhere}], as rag.settling.Quote.
    quotes = models.JSONField(_("quotations"), default=list, blank=True)
    match = models.CharField(_("agreement"), max_length=10, choices=Match, blank=True)
    score = models.FloatField(_("score"), default=0)
    cited = models.BooleanField(_("cited"), default=False)
    verified = models.BooleanField(_("verified"), default=False)
    # Of a web page: its address, and when it was fetched with these words.
    source_url = models.CharField(
        _("web address"), max_length=2000, blank=True, default="", db_default=""
    )
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="chat_citation_number")
        ]
        verbose_name = _("citation")
        verbose_name_plural = _("citations")

    def __str__(self) -> str:
        return f"[{self.number}] {self.document_name}, {self.page_label or self.page}"
