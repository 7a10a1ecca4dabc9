"""Reading JSON bodies for DRF."""

from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import parsers

from core.errors import AppError


class JSONParser(parsers.JSONParser):
    """DRF's parser lets deeply nested JSON end in a RecursionError: a 500 anybody could cause."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise AppError(_("This JSON is nested too deeply."), code="parse_error") from error
