"""Bar charts as SVG made here: the page policy allows no inline style, and none is needed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from llm.metering.alerts import todays_notice
from llm.metering.reports import Line

register = template.Library()

WIDTH, HEIGHT, BASE = 720, 180, 150
ROW, LABEL, VALUE = 24, 200, 90
MOST_BARS = 12


@register.simple_tag
def column_chart(lines: Sequence[Line], measure: str, title: str) -> SafeString:
    """One column for each line, in order; for days."""
    values = _values(lines, measure)
    highest = max(values, default=Decimal(0)) or Decimal(1)
    step = Decimal(WIDTH) / max(len(lines), 1)
    columns = []
    for number, (line, value) in enumerate(zip(lines, values, strict=True)):
        height = _round(value / highest * (BASE - 20))
        x, width = _round(number * step + step / 10), _round(step * 8 / 10)
        tip = f"{line.name}: {shown(value, measure)}"
        columns.append((x, _round(BASE - height), width, height, tip))
    bars = format_html_join(
        "\n",
        '<rect class="usage-bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        columns,
    )
    first, last = (lines[0].name, lines[-1].name) if lines else ("", "")
    return format_html(
        '<svg class="usage-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="usage-axis" x1="0" y1="{}" x2="{}" y2="{}"></line>{}'
        '<text class="usage-label" x="0" y="{}">{}</text>'
        '<text class="usage-label usage-end" x="{}" y="{}">{}</text>'
        '<text class="usage-label" x="0" y="12">{}</text></svg>',
        *(WIDTH, HEIGHT, _described(title, measure)),
        *(BASE, WIDTH, BASE, bars),
        *(BASE + 20, first, WIDTH, BASE + 20, last if len(lines) > 1 else ""),
        _("highest: %s") % shown(max(values, default=Decimal(0)), measure),
    )


@register.simple_tag
def bar_chart(lines: Sequence[Line], measure: str, title: str) -> SafeString:
    """A bar for each of the first lines with its name and value; for what has no order."""
    chosen = lines[:MOST_BARS]
    values = _values(chosen, measure)
    longest = max(values, default=Decimal(0)) or Decimal(1)
    space = WIDTH - LABEL - VALUE
    rows = []
    for number, (line, value) in enumerate(zip(chosen, values, strict=True)):
        width = _round(value / longest * space)
        middle = number * ROW + 16
        name = (LABEL - 8, middle, line.name, _short(line.name))
        bar = (LABEL, number * ROW + 4, width, ROW - 8)
        rows.append((*name, *bar, LABEL + width + 6, middle, shown(value, measure)))
    bars = format_html_join(
        "\n",
        '<text class="usage-label usage-end" x="{}" y="{}"><title>{}</title>{}</text>'
        '<rect class="usage-bar" x="{}" y="{}" width="{}" height="{}"></rect>'
        '<text class="usage-label" x="{}" y="{}">{}</text>',
        rows,
    )
    return format_html(
        '<svg class="usage-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        max(len(chosen), 1) * ROW,
        _described(title, measure),
        bars,
    )


@register.filter
def dollars(value: Decimal | None) -> str:
    """Cents, and more places where they are all there is."""
    if value is None:
        return "–"
    places = 2 if value == 0 or value >= 1 else 4
    cents = round(value, places)
    return f"${number_format(cents, decimal_pos=places, use_l10n=True, force_grouping=True)}"


@register.filter
def grouped(value: int) -> str:
    """A whole number as the reader's language writes large ones."""
    return str(number_format(value, use_l10n=True, force_grouping=True))


@register.simple_tag(takes_context=True)
def spending_notice(context: Any) -> str:
    """What administrators are to know today about the cost; "" for everybody else."""
    user = getattr(context.get("request"), "user", None)
    return todays_notice() if user is not None and getattr(user, "is_admin", False) else ""


def shown(value: Decimal, measure: str) -> str:
    return dollars(value) if measure == "cost" else grouped(int(value))


def _values(lines: Sequence[Line], measure: str) -> list[Decimal]:
    return [Decimal(line.cost if measure == "cost" else line.tokens) for line in lines]


def _described(title: str, measure: str) -> str:
    what = _("cost in US dollars") if measure == "cost" else _("tokens")
    return f"{title}: {what}"


def _round(number: Decimal) -> Decimal:
    return Decimal(number).quantize(Decimal("0.1"))


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
