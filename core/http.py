"""The one error shape (RFC 9457, application/problem+json) and the one list shape."""

import logging
import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from core.errors import AppError, Forbidden, NotFound, TooMany, Unauthenticated
from core.sentences import MEDIA_TYPE, OF_CODES

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
WHOLE = re.compile("-?[0-9]{1,18}")


def problem_body(
    status: int, code: str, detail: Any, errors: Any = None, **extra: Any
) -> dict[str, Any]:
    """{type, title, status, detail, code, errors?}: `errors` is [{field, message}]."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code,
        **extra,
    }
    if errors:
        body["errors"] = errors
    return body


def problem(error: AppError) -> JsonResponse:
    body = problem_body(error.status, error.code, error.message, retryable=error.retryable)
    response = JsonResponse({**body, **error.extra}, status=error.status, content_type=PROBLEM)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response["WWW-Authenticate"] = "Bearer"
    return response


def field_errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    """DRF's nested validation detail as a flat list of {field, message}."""
    if isinstance(detail, dict):
        return [
            row
            for name, inner in detail.items()
            for row in field_errors(inner, f"{path}.{name}".strip("."))
        ]
    if isinstance(detail, list):
        return [row for inner in detail for row in field_errors(inner, path)]
    said = OF_CODES.get(getattr(detail, "code", ""), detail)
    return [{"field": path or "non_field_errors", "message": str(said)}]


def invalid(errors: list[dict[str, str]]) -> JsonResponse:
    detail = errors[0]["message"] if len(errors) == 1 else _("Some fields need another value.")
    return JsonResponse(
        problem_body(422, "invalid", detail, errors), status=422, content_type=PROBLEM
    )


def drf_exception_handler(error: Exception, context: dict[str, Any]) -> Any:
    if isinstance(error, AppError):
        return problem(error)
    if isinstance(error, exceptions.ValidationError):
        return invalid(field_errors(error.detail))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return problem(Unauthenticated())
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(NotFound())
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        # DRF reports a failed CSRF check as a denied permission; its reason helps the caller.
        reason = str(getattr(error, "detail", "")) if "CSRF" in str(error) else None
        return problem(Forbidden(reason))
    if isinstance(error, exceptions.Throttled):
        return problem(TooMany(int(error.wait or 60)))
    if isinstance(error, exceptions.APIException):
        return problem(_told(error, context))
    return None


def _told(error: exceptions.APIException, context: dict[str, Any]) -> AppError:
    """What REST framework says in words of its own."""
    said: Any = error.detail
    view = context.get("view")
    if isinstance(error, exceptions.UnsupportedMediaType) and view is not None:
        said = MEDIA_TYPE % {"types": ", ".join(one.media_type for one in view.parser_classes)}
    return AppError(said, code=str(error.default_code), status=error.status_code)


class SkipLimitPagination(BasePagination):
    """`?skip=0&limit=20` (limit 1 to 100) → {total, <items>: [...], page, page_size}.

    The view names the list by an attribute `items_name`.
    """

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.skip, self.limit = skip_limit(request)
        self.items_name = getattr(view, "items_name", "results")
        self.total = queryset.count()
        return list(queryset[self.skip : self.skip + self.limit])

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "total": self.total,
                self.items_name: data,
                "page": self.skip // self.limit + 1,
                "page_size": self.limit,
            }
        )

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        whole = {"type": "integer"}
        return {
            "type": "object",
            "required": ["total", "page", "page_size"],
            "properties": {"total": whole, "results": schema, "page": whole, "page_size": whole},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in (
                ("skip", {"type": "integer", "minimum": 0, "default": 0}),
                ("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
            )
        ]


def one_of(request: HttpRequest, name: str, choices: Collection[str], default: str) -> str:
    """The choice of a query; raises DRF's ValidationError with the parameter's name."""
    chosen = str(getattr(request, "query_params", request.GET).get(name, "")) or default
    if chosen not in choices:
        said = _("Give one of these: %(choices)s.") % {"choices": ", ".join(filter(None, choices))}
        raise exceptions.ValidationError({name: said})
    return chosen


def skip_limit(request: HttpRequest) -> tuple[int, int]:
    """(skip, limit) of a list request; raises DRF's ValidationError with the field's name."""
    params = getattr(request, "query_params", request.GET)
    numbers = {"skip": 0, "limit": 20}
    for name in numbers:
        raw = params.get(name, "")
        if raw:
            # Python's int() also takes 1_0, blanks around it, and the digits of every script.
            if not WHOLE.fullmatch(raw):
                raise exceptions.ValidationError({name: _("Give a whole number.")})
            numbers[name] = int(raw)
    if not 0 <= numbers["skip"] <= 2**31:
        raise exceptions.ValidationError({"skip": _("Give 0 or more.")})
    if not 1 <= numbers["limit"] <= 100:
        raise exceptions.ValidationError({"limit": _("Give a number from 1 to 100.")})
    return numbers["skip"], numbers["limit"]
