"""Lists of the admin on narrow screens, where each row stands alone: `result|under:headers`."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()

CELL = re.compile(r"^<(td|th)\b")


@register.filter
def under(cells: Iterable[SafeString], headers: Sequence[dict[str, Any]]) -> list[SafeString]:
    """Each cell with its column's heading as `data-label`; the box that selects a row has none."""
    labelled = []
    for number, cell in enumerate(cells):
        # Cells after the last heading hold hidden fields of a list that is edited.
        header = headers[number] if number < len(headers) else {"text": ""}
        boxed = "action-checkbox" in (header.get("class_attrib") or "")
        label = "" if boxed else format_html(' data-label="{}"', capfirst(header["text"]))
        # The cell is Django's own markup; only the escaped attribute is put in.
        html = CELL.sub(lambda tag, label=label: tag[0] + label, cell, count=1)
        labelled.append(mark_safe(html))  # noqa: S308
    return labelled
