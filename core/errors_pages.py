"""Error pages, and problem+json for the same errors under the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import AppError, Forbidden, NotFound
from core.http import problem


def _answer(request: HttpRequest, error: AppError, template: str) -> HttpResponse:
    if request.path.startswith(("/api/", "/v1/")):
        return problem(error)
    return render(request, template, {"error": error}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, AppError(), "400.html")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Forbidden(), "403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, NotFound(), "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, AppError(code="internal", status=500), "500.html")
