"""usage: everybody's, for administrators. usage/me: one's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import exceptions, permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.http import skip_limit
from llm.metering import reports
from llm.metering.reports import Asker, Line, Standing


class IsAdmin(permissions.BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user.is_authenticated and request.user.is_admin)


class UsageView(APIView):
    """?days=30 (1 to 366) &group_by=day|provider|model|user|group, a page of skip and limit."""

    permission_classes = [IsAdmin]

    def get(self, request: Request) -> Response:
        days, group_by = _days(request), _group_by(request)
        lines = reports.usage(actor=_actor(request), days=days, group_by=group_by)
        # People in several groups count in each: only days add up to what there was.
        by_day = lines
        if group_by != "day":
            by_day = reports.usage(actor=_actor(request), days=days, group_by="day")
        return Response({**_page(request, lines, by_day, days), "group_by": group_by})


class OwnUsageView(APIView):
    def get(self, request: Request) -> Response:
        days = _days(request)
        lines = reports.own_usage(actor=_actor(request), days=days)
        standings = reports.own_budgets(actor=_actor(request))
        budgets = [_standing(one) for one in standings]
        return Response({**_page(request, lines, lines, days), "budgets": budgets})


def _page(request: Request, lines: list[Line], by_day: list[Line], days: int) -> dict[str, Any]:
    skip, limit = skip_limit(request)
    totals = _line(reports.total(by_day))
    return {
        "total": len(lines),
        "usage": [{"name": one.name, **_line(one)} for one in lines[skip : skip + limit]],
        "page": skip // limit + 1,
        "page_size": limit,
        "days": days,
        "since": str(reports.first_day(days)),
        "totals": {k: v for k, v in totals.items() if k not in ("key", *AVERAGES)},
    }


AVERAGES = ("latency_ms", "first_token_ms")


def _line(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "calls": line.calls,
        "failed": line.failed,
        "input_tokens": line.input_tokens,
        "output_tokens": line.output_tokens,
        "cached_tokens": line.cached_tokens,
        "reasoning_tokens": line.reasoning_tokens,
        "cost_usd": _money(line.cost),
        "calls_without_price": line.unpriced,
        "latency_ms": line.latency_ms,
        "first_token_ms": line.first_token_ms,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    budget = standing.budget
    return {
        "scope": budget.scope,
        "period": budget.period,
        "limit_usd": _money(budget.limit_usd),
        "limit_tokens": budget.limit_tokens,
        "spent_usd": _money(standing.spent_usd),
        "spent_tokens": standing.spent_tokens,
        "is_spent": standing.is_spent,
        "renews_at": standing.renews_at,
    }


def _money(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.6f}"


def _days(request: Request) -> int:
    raw = request.query_params.get("days", "30")
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 4):
        raise exceptions.ValidationError({"days": _("Give a whole number.")})
    if not 1 <= int(raw) <= reports.MOST_DAYS:
        raise exceptions.ValidationError({"days": _("Give a number from 1 to 366.")})
    return int(raw)


def _group_by(request: Request) -> str:
    raw = request.query_params.get("group_by", "day")
    if raw not in reports.GROUPINGS:
        groupings = ", ".join(reports.GROUPINGS)
        raise exceptions.ValidationError({"group_by": _("Give one of these: %s.") % groupings})
    return raw


def _actor(request: Request) -> Asker:
    return cast("Asker", request.user)


urlpatterns = [
    path("usage", UsageView.as_view(), name="api-usage"),
    path("usage/me", OwnUsageView.as_view(), name="api-own-usage"),
]
