"""What a run found, as a file."""

from django.http import HttpResponse

from core.csv_files import csv_response
from rag.evaluation import compare
from rag.models import EvaluationRun


def results(run: EvaluationRun) -> HttpResponse:
    """A row for each question, as CSV."""
    rows = compare.table(run)
    return csv_response(f"evaluation-{str(run.pk)[-12:]}", next(rows), rows)
