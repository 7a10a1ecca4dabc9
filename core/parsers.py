"""Reading bodies for DRF, and what is answered in."""

from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import exceptions, negotiation, parsers

from core.errors import AppError
from core.sentences import FORM_BODY, JSON_BODY, OBJECT


class JSONParser(parsers.JSONParser):
    """DRF's parser lets deeply nested JSON end in a RecursionError: a 500 anybody could cause."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            read = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise AppError(_("This JSON is nested too deeply."), code="parse_error") from error
        except exceptions.ParseError as error:
            raise AppError(JSON_BODY, code="parse_error") from error
        if read is None:
            raise exceptions.ValidationError(OBJECT)
        return read


class FormParser(parsers.MultiPartParser):
    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except exceptions.ParseError as error:
            raise AppError(FORM_BODY, code="parse_error") from error


class OneRepresentation(negotiation.DefaultContentNegotiation):
    """Every address answers in one media type, whatever `Accept` says (RFC 9110, section 12.5.1).

    A download asked for as application/pdf would be refused else: DRF knows of JSON alone.
    """

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
