from django.utils import translation

from llm.metering import metered
from llm.tests.troubles import CASES, MAY_COST, PAGE, page


def test_the_page_shows_the_table_as_it_is():
    """Run ``python -m llm.tests.troubles`` after changing it."""
    written = PAGE.read_text()
    with translation.override("en"):
        assert written == page(written)


def test_no_trouble_is_told_twice():
    rows = [(trouble.what, kind) for kind, trouble in CASES]
    assert len(rows) == len(set(rows))


def test_what_may_have_cost_something_is_what_is_charged():
    assert MAY_COST == metered.MAY_COST
