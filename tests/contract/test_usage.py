"""usage and usage/me: what was asked of models, and what it cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from llm.metering import budgets
from llm.models import Budget, ModelCall
from tests.contract.shape import is_paged, is_problem

pytestmark = pytest.mark.django_db
ALL, MINE = "/api/v1/usage", "/api/v1/usage/me"
TOTALS = {
    "calls",
    "failed",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cost_usd",
    "calls_without_price",
}
LINE = TOTALS | {"key", "name", "latency_ms", "first_token_ms"}
PAGED = {"total", "page", "page_size", "usage", "days", "since", "totals"}


def call(user, cost, days_ago=0, **fields):
    return ModelCall.objects.create(
        user=user,
        cost=Decimal(cost),
        created_at=timezone.now() - timedelta(days=days_ago),
        **{"provider": "OpenAI", "model_name": "gpt", "input_tokens": 100, **fields},
    )


@pytest.fixture(autouse=True)
def calls(alice, bob):
    budgets.forget()
    call(alice, "0.5")
    call(alice, "1.5", model_name="claude", provider="Anthropic", outcome="timeout")
    call(bob, "0.25", days_ago=2)
    call(bob, "4", days_ago=40)


def test_of_all(api, admin):
    body = api(admin).get(ALL, {"days": 7}).json()
    assert body.keys() == PAGED | {"group_by"}
    assert body["days"] == 7 and body["totals"].keys() == TOTALS
    assert (body["totals"]["calls"], body["totals"]["failed"]) == (3, 1)
    assert Decimal(body["totals"]["cost_usd"]) == Decimal("2.25")
    assert api(admin).get(ALL, {"days": 60}).json()["totals"]["calls"] == 4
    rows = is_paged(api(admin), ALL, "usage", 2, group_by="model", days=7)
    assert all(row.keys() == LINE for row in rows)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("model", {"gpt", "claude"}),
        ("provider", {"OpenAI", "Anthropic"}),
        ("user", {"alice@example.org", "bob@example.org"}),
    ],
)
def test_grouped(api, admin, by, names):
    body = api(admin).get(ALL, {"group_by": by, "days": 7}).json()
    assert body["group_by"] == by
    assert {row["name"] for row in body["usage"]} == names
    assert sum(row["calls"] for row in body["usage"]) == body["totals"]["calls"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"days": "0"}, "days"),
        ({"days": "-1"}, "days"),
        ({"days": "week"}, "days"),
        ({"days": "99999"}, "days"),
        ({"group_by": "planet"}, "group_by"),
    ],
)
def test_what_cannot_be_told(api, admin, alice, query, field):
    is_problem(api(admin).get(ALL, query), 422, "", field)
    if field == "days":
        is_problem(api(alice).get(MINE, query), 422, "", field)


def test_mine_is_mine_alone(api, alice, bob, charlie):
    Budget.objects.create(scope="user", user=alice, period="day", limit_usd=Decimal(10))
    body = api(alice).get(MINE, {"days": 7}).json()
    assert body.keys() == PAGED | {"budgets"}
    assert (body["totals"]["calls"], Decimal(body["totals"]["cost_usd"])) == (2, Decimal(2))
    (budget,) = body["budgets"]
    assert budget.keys() == {
        "scope",
        "period",
        "limit_usd",
        "limit_tokens",
        "spent_usd",
        "spent_tokens",
        "is_spent",
        "renews_at",
    }
    assert (budget["scope"], budget["is_spent"]) == ("user", False)
    assert api(bob).get(MINE, {"days": 7}).json()["totals"]["calls"] == 1
    rows = is_paged(api(alice), MINE, "usage", 7, days=7)  # a row for each day
    assert all(row.keys() == LINE for row in rows)
    nothing = api(charlie).get(MINE).json()
    assert (nothing["totals"]["calls"], nothing["budgets"]) == (0, [])


def test_of_all_is_for_admins(api, alice, bob):
    for who in (alice, bob):
        is_problem(api(who).get(ALL), 403, "forbidden")
    for path in (ALL, MINE):
        is_problem(api().get(path), 401, "not_authenticated")
