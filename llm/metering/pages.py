"""The admin page “Usage and cost”: a chart and a table for each way to look at it, and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.charts import Bar, dollars, grouped
from core.csv_files import csv_response
from llm.metering import reports
from llm.metering.reports import Asker, Line

PERIODS = (1, 7, 30, 90, 365)
TITLES: dict[str, str | Promise] = {
    "day": gettext_lazy("By day"),
    "provider": gettext_lazy("By provider"),
    "model": gettext_lazy("By model"),
    "user": gettext_lazy("By person"),
    "group": gettext_lazy("By group"),
}
HEADINGS: dict[str, str | Promise] = {
    "day": gettext_lazy("day"),
    "provider": gettext_lazy("provider"),
    "model": gettext_lazy("model"),
    "user": gettext_lazy("person"),
    "group": gettext_lazy("group"),
}
# What a table shows at most; the file has all.
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Section:
    """One way to look at the calls."""

    group_by: str
    title: str
    heading: str
    lines: Sequence[Line]
    left_out: int
    chart: str
    bars: Sequence[Bar]


def usage_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """?days (30) and, for a file, ?csv=<grouping>. The caller has checked who asks."""
    days = _days(request.GET.get("days", ""))
    grouping = request.GET.get("csv", "")
    if grouping in reports.GROUPINGS:
        return _file(grouping, days, request)
    found = {name: _lines(name, days, request) for name in reports.GROUPINGS}
    every_day = found["day"]
    compared = measure(every_day)
    sections = [_section(name, lines, compared) for name, lines in found.items()]
    return TemplateResponse(
        request,
        "admin/llm/usage.html",
        {
            **context,
            "title": _("Usage and cost"),
            "days": days,
            "periods": sorted({*PERIODS, days}),
            "sections": sections,
            "total": reports.total(every_day),
        },
    )


def measure(lines: Sequence[Line]) -> str:
    """What charts compare: the cost, or tokens where nothing has a price."""
    return "cost" if any(line.cost for line in lines) else "tokens"


def _section(group_by: str, lines: Sequence[Line], compared: str) -> Section:
    shown = lines if group_by == "day" else lines[:MOST_ROWS]
    title, heading = str(TITLES[group_by]), str(HEADINGS[group_by])
    what = _("cost in US dollars") if compared == "cost" else _("tokens")
    bars = [_bar(line, compared) for line in shown]
    return Section(
        group_by, title, heading, shown, len(lines) - len(shown), f"{title}: {what}", bars
    )


def _bar(line: Line, compared: str) -> Bar:
    if compared == "cost":
        return Bar(line.name, line.cost, dollars(line.cost))
    return Bar(line.name, line.tokens, grouped(line.tokens))


def _lines(group_by: str, days: int, request: HttpRequest) -> list[Line]:
    return reports.usage(actor=cast("Asker", request.user), days=days, group_by=group_by)


def _file(group_by: str, days: int, request: HttpRequest) -> HttpResponseBase:
    header = [
        HEADINGS[group_by],
        _("calls"),
        _("failed"),
        _("input tokens"),
        _("output tokens"),
        _("read again"),
        _("spent on thinking"),
        _("cost in US dollars"),
        _("calls without a price"),
        _("took (ms)"),
        _("first word after (ms)"),
    ]
    rows = [
        (
            line.name,
            line.calls,
            line.failed,
            line.input_tokens,
            line.output_tokens,
            line.cached_tokens,
            line.reasoning_tokens,
            line.cost,
            line.unpriced,
            line.latency_ms,
            line.first_token_ms,
        )
        for line in _lines(group_by, days, request)
    ]
    return csv_response(f"usage-by-{group_by}-{days}-days", header, rows)


def _days(raw: str) -> int:
    if raw.isascii() and raw.isdecimal() and len(raw) <= 4:
        return min(max(int(raw), 1), reports.MOST_DAYS)
    return 30
