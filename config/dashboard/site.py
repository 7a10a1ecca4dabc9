"""Django's admin, whose first page is the dashboard."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from config.dashboard import page


class Site(admin.AdminSite):
    site_header = site_title = "Lontar"
    site_url = None  # every page says where the chats are

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # `admin_view` around it has let admins in only, and the figures ask once more.
        return super().index(request, {**page.context(request), **(extra_context or {})})
