"""What the REST doors of this room share."""

from typing import Any

from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User


def caller(request: Request) -> User:
    assert isinstance(request.user, User)  # the default permission let nobody else through
    return request.user


class ListView(GenericAPIView[Any]):
    """Paging by skip and limit over a queryset, with a function for a row."""

    items_name = "results"

    def listed(self, queryset: Any, row: Any) -> Response:
        page = self.paginate_queryset(queryset) or []
        return self.get_paginated_response([row(item) for item in page])
