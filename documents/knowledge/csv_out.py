"""Questions and answers as a table that the import takes back."""

from django.db.models import QuerySet
from django.http import HttpResponse

from core.csv_files import csv_response
from documents.knowledge import services
from documents.knowledge.models import KnowledgeEntry


def exported(found: QuerySet[KnowledgeEntry]) -> HttpResponse:
    """What a spreadsheet would run gets an apostrophe, which the import takes away again."""
    rows = (
        list(
            map(
                _told_apart,
                [row.question, row.answer, row.category, ", ".join(row.tags), row.language],
            )
        )
        for row in found.iterator(chunk_size=500)
    )
    return csv_response("knowledge", services.FIELDS, rows)


def _told_apart(cell: str) -> str:
    """An apostrophe of one's own is doubled, so that the import takes the other one away."""
    return f"'{cell}" if cell.startswith("'") else cell
