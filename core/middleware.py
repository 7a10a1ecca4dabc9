"""X-Request-ID and X-Process-Time on every answer, and no caching of what depends on the caller."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from core import metrics
from core.errors_pages import not_allowed
from core.logs import request_id
from core.openai_errors import PREFIX as OPENAI

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestMiddleware:
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        started = self._begin(request)
        return self._finish(request, self.get_response(request), started)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        started = self._begin(request)
        return self._finish(request, await self.get_response(request), started)

    def _begin(self, request: HttpRequest) -> float:
        given = request.headers.get("X-Request-ID", "")
        request_id.set(given if ID.fullmatch(given) else uuid.uuid4().hex[:16])
        return time.perf_counter()

    def _finish(
        self, request: HttpRequest, response: HttpResponseBase, started: float
    ) -> HttpResponseBase:
        # ninja and Django's decorators answer in a few words, or in none.
        if response.status_code == 405 and request.path.startswith((OPENAI, "/api/")):
            response = not_allowed(request, response.headers.get("Allow", ""))
        taken = time.perf_counter() - started
        match = request.resolver_match
        metrics.count(
            str(request.method), match.route if match else "", response.status_code, taken
        )
        response.headers["X-Request-ID"] = request_id.get()
        response.headers["X-Process-Time"] = f"{taken:.4f}"
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def admin_policy(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Lift Trusted Types for Django's own admin pages, whose jQuery writes HTML as text.

    Everything else of the policy stays: no inline script, nothing from another host.
    """

    def relax(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path.startswith("/admin/"):
            response._csp_replace = {"require-trusted-types-for": None}  # type: ignore[attr-defined]
        return response

    if iscoroutinefunction(get_response):

        async def amiddleware(request: HttpRequest) -> HttpResponseBase:
            return relax(request, await get_response(request))

        return amiddleware
    return lambda request: relax(request, get_response(request))


admin_policy.sync_capable = admin_policy.async_capable = True  # type: ignore[attr-defined]
