"""{% column_chart bars title %}, {% bar_chart bars title %}, and figures as people read them."""

from django import template

from core import charts

register = template.Library()
register.simple_tag(charts.columns, name="column_chart")
register.simple_tag(charts.rows, name="bar_chart")
register.filter(charts.dollars)
register.filter(charts.grouped)
