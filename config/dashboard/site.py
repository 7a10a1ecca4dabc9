"""Django's admin, whose first page is the dashboard."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from config.dashboard import page

# The login library's list of sessions looks people up by a user name, which ours have none of.
LEFT_OUT = {"usersessions.usersession"}

# What is looked after every day stands first; how people log in belongs to the people.
ORDER = ("accounts", "chat", "documents", "prompts", "llm", "rag")
LOGINS = ("account", "mfa", "socialaccount")


class Site(admin.AdminSite):
    site_header = site_title = "Lontar"
    site_url = None  # every page says where the chats are

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # `admin_view` around it has let admins in only, and the figures ask once more.
        return super().index(request, {**page.context(request), **(extra_context or {})})

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        # The account's page asks for the same and ends other sessions.
        return redirect("account_change_password")

    password_change_done = password_change

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        apps = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        if "accounts" in apps:
            for label in LOGINS:
                apps["accounts"]["models"] += apps.pop(label, {"models": []})["models"]
        return sorted(
            apps.values(),
            key=lambda app: ORDER.index(app["app_label"]) if app["app_label"] in ORDER else 99,
        )

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        given = model_or_iterable if isinstance(model_or_iterable, list | tuple) else None
        models = [model_or_iterable] if given is None else given
        kept = [model for model in models if model._meta.label_lower not in LEFT_OUT]
        super().register(kept, admin_class, **options)
