"""Groups in the admin, with class lists in and out."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import groups, invitations
from accounts.models import Group, Membership, User
from accounts.roster import reading, services, table
from accounts.roster.services import Choice
from core.admin_pages import CsvOut, Worded, WordedInline
from core.errors import AppError

# How long a list that was looked at waits to be applied.
KEPT_SECONDS = 1800
ADD, REPLACE, CREATE, LEAVE_OUT = "add", "replace", "create", "leave_out"


class RosterForm(forms.Form):
    required_css_class = "required"

    file = forms.FileField(label=gettext_lazy("CSV file"))
    mode = forms.ChoiceField(
        label=gettext_lazy("Who is in the group but not in the list"),
        choices=[(ADD, gettext_lazy("stays")), (REPLACE, gettext_lazy("leaves the group"))],
        initial=ADD,
    )
    unknown = forms.ChoiceField(
        label=gettext_lazy("Who has no account yet"),
        choices=[
            (CREATE, gettext_lazy("gets one, and chooses a password by a link")),
            (LEAVE_OUT, gettext_lazy("is named and left out")),
        ],
        initial=CREATE,
    )

    def choice(self) -> Choice:
        given = self.cleaned_data
        return Choice(replace=given["mode"] == REPLACE, create=given["unknown"] == CREATE)


class MembershipInline(WordedInline):
    model = Membership
    autocomplete_fields = ["user"]
    readonly_fields = ["created_at"]
    extra = 1


@admin.register(Group)
class GroupAdmin(Worded, CsvOut):
    change_form_template = "admin/group_form.html"
    list_display = ["name", "description", "members_count", "created_at"]
    search_fields = ["name", "description", "members__email", "members__full_name"]
    list_filter = ["created_at"]
    inlines = [MembershipInline]
    actions = ["export_csv"]
    csv_columns = [
        (gettext_lazy("name"), "name"),
        (gettext_lazy("description"), "description"),
        (gettext_lazy("members"), "people"),
        (gettext_lazy("created"), "created_at"),
    ]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        roster, out = "accounts_group_roster", "accounts_group_roster_export"
        return [
            path("<uuid:group_id>/roster/", wrap(self.roster_view), name=roster),
            path("<uuid:group_id>/roster/export/", wrap(self.export_view), name=out),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(people=Count("memberships", distinct=True))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Who may delete a group ends what was open through it, also what nobody deletes by itself.
        deleted, counts, refused, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, refused & {self.opts.verbose_name}, protected

    @admin.display(description=gettext_lazy("members"), ordering="people")
    def members_count(self, group: Any) -> int:
        return int(group.people)

    def export_view(self, request: HttpRequest, group_id: UUID) -> HttpResponse:
        return table.exported(groups.memberships(actor=request.user, group_id=group_id))

    def roster_view(self, request: HttpRequest, group_id: UUID) -> HttpResponse:
        """Choose a file, look at what it would do, apply it."""
        form, plan = RosterForm(), {}
        try:
            if request.method == "POST" and "token" in request.POST:
                return self._apply(request, group_id)
            if request.method == "POST":
                form = RosterForm(request.POST, request.FILES)
                plan = self._look(request, group_id, form) if form.is_valid() else {}
        except AppError as error:
            self.message_user(request, str(error), messages.ERROR)
        return self._page(request, group_id, {"form": form, **plan})

    def _page(self, request: HttpRequest, group_id: UUID, said: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "group": groups.group(actor=request.user, group_id=group_id),
            "opts": self.opts,
            "title": _("Class list"),
            "mail": settings.EMAIL_CONFIGURED,
            **said,
        }
        return TemplateResponse(request, "admin/group_roster.html", context)

    def _look(self, request: HttpRequest, group_id: UUID, form: RosterForm) -> dict[str, Any]:
        data = form.cleaned_data["file"].read(reading.LARGEST + 1)
        return self._shown(request, group_id, data, form.choice())

    def _shown(
        self, request: HttpRequest, group_id: UUID, data: bytes, choice: Choice
    ) -> dict[str, Any]:
        plan = services.preview(actor=request.user, group_id=group_id, data=data, choice=choice)
        token = secrets.token_urlsafe(16)
        kept = (data, choice.replace, choice.create, plan.fingerprint)
        cache.set(_key(request, group_id, token), kept, KEPT_SECONDS)
        return {"plan": plan, "bad": plan.bad, "token": token, "choice": choice}

    def _apply(self, request: HttpRequest, group_id: UUID) -> HttpResponse:
        kept = cache.get(_key(request, group_id, request.POST["token"][:50]))
        if kept is None:
            text = _("That table is no longer here. Choose the file again.")
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(request.path)
        data, replace, create, fingerprint = kept
        given = {"group_id": group_id, "data": data, "choice": Choice(replace, create)}
        try:
            done = services.apply(actor=request.user, **given, fingerprint=fingerprint)
        except services.Changed as error:
            self.message_user(request, str(error), messages.WARNING)
            shown = self._shown(request, **given)
            return self._page(request, group_id, {"form": RosterForm(), **shown})
        cache.delete(_key(request, group_id, request.POST["token"][:50]))
        text = _("%(added)d added, %(removed)d left, %(bad)d lines left out.") % {
            "added": done.added,
            "removed": done.removed,
            "bad": len(done.plan.bad),
        }
        self.message_user(request, text, messages.SUCCESS)
        back = reverse("admin:accounts_group_change", args=[group_id])
        return hand_out(self, request, done.people) or HttpResponseRedirect(back)


def hand_out(
    page: "admin.ModelAdmin[Any]", request: HttpRequest, people: Sequence[User]
) -> HttpResponse | None:
    """A page of links where no mail is sent, once and never again; else None."""
    origin = request.build_absolute_uri("/")
    links = invitations.hand_out(actor=request.user, people=people, origin=origin)
    if links:
        context = {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "title": _("Links to choose a password"),
            "links": links,
            "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        }
        return TemplateResponse(request, "admin/password_links.html", context)
    if people:
        count = len(people)
        text = ngettext("%d letter is on its way.", "%d letters are on their way.", count) % count
        page.message_user(request, text, messages.SUCCESS)
    return None


def _key(request: HttpRequest, group_id: UUID, token: str) -> str:
    return f"accounts:roster:{request.user.pk}:{group_id}:{token}"
