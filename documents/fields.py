"""Columns that Django has no name for."""

from typing import Any

from django.db import models


class RealField(models.FloatField):
    """float4: BM25 weights need no more, and the arrays are half the size."""

    def db_type(self, connection: Any) -> str:
        return "real"
