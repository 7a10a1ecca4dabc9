"""People in the Django admin. What an admin may do to whom is decided in accounts.services."""

from typing import Any

# Before this module looks at what they register, so that it can be taken out again.
import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group as PermissionGroup
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import api_keys, groups, groups_admin, limits, recovery, services
from accounts.models import ApiKey, ApiLogin, Group, Limit, User, normalise_email
from accounts.people_forms import AddUserForm, ChangeUserForm
from core.admin_pages import CHOOSE, CsvOut, Worded, as_called
from core.choosing import Choice
from core.errors import AppError, Forbidden

__all__ = ["groups_admin"]

# One way in: the login page, with its limits and second factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Lontar's groups are classes. Django's, which hold permissions, decide nothing here.
admin.site.unregister(PermissionGroup)
# What the login library keeps for itself: whoever edits it takes over an account, and a secret that
# is typed there would be stored as it is. Logins of others are set up by the environment.
admin.site.unregister([EmailAddress, Authenticator, SocialApp, SocialToken, SocialAccount])


@admin.register(User)
class UserAdmin(Worded, CsvOut, DjangoUserAdmin):
    form = ChangeUserForm
    add_form = AddUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "full_name", "role", "classes", "is_active", "last_active_at"]
    list_filter = ["role", "is_active", "memberships__group", "created_at", "last_active_at"]
    list_per_page = 50
    search_fields = ["email", "full_name"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    filter_horizontal = []
    actions = [
        "activate",
        "deactivate",
        "add_to_group",
        "password_links",
        "forget_second_factors",
        "export_csv",
    ]
    csv_columns = [
        *as_called(User, "email", "full_name"),
        (gettext_lazy("role"), "get_role_display"),
        *as_called(User, "is_active", "created_at", "last_active_at"),
    ]
    readonly_fields = ["email", "created_at", "last_login", "last_active_at"]
    fieldsets = [
        (
            None,
            {
                "fields": ["email", "password", "full_name", "language", "theme"],
                "description": gettext_lazy(
                    "With another address the person is logged out everywhere and logs in with "
                    "the new one."
                ),
            },
        ),
        (gettext_lazy("Rights"), {"fields": ["role", "is_active"]}),
        (gettext_lazy("Dates"), {"fields": ["created_at", "last_login", "last_active_at"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__group")

    @admin.display(description=gettext_lazy("groups"))
    def classes(self, user: User) -> str:
        return ", ".join(sorted(row.group.name for row in user.memberships.all()))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        if obj is None:
            return []
        if services.ranks_above(request.user, obj):
            return [name for name in self.readonly_fields if name != "email"]
        if services.may_manage(request.user, obj):
            return list(self.readonly_fields)
        return [*self.readonly_fields, "role", "is_active"]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role" and not request.user.is_superadmin:
            roles = [row for row in User.Role.choices if row[0] != User.Role.SUPERADMIN]
            kwargs["choices"] = roles
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or obj == request.user or services.may_manage(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or services.may_manage(request.user, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        user = self.get_object(request, id)
        if user is not None and not services.ranks_above(request.user, user):
            self.message_user(
                request,
                _("You may set the password only of accounts below your own role."),
                messages.ERROR,
            )
            return self.response_post_save_change(request, user)
        response = super().user_change_password(request, id, form_url)
        if user is not None and request.method == "POST" and response.status_code == 302:
            services.end_access(user)
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            services.add_user(obj, form.cleaned_data.get("password1") or None, verified=True)
            return
        stored = User.objects.get(pk=obj.pk)
        own = {"full_name": obj.full_name, "language": obj.language, "theme": obj.theme}
        services.update_profile(actor=stored, **own)
        if normalise_email(obj.email) != stored.email:
            recovery.set_email(actor=request.user, user=stored, email=obj.email)
        services.set_role(actor=request.user, user=stored, role=obj.role)
        services.set_active(actor=request.user, user=stored, active=obj.is_active)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Who may delete a person may delete what goes with it, also rows that nobody may delete
        # on their own, such as API logins.
        deleted, counts, refused, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, refused & {self.opts.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_user(actor=request.user, user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.delete_user(actor=request.user, user=user)

    @admin.action(description=gettext_lazy("Activate the selected users"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=True)

    @admin.action(description=gettext_lazy("Deactivate the selected users: logs them out at once"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=False)

    @admin.action(description=gettext_lazy("Add to a group…"), permissions=["change"])
    def add_to_group(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        field = forms.ModelChoiceField(
            Group.objects.order_by("name"), label=_("Group"), empty_label=str(CHOOSE)
        )
        choice = Choice(request, field)
        if choice.answer is None:
            return choice.page(self, _("Add to a group"), queryset.count())
        emails = queryset.values_list("email", flat=True)
        done = groups.add_members(actor=request.user, group_id=choice.answer.pk, emails=emails)
        text = ngettext(
            "%(count)d person added to %(group)s.", "%(count)d people added to %(group)s.", done
        )
        said = text % {"count": done, "group": choice.answer}
        self.message_user(request, said, messages.SUCCESS if done else messages.INFO)
        return None

    @admin.action(description=gettext_lazy("Let the selected users choose a password"))
    def password_links(self, request: HttpRequest, queryset: QuerySet[User]) -> Any:
        """A letter to each where mail is sent, else links to hand out."""
        people = list(queryset)
        try:
            links = groups_admin.hand_out(self, request, people)
        except AppError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        return links

    @admin.action(description=gettext_lazy("Forget the second factors: for who lost theirs"))
    def forget_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        done = 0
        for user in queryset:
            try:
                done += bool(recovery.forget_second_factors(actor=request.user, user=user))
            except AppError as error:
                self.message_user(request, f"{user}: {error}", messages.ERROR)
        text = ngettext("%d user changed.", "%d users changed.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    def _switch(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> None:
        done = 0
        for user in queryset:
            try:
                services.set_active(actor=request.user, user=user, active=active)
                done += 1
            except AppError as error:
                self.message_user(request, f"{user}: {error}", messages.ERROR)
        text = ngettext("%d user changed.", "%d users changed.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)


@admin.register(ApiLogin)
class ApiLoginAdmin(Worded):
    list_display = ["user", "client", "created_at", "used_at", "expires_at", "ended_at"]
    list_filter = ["ended_by", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__full_name", "client"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiLogin | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiLogin | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(Worded):
    """To see which keys there are and to take one back; a key is made by its owner alone."""

    list_display = ["user", "name", "prefix", "scopes", "used_at", "expires_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "name", "prefix"]
    actions = ["take_back"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Take the selected keys back"), permissions=["view"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        done = 0
        for key in queryset.filter(revoked_at=None).select_related("user"):
            if not (services.may_manage(request.user, key.user) or key.user == request.user):
                self.message_user(request, f"{key}: {Forbidden()}", messages.ERROR)
                continue
            api_keys.revoke(actor=key.user, key_id=key.pk)
            done += 1
        text = ngettext("%d key taken back.", "%d keys taken back.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)


@admin.register(Limit)
class LimitAdmin(Worded):
    """Without a row, the environment's setting holds; deleting a row brings it back."""

    list_display = ["action", "per_user", "per_address"]
    fields = ["action", "per_user", "per_address"]

    def get_readonly_fields(self, request: HttpRequest, obj: Limit | None = None) -> list[str]:
        return ["action"] if obj else []

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        stored = set(Limit.objects.values_list("action", flat=True))
        for action, text in settings.LIMITS.items():
            if action not in stored:
                limit = limits.default(action, text)
                line = _(
                    "%(what)s, as the settings say: %(user)s for each person, "
                    "%(address)s for each address."
                )
                said = {"what": limit, "user": limit.per_user or "–", "address": limit.per_address}
                self.message_user(request, line % said, messages.INFO)
        return super().changelist_view(request, extra_context)
