"""JSON bodies with files inside, which are longer than what Django keeps in memory for others."""

from typing import TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from core.errors import AppError, Invalid, TooLarge
from core.sentences import JSON_BODY, of_pydantic

# Base64 makes 27 MB of two pictures of 10 MB. config.server refuses more while it arrives.
LONGEST_MB = 28
LONGEST = LONGEST_MB * 1024 * 1024
Body = TypeVar("Body", bound=BaseModel)


def whole(request: HttpRequest) -> bytes:
    """Raises TooLarge."""
    data = request.read(LONGEST + 1)
    if len(data) > LONGEST:
        said = _("This request is larger than %(most)d MB. Send fewer or smaller pictures.")
        raise TooLarge(said % {"most": LONGEST_MB})
    return data


def parsed(request: HttpRequest, shape: type[Body]) -> Body:
    """The body as `shape`. Raises AppError, with the fields that are wrong as `errors`."""
    try:
        return shape.model_validate_json(whole(request))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise AppError(JSON_BODY, code="parse_error")
    rows = [
        {"field": ".".join(map(str, one["loc"])) or "body", "message": of_pydantic(dict(one))}
        for one in found
    ]
    detail = rows[0]["message"] if len(rows) == 1 else _("Some fields need another value.")
    raise Invalid(detail, extra={"errors": rows})
