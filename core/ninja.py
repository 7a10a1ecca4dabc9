"""The one NinjaAPI under /api/v1/ for what is async or streams; rooms add their routers to it."""

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from core.errors import AppError, NotFound, Unauthenticated
from core.http import invalid, problem
from core.serializers import UNKNOWN

log = logging.getLogger(__name__)
_WHOLE, _OBJECT = _("Give a whole number."), _("Send one JSON object.")
_UUID = _("Give an id as it was told, like 0192f3a4-5b6c-7d8e-9f01-23456789abcd.")
# By the type of pydantic's error; "%" fills in what its context holds.
SENTENCES = {
    "missing": _("This field is required."),
    "extra_forbidden": UNKNOWN,
    "literal_error": _("Give one of these: %(choices)s."),
    "string_type": _("Give a text."),
    "string_too_short": _("This field may not be blank."),
    "string_too_long": _("Give at most %(max_length)d characters."),
    "bool_type": _("Send true or false."),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_parsing": _("Give a number."),
    "greater_than_equal": _("Give %(ge)s or more."),
    "less_than_equal": _("Give %(le)s or less."),
    "uuid_parsing": _UUID,
    "uuid_type": _UUID,
    "list_type": _("Give a list."),
    "too_long": _("Give at most %(max_length)d."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
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
    return problem(AppError(str(error), status=error.status_code))


@api.exception_handler(ValidationError)
def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid([_row(item) for item in error.errors])


def _row(item: dict[str, Any]) -> dict[str, str]:
    # loc is (source, parameter, field...): the caller knows the field, not our parameter's name.
    path = [str(part) for part in item.get("loc", ())]
    return {
        "field": ".".join(path[2:] or path[-1:]) or "body",
        "message": str(_sentence(item)),
    }


def _sentence(item: dict[str, Any]) -> Any:
    """Pydantic speaks of inputs and of its own types, and only in English."""
    known = SENTENCES.get(item.get("type", ""))
    if known is None:
        return item.get("msg", "")
    given = item.get("ctx") or {}
    expected = str(given.get("expected", "")).replace(" or ", ", ").replace("'", "")
    return str(known) % {**given, "choices": expected}
