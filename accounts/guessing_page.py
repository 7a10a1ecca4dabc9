"""The same for the pages: who has to wait is told on a page."""

from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest

from accounts import guessing
from core.errors import TooMany
from core.errors_pages import wait_page


def begin(request: HttpRequest, account: str, kind: str = "password") -> guessing.Attempt:
    """As guessing.begin; on a page, TooMany becomes the answer."""
    try:
        return guessing.begin(request, account, kind)
    except TooMany as error:
        if request.path.startswith("/api/"):
            raise
        raise ImmediateHttpResponse(wait_page(request, error)) from error
