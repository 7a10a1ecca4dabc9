"""Error pages, and problem+json for the same errors under the API."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import AppError, Forbidden, NotFound, TooLarge, TooMany
from core.http import problem
from core.openai_errors import PREFIX as OPENAI
from core.openai_errors import openai_problem
from core.sentences import METHOD


def _answer(request: HttpRequest, error: AppError, template: str) -> HttpResponse:
    if request.path.startswith(OPENAI):
        return openai_problem(error)
    if request.path.startswith("/api/"):
        return problem(error)
    return render(request, template, {"error": error}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, TooLarge(), "400.html")
    return _answer(request, AppError(), "400.html")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, Forbidden(), "403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, NotFound(), "404.html")


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For the login library's limits, which do not say how long they last."""
    return wait_page(request, TooMany(60))


def wait_page(request: HttpRequest, error: TooMany) -> HttpResponse:
    response = _answer(request, error, "429.html")
    response["Retry-After"] = str(error.retry_after)
    return response


def not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """For an address of programs that is asked with another method."""
    said = METHOD % {"method": request.method, "allowed": allowed}
    is_openai = request.path.startswith(OPENAI)
    code = "not_allowed" if is_openai else "method_not_allowed"
    error = AppError(said, code=code, status=405)
    response = openai_problem(error) if is_openai else problem(error)
    response["Allow"] = allowed
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, AppError(code="internal", status=500), "500.html")
