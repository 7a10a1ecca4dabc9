"""What is told of usage: the API, the admin's page, its files and charts, and the alert."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Group, Membership
from core.csv_files import safe_cell
from core.ids import new_id
from core.testing import person
from llm import tasks
from llm.messages import Request
from llm.metering import alerts, budgets, reports
from llm.metering.caller import Caller
from llm.metering.settling import settle
from llm.models import Budget, LanguageModel, ModelCall, Provider, SpendingAlert

PAGE = "/admin/llm/modelcall/usage/"


def call(user, cost="0.5", days_ago=0, **fields):
    fields = {"provider": "OpenAI", "model_name": "gpt", "input_tokens": 100, **fields}
    return ModelCall.objects.create(
        user=user,
        cost=None if cost is None else Decimal(cost),
        output_tokens=10,
        created_at=timezone.now() - timedelta(days=days_ago),
        latency_ms=900,
        first_token_ms=300,
        **fields,
    )


@pytest.fixture
def calls(alice, bob):
    budgets.forget()
    call(alice)
    call(alice, "1.5", provider="Anthropic", model_name="claude", outcome="timeout")
    call(bob, None, days_ago=1, model_name="own", provider="Gateway")
    call(bob, "0.25", days_ago=40)
    call(None, "0.125", kind="summary")


def names(body):
    return [row["name"] for row in body["usage"]]


def test_an_administrator_reads_what_everybody_used(api, admin, calls):
    body = api(admin).get("/api/v1/usage?days=30&group_by=provider").json()
    assert names(body) == ["Anthropic", "OpenAI", "Gateway"]
    assert (body["total"], body["days"], body["group_by"]) == (3, 30, "provider")
    first = body["usage"][0]
    assert (first["cost_usd"], first["calls"], first["failed"]) == ("1.500000", 1, 1)
    assert (first["latency_ms"], first["first_token_ms"]) == (None, 300)
    totals = body["totals"]
    assert (totals["calls"], totals["cost_usd"]) == (4, "2.125000")
    assert (totals["calls_without_price"], totals["input_tokens"]) == (1, 400)


def test_days_without_calls_are_there_too(api, admin, calls):
    body = api(admin).get("/api/v1/usage?days=7&limit=100").json()
    assert len(body["usage"]) == 7 and body["since"] == names(body)[0]
    assert [row["calls"] for row in body["usage"]] == [0, 0, 0, 0, 0, 1, 3]
    assert names(body)[-1] == str(timezone.localdate())


def test_by_person_and_by_group(api, admin, alice, bob, calls):
    for name, members in {"A": [alice], "B": [alice, bob]}.items():
        group = Group.objects.create(name=name)
        for member in members:
            Membership.objects.create(group=group, user=member)
    body = api(admin).get("/api/v1/usage?group_by=user").json()
    assert names(body) == [alice.email, "nobody (or deleted)", bob.email]
    assert body["usage"][0]["key"] == str(alice.pk)
    body = api(admin).get("/api/v1/usage?group_by=group").json()
    assert [(row["name"], row["calls"]) for row in body["usage"]] == [
        ("B", 3),
        ("A", 2),
        ("in no group", 1),
    ]
    assert body["totals"]["calls"] == 4


@pytest.mark.parametrize(
    "query", ["days=0", "days=367", "days=x", "days=1e3", "days=²", "group_by=x", "group_by=%00"]
)
def test_a_wrong_question_is_refused(api, admin, query):
    answer = api(admin).get(f"/api/v1/usage?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_everybody_reads_their_own_and_no_other(api, alice, bob, charlie, calls):
    assert api(alice).get("/api/v1/usage").status_code == 403
    assert api().get("/api/v1/usage/me").status_code == 401
    totals = {
        one.email: api(one).get("/api/v1/usage/me").json()["totals"]
        for one in (alice, bob, charlie)
    }
    assert [totals[one.email]["calls"] for one in (alice, bob, charlie)] == [2, 1, 0]
    body = api(alice).get("/api/v1/usage/me?days=2&user=bob&group_by=user").json()
    assert (body["total"], body["budgets"]) == (2, [])


def test_ones_own_budgets_are_told_and_what_others_spent_is_not(api, alice, bob):
    gateway = Provider.objects.create(kind="openai_compatible", name="G", base_url="http://g/v1")
    model = LanguageModel.objects.create(
        provider=gateway, name="m", input_price=0, output_price=1, max_output_tokens=100
    )
    Budget.objects.create(scope="user", limit_usd=1)
    Budget.objects.create(scope="everyone", period="month", limit_usd=2)
    budgets.forget()
    for user in (alice, bob):
        call_id = new_id()
        request = Request(model="m")
        held = budgets.admit(Caller(user.pk), model, request, call_id, patient=False)
        settle(call_id, held.accounts, Decimal(1), 10)
    month, day = api(alice).get("/api/v1/usage/me").json()["budgets"]
    if day["scope"] != "user":
        month, day = day, month
    assert (day["spent_usd"], day["spent_tokens"], day["is_spent"]) == ("1.000000", 10, True)
    assert (month["spent_usd"], month["is_spent"], month["limit_usd"]) == (None, True, "2.000000")
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert day["renews_at"].startswith(str(tomorrow))


def test_the_page_shows_charts_and_tables(api, admin, calls):
    html = api(admin).get(PAGE).content.decode()
    assert html.count('class="chart"') + html.count('class="chart chart-rows"') == 5
    assert html.count('<rect class="chart-bar"') == 30 + 3 + 3 + 3 + 1
    assert "claude" in html and "$1.50" in html and "style=" not in html
    assert "1 call was answered by a model without a price" in html
    assert f'href="{PAGE}"' in api(admin).get("/admin/").content.decode()


def test_the_page_of_a_house_without_calls(api, admin):
    html = api(admin).get(PAGE, {"days": "x"}).content.decode()
    assert html.count("No model was asked in this time.") == 4
    assert html.count('<svg class="chart') == html.count('class="chart-table"') == 5


@pytest.mark.parametrize("query", ["", "?csv=user"])
def test_students_do_not_see_the_page(api, alice, bob, charlie, calls, query):
    for client in (api(alice), api(bob), api(charlie), api()):
        answer = client.get(PAGE + query)
        assert answer.status_code in (302, 403)
        assert b"gpt" not in answer.content and b"$" not in answer.content


@pytest.mark.parametrize("grouping", sorted(reports.GROUPINGS))
def test_each_table_is_a_file(api, admin, calls, grouping):
    answer = api(admin).get(PAGE, {"csv": grouping, "days": 7})
    assert answer["Content-Type"].startswith("text/csv")
    assert f'"usage-by-{grouping}-7-days.csv"' in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][1] == "calls" and sum(int(row[1]) for row in rows[1:]) == 4


def test_a_file_runs_no_formula(api, admin, alice):
    evil = '=HYPERLINK("http://evil.example","x")'
    call(alice, provider=evil, model_name="-2+3")
    call(person("+eve"))
    for grouping, begin in (("provider", "'=HYPER"), ("model", "'-2+3"), ("user", "'+eve")):
        answer = api(admin).get(PAGE, {"csv": grouping})
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert any(row[0].startswith(begin) for row in rows), grouping


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\u200b=1", "＝1"])
def test_a_cell_that_would_be_run_is_text(text):
    assert safe_cell(text) == f"'{text}"


def test_other_cells_stay_as_they_are():
    assert [safe_cell(v) for v in ("a=b", 3, Decimal("-1.5"), None, "")] == [
        "a=b",
        3,
        Decimal("-1.5"),
        "",
        "",
    ]


@pytest.fixture
def mailing(settings):
    settings.EMAIL_CONFIGURED = True


def test_administrators_are_told_once_a_day(api, alice, admin, superadmin, calls, mailing):
    SpendingAlert.objects.create(threshold_usd=2)
    person("former", role="admin", is_active=False)
    tasks.watch_spending()
    tasks.watch_spending()
    assert sorted(message.to[0] for message in mail.outbox) == [admin.email, superadmin.email]
    assert "$2.12" in mail.outbox[0].body and "$2.00" in mail.outbox[0].body
    assert "Models have cost $2.12" in api(admin).get("/admin/").content.decode()
    SpendingAlert.objects.update(noticed_on=timezone.localdate() - timedelta(days=1))
    assert "Models have cost" not in api(admin).get("/admin/").content.decode()


def test_below_the_threshold_nobody_is_told(admin, calls, mailing):
    assert not alerts.check_spending()
    alert = SpendingAlert.objects.create(threshold_usd="2.2")
    assert not alerts.check_spending() and not mail.outbox
    alert.threshold_usd = None
    alert.save()
    assert not alerts.check_spending()


def test_without_mail_there_is_the_notice_alone(admin, calls):
    SpendingAlert.objects.create(threshold_usd=1)
    assert alerts.check_spending() and not mail.outbox
    assert "Models have cost" in alerts.todays_notice()
    assert not alerts.check_spending()


def test_a_mail_that_cannot_be_sent_is_sent_later(admin, calls, mailing, monkeypatch):
    SpendingAlert.objects.create(threshold_usd=1)
    with monkeypatch.context() as patch:

        def refuse(*args, **kwargs):
            raise ConnectionRefusedError

        patch.setattr(mail, "get_connection", refuse)
        assert alerts.check_spending() and alerts.todays_notice()
    alerts.check_spending()
    assert len(mail.outbox) == 1
    assert not alerts.check_spending()


def test_a_mail_speaks_its_readers_language(admin, calls, mailing):
    admin.language = "id"
    admin.save()
    SpendingAlert.objects.create(threshold_usd=1)
    alerts.check_spending()
    assert len(mail.outbox) == 1


def test_budgets_are_made_and_listed_in_the_admin(api, admin, alice):
    form = {"scope": "user", "period": "day", "limit_usd": "1", "cheaper_percent": "50"}
    client = api(admin)
    budgets.any_active()
    answer = client.post(
        "/admin/llm/budget/add/",
        "&".join(f"{k}={v}" for k, v in {**form, "is_active": "on"}.items()),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 302
    assert not budgets.known_none()
    html = client.get("/admin/llm/budget/").content.decode()
    assert "Each person, a day" in html and "0.0000" in html


def test_what_was_paid_is_not_changed_in_the_admin(api, admin, calls):
    client = api(admin)
    row = ModelCall.objects.first()
    Provider.objects.create(kind="anthropic", name="Anthropic")
    filters = {
        "q=claude": 1,
        "ended=failed": 1,
        "ended=well": 4,
        "from=Anthropic": 1,
        "kind=chat": 4,
    }
    for query, count in filters.items():
        shown = client.get(f"/admin/llm/modelcall/?{query}")
        assert shown.context["cl"].result_count == count, query
    assert client.get("/admin/llm/modelcall/add/").status_code == 403
    assert client.post(f"/admin/llm/modelcall/{row.pk}/delete/").status_code == 403


def test_there_is_one_spending_alert(api, admin):
    client = api(admin)
    assert client.get("/admin/llm/spendingalert/add/").status_code == 200
    SpendingAlert.objects.create()
    answer = client.get("/admin/llm/spendingalert/add/")
    assert answer["Location"] == "/admin/llm/spendingalert/1/change/"
    assert client.get(answer["Location"]).status_code == 200
