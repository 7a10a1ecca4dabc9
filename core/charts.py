"""Bar charts as SVG made here: the page policy allows no inline style, and none is needed.

A chart is a picture of the table that stands beside it, so it says no more than its title to a
screen reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT, BASE = 720, 180, 150
ROW, LABEL, VALUE = 24, 200, 90
MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """What one bar stands for, how long it is, and its value as people read it."""

    name: str
    value: Decimal | int
    shown: str


def columns(bars: Sequence[Bar], title: str) -> SafeString:
    """One column for each bar, in order; for days."""
    highest = max(bars, key=lambda bar: bar.value, default=Bar("", 0, "0"))
    step = Decimal(WIDTH) / max(len(bars), 1)
    drawn = []
    for number, bar in enumerate(bars):
        height = _share(bar, highest, BASE - 20)
        x, width = _round(number * step + step / 10), _round(step * 8 / 10)
        drawn.append((x, _round(BASE - height), width, height, f"{bar.name}: {bar.shown}"))
    rects = format_html_join(
        "\n",
        '<rect class="chart-bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        drawn,
    )
    first, last = (bars[0].name, bars[-1].name) if bars else ("", "")
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="chart-axis" x1="0" y1="{}" x2="{}" y2="{}"></line>{}'
        '<text class="chart-label" x="0" y="{}">{}</text>'
        '<text class="chart-label chart-end" x="{}" y="{}">{}</text>'
        '<text class="chart-label" x="0" y="12">{}</text></svg>',
        *(WIDTH, HEIGHT, title),
        *(BASE, WIDTH, BASE, rects),
        *(BASE + 20, first, WIDTH, BASE + 20, last if len(bars) > 1 else ""),
        _("highest: %s") % highest.shown,
    )


def rows(bars: Sequence[Bar], title: str) -> SafeString:
    """A bar for each of the first with its name and value; for what has no order."""
    chosen = bars[:MOST_BARS]
    longest = max(chosen, key=lambda bar: bar.value, default=Bar("", 0, "0"))
    drawn = []
    for number, bar in enumerate(chosen):
        width = _share(bar, longest, WIDTH - LABEL - VALUE)
        middle = number * ROW + 16
        name = (LABEL - 8, middle, bar.name, _short(bar.name))
        rect = (LABEL, number * ROW + 4, width, ROW - 8)
        drawn.append((*name, *rect, LABEL + width + 6, middle, bar.shown))
    rects = format_html_join(
        "\n",
        '<text class="chart-label chart-end" x="{}" y="{}"><title>{}</title>{}</text>'
        '<rect class="chart-bar" x="{}" y="{}" width="{}" height="{}"></rect>'
        '<text class="chart-label" x="{}" y="{}">{}</text>',
        drawn,
    )
    return format_html(
        '<svg class="chart chart-rows" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        *(WIDTH, max(len(chosen), 1) * ROW, title, rects),
    )


def dollars(value: Decimal | None) -> str:
    """Cents, and more places where they are all there is."""
    if value is None:
        return "–"
    places = 2 if value == 0 or value >= 1 else 4
    cents = round(value, places)
    return f"${number_format(cents, decimal_pos=places, use_l10n=True, force_grouping=True)}"


def grouped(value: int) -> str:
    """A whole number as the reader's language writes large ones."""
    return str(number_format(value, use_l10n=True, force_grouping=True))


def _share(bar: Bar, longest: Bar, space: int) -> Decimal:
    return _round(Decimal(bar.value) / (Decimal(longest.value) or 1) * space)


def _round(number: Decimal | int) -> Decimal:
    return Decimal(number).quantize(Decimal("0.1"))


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
