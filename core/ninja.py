"""The one NinjaAPI under /api/v1/ for what is async or streams; rooms add their routers to it."""

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from core.errors import AppError, NotFound, Unauthenticated
from core.http import invalid, problem
from core.sentences import JSON_BODY, of_pydantic

log = logging.getLogger(__name__)
api = NinjaAPI(title="Lontar", urls_namespace="stream", docs_url=None, openapi_url=None)


@api.exception_handler(AppError)
def _app_error(request: HttpRequest, error: AppError) -> HttpResponse:
    return problem(error)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(Unauthenticated())


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(NotFound())


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """ninja's own: a body that is no JSON."""
    return problem(AppError(JSON_BODY, code="parse_error", status=error.status_code))


@api.exception_handler(ValidationError)
def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid([_row(item) for item in error.errors])


def _row(item: dict[str, Any]) -> dict[str, str]:
    # loc is (source, parameter, field...): the caller knows the field, not our parameter's name.
    path = [str(part) for part in item.get("loc", ())]
    return {
        "field": ".".join(path[2:] or path[-1:]) or "body",
        "message": of_pydantic(item),
    }
