"""Charts are safe to put in a page, and as long as what they stand for."""

import re
from decimal import Decimal

from django.utils import translation
from django.utils.safestring import SafeString

from core.charts import Bar, columns, dollars, grouped, rows

HOSTILE = '<script>alert("x")</script>' * 3


def widths(svg):
    return re.findall(r'<rect[^>]* width="([\d.]+)"', svg)


def test_names_in_charts_are_text():
    bars = [Bar(HOSTILE, 3, HOSTILE), Bar(HOSTILE, 0, "0")]
    for chart in (rows, columns):
        svg = chart(bars, '"><script>')
        assert isinstance(svg, SafeString) and "<script" not in svg


def test_bars_are_as_long_as_their_values():
    bars = [Bar("a", Decimal(3), "3"), Bar("b", Decimal("1.5"), "1.5"), Bar("c", Decimal(0), "0")]
    assert widths(rows(bars, "x")) == ["430.0", "215.0", "0.0"]
    heights = re.findall(r'<rect[^>]* height="([\d.]+)"', columns(bars, "x"))
    assert heights == ["130.0", "65.0", "0.0"]
    assert "highest: 3" in columns(bars, "x")


def test_nothing_at_all_is_a_chart_too():
    assert rows([], "x").startswith("<svg") and columns([], "x").startswith("<svg")
    assert widths(columns([Bar("a", 0, "0")] * 2, "x")) == ["288.0", "288.0"]


def test_a_chart_has_a_name_and_each_column_its_value():
    svg = columns([Bar("1 May", 7, "7")], "Questions by day")
    assert 'role="img" aria-label="Questions by day"' in svg
    assert "<title>1 May: 7</title>" in svg


def test_dollars_and_numbers_are_written_as_people_write_them():
    values = [Decimal(0), Decimal("0.00041"), Decimal("12345.678"), None]
    assert [dollars(v) for v in values] == ["$0.00", "$0.0004", "$12,345.68", "–"]
    assert grouped(1234567) == "1,234,567"
    with translation.override("id"):
        assert (dollars(Decimal("12345.678")), grouped(1234567)) == ("$12.345,68", "1.234.567")
