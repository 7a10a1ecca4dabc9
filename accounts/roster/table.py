"""Who is in a group, as a table that can be taken back as a class list."""

from django.db.models import QuerySet
from django.http import HttpResponse

from accounts.models import Membership
from core.csv_files import csv_response

HEADER = ["email", "full_name", "since", "last_active", "active"]


def exported(found: QuerySet[Membership]) -> HttpResponse:
    """What a spreadsheet would run gets an apostrophe, which reading takes away again."""
    rows = (
        [
            row.user.email,
            row.user.full_name,
            row.created_at.date().isoformat(),
            row.user.last_active_at.date().isoformat() if row.user.last_active_at else "",
            "yes" if row.user.is_active else "no",
        ]
        for row in found.iterator(chunk_size=500)
    )
    return csv_response("group", HEADER, rows)
