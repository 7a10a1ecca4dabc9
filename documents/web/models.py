"""Addresses that are read again and again, and the pages found there."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from documents.web import reasons


class WebSource(models.Model):
    """A page or a sitemap that an administrator added."""

    class Kind(models.TextChoices):
        PAGE = "page", _("One page")
        SITEMAP = "sitemap", _("All pages of a sitemap")

    class Refresh(models.TextChoices):
        OFF = "off", _("Never")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")

    class Status(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        FETCHING = "FETCHING", _("Being fetched")
        READY = "READY", _("Ready")
        FAILED = "FAILED", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PAGE)
    url = models.CharField(_("address"), max_length=2000)
    collection = models.ForeignKey(
        "documents.Collection",
        models.CASCADE,
        related_name="web_sources",
        verbose_name=_("collection"),
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="web_sources",
        verbose_name=_("added by"),
    )
    refresh = models.CharField(
        _("read again"), max_length=10, choices=Refresh, default=Refresh.WEEKLY
    )
    most_pages = models.PositiveIntegerField(
        _("at most so many pages"), default=200, help_text=_("Of a sitemap; the first ones count.")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.WAITING)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    # In a row: after a passing failure the next try comes soon, but not for ever.
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)

    # One going-through of all pages; it may take many slices of work, by several workers.
    round_started_at = models.DateTimeField(null=True, blank=True, editable=False)
    listed_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True, editable=False)
    next_check_at = models.DateTimeField(_("next check"), null=True, blank=True, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Null while no task is on its way, as for documents.
    enqueued_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("web source")
        verbose_name_plural = _("web sources")
        constraints = [
            models.UniqueConstraint(fields=["collection", "url"], name="same_address_once")
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def error(self) -> str:
        return reasons.sentence(self.error_code)

    @property
    def domain(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def interval(self) -> timedelta | None:
        days = {self.Refresh.DAILY: 1, self.Refresh.WEEKLY: 7}.get(self.Refresh(self.refresh))
        return timedelta(days=days) if days else None


class WebPage(models.Model):
    """One address of a source and the document that holds what was last read there."""

    source = models.ForeignKey(WebSource, models.CASCADE, related_name="pages")
    url = models.CharField(_("address"), max_length=2000)
    document = models.OneToOneField(
        "documents.Document",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="web_page",
        verbose_name=_("document"),
    )
    # What the server gave to ask "is it still this one?" by (RFC 9110, section 13).
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    gone_at = models.DateTimeField(_("vanished"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("page of a web source")
        verbose_name_plural = _("pages of web sources")
        constraints = [models.UniqueConstraint(fields=["source", "url"], name="same_page_once")]

    def __str__(self) -> str:
        return self.url

    @property
    def error(self) -> str:
        return reasons.sentence(self.error_code)
