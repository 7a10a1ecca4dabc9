"""Budgets on the real database: who is held to which, and what parallel calls can spend."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Group, Membership
from core.ids import new_id
from llm.messages import Request, Usage, user
from llm.metering import budgets
from llm.metering.caller import Caller
from llm.metering.costs import cost, longest_output, most
from llm.metering.sentences import budget_error
from llm.metering.settling import release_expired, settle
from llm.models import Budget, BudgetAccount, LanguageModel, Provider, Reservation

ASK = Request(model="big", messages=(user("Why?"),), max_tokens=1000)


@pytest.fixture(autouse=True)
def _look_at_once(db):
    budgets.forget()
    yield
    budgets.forget()


@pytest.fixture
def provider(db):
    # An address of its own: usable without a key in the environment.
    return Provider.objects.create(
        kind="openai_compatible", name="Gateway", base_url="http://gateway/v1"
    )


@pytest.fixture
def big(provider):
    return LanguageModel.objects.create(
        provider=provider, name="big", display_name="Big", input_price=0, output_price=1000
    )


@pytest.fixture
def small(provider):
    return LanguageModel.objects.create(
        provider=provider, name="small", display_name="Small", input_price=0, output_price=10
    )


def admit(caller, model, *, patient=False):
    call_id = new_id()
    return call_id, budgets.admit(caller, model, ASK, call_id, patient=patient)


def pay(call_id, admission, usd, tokens=0):
    settle(call_id, admission.accounts, Decimal(usd), tokens)


def test_what_a_call_costs():
    model = LanguageModel(input_price=2, output_price=10, cached_input_price=Decimal("0.5"))
    usage = Usage(input_tokens=1_000_000, output_tokens=100_000, cached_tokens=400_000)
    assert cost(model, usage) == Decimal("2.4")
    model.cached_input_price = None
    assert cost(model, usage) == Decimal("3")
    model.output_price = None
    assert cost(model, usage) is None


def test_what_is_held_back_is_the_most_a_call_can_come_to():
    model = LanguageModel(max_output_tokens=128_000)
    request = Request(model="m", system="x" * 400, messages=(user("y" * 400),))
    assert most(model, request).input_tokens >= 400
    assert most(model, request).output_tokens == longest_output(model, request) == 8192
    model.supports_reasoning = True
    assert longest_output(model, request) == 32768
    assert longest_output(LanguageModel(), request) is None


def test_without_a_budget_everybody_may(alice, big):
    _, admission = admit(Caller(alice.pk), big)
    assert admission.request == ASK and not Reservation.objects.exists()


def test_that_there_are_none_is_remembered_for_a_moment(alice, big, django_assert_num_queries):
    admit(Caller(alice.pk), big)
    assert budgets.known_none()
    with django_assert_num_queries(0):
        admit(Caller(alice.pk), big)


def test_a_hundred_parallel_calls_overspend_by_no_more_than_one(transactional_db, alice, big):
    """A call is worth 1 dollar, the budget 10.50: eleven get in however they are timed."""
    Budget.objects.create(scope="everyone", limit_usd="10.50")
    Budget.objects.create(scope="user", limit_usd="100")
    gate = threading.Barrier(20)
    taken: list[str] = []

    def student(number: int) -> None:
        try:
            if number < 20:
                gate.wait(timeout=60)
            call_id, admission = admit(Caller(alice.pk), big)
            taken.append("in")
            pay(call_id, admission, "1.00", 1000)
        except budgets.Spent as spent:
            taken.append("busy" if spent.busy else "spent")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(student, range(100)))
    assert len(taken) == 100
    account = BudgetAccount.objects.get(budget__scope="everyone")
    assert taken.count("in") * Decimal(1) == account.spent_usd <= Decimal("11.50")
    assert account.spent_usd >= Decimal("9.50") and account.reserved_usd == 0
    own = BudgetAccount.objects.get(budget__scope="user")
    assert own.spent_usd == account.spent_usd and own.reserved_tokens == 0
    assert not Reservation.objects.exists()


def test_calls_that_all_begin_before_any_ends_overspend_by_no_more_than_one(
    transactional_db, alice, bob, big
):
    Budget.objects.create(scope="everyone", limit_usd="5.50")
    admitted = []

    def student(number: int) -> None:
        try:
            admitted.append(admit(Caller((alice, bob)[number % 2].pk), big))
        except budgets.Spent as spent:
            assert spent.busy
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(student, range(100)))
    assert len(admitted) == 6
    for call_id, admission in admitted:
        pay(call_id, admission, "1.00")
    assert BudgetAccount.objects.get().spent_usd == 6


def test_tokens_are_a_budget_for_models_without_a_price(alice, big):
    LanguageModel.objects.update(input_price=None, output_price=None)
    big.refresh_from_db()
    Budget.objects.create(scope="user", limit_tokens=1500, limit_usd="0.01")
    for _number in range(2):
        call_id, admission = admit(Caller(alice.pk), big)
        pay(call_id, admission, 0, 1000)
    with pytest.raises(budgets.Spent) as refused:
        admit(Caller(alice.pk), big)
    assert not refused.value.busy


def test_each_person_has_their_own_and_some_have_another(alice, bob, big):
    Budget.objects.create(scope="user", limit_usd="0.5")
    Budget.objects.create(scope="user", user=bob, limit_usd="1.5")
    for person, calls in ((alice, 1), (bob, 2)):
        for _number in range(calls):
            call_id, admission = admit(Caller(person.pk), big)
            pay(call_id, admission, 1)
        with pytest.raises(budgets.Spent):
            admit(Caller(person.pk), big)


def test_a_group_pays_together_and_others_do_not(alice, bob, charlie, big):
    course = Group.objects.create(name="Biology")
    for person in (alice, bob):
        Membership.objects.create(group=course, user=person)
    Budget.objects.create(scope="group", group=course, limit_usd="0.5")
    call_id, admission = admit(Caller(alice.pk), big)
    pay(call_id, admission, 1)
    with pytest.raises(budgets.Spent):
        admit(Caller(bob.pk), big)
    assert admit(Caller(charlie.pk), big)[1].accounts == ()
    assert admit(Caller(), big)[1].accounts == ()


def test_one_of_several_budgets_refuses_and_the_others_hold_nothing(alice, big):
    Budget.objects.create(scope="user", limit_usd=100)
    Budget.objects.create(scope="everyone", limit_usd=0)
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), big)
    assert {row.reserved_usd for row in BudgetAccount.objects.all()} == {0}


def test_a_cheaper_model_takes_over_up_to_its_own_end(alice, big, small):
    Budget.objects.create(scope="user", limit_usd=1, cheaper_model=small, cheaper_percent=10)
    call_id, admission = admit(Caller(alice.pk), big)
    assert admission.model == big
    pay(call_id, admission, "1.00")
    call_id, admission = admit(Caller(alice.pk), big)
    assert (admission.model, admission.request.model) == (small, "small")
    pay(call_id, admission, "0.10")
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), big)
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), small)


def test_a_cheaper_model_is_held_to_the_other_budgets(alice, big, small):
    Budget.objects.create(scope="user", limit_usd=0, cheaper_model=small, cheaper_percent=None)
    everyone = Budget.objects.create(scope="everyone", limit_usd=0)
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), big)
    everyone.delete()
    assert admit(Caller(alice.pk), big)[1].model == small


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_offered": False}])
def test_a_cheaper_model_that_cannot_be_used_does_not_answer(alice, big, small, change):
    Budget.objects.create(scope="user", limit_usd=0, cheaper_model=small)
    LanguageModel.objects.filter(pk=small.pk).update(**change)
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), big)


def test_models_that_name_each_other_end(alice, big, small):
    Budget.objects.create(scope="user", limit_usd=0, cheaper_model=small, cheaper_percent=0)
    Budget.objects.create(scope="everyone", limit_usd=0, cheaper_model=big, cheaper_percent=0)
    with pytest.raises(budgets.Spent):
        admit(Caller(alice.pk), big)


def test_the_built_in_answerer_costs_nothing(alice, big):
    builtin = LanguageModel.objects.create(
        provider=Provider.objects.create(kind="builtin", name="Built in"), name="quotes"
    )
    Budget.objects.create(scope="user", limit_usd=0, limit_tokens=0, cheaper_model=builtin)
    _, admission = admit(Caller(alice.pk), big)
    assert admission.model == builtin and admission.accounts == ()


def test_whoever_can_wait_waits_for_what_others_hold(alice, big, small):
    Budget.objects.create(scope="user", limit_usd="0.5", cheaper_model=small)
    held, admission = admit(Caller(alice.pk), big)
    with pytest.raises(budgets.Spent) as refused:
        admit(Caller(alice.pk), big, patient=True)
    assert refused.value.busy and budget_error(refused.value).retryable
    pay(held, admission, "0.10")
    assert admit(Caller(alice.pk), big, patient=True)[1].model == big


def test_what_a_dead_process_held_is_given_back(alice, big):
    Budget.objects.create(scope="user", limit_usd="0.5")
    admit(Caller(alice.pk), big)
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    call_id, admission = admit(Caller(alice.pk), big)
    assert Reservation.objects.get().call_id == call_id
    pay(call_id, admission, "0.1")
    account = BudgetAccount.objects.get()
    assert (account.spent_usd, account.reserved_usd) == (Decimal("0.1"), 0)


def test_a_call_settled_after_its_reservation_expired_is_charged_once(alice, big):
    Budget.objects.create(scope="user", limit_usd=5)
    call_id, admission = admit(Caller(alice.pk), big)
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert release_expired() == 1 and release_expired() == 0
    pay(call_id, admission, 1)
    account = BudgetAccount.objects.get()
    assert (account.spent_usd, account.reserved_usd) == (1, 0)


def test_a_day_and_a_month_renew():
    day, month = Budget(period="day"), Budget(period="month")
    last = date(2026, 12, 31)
    assert day.starts(last) == last and month.starts(last) == date(2026, 12, 1)
    assert day.renews(last) == month.renews(last) == datetime(2027, 1, 1, tzinfo=UTC)
    assert month.renews(date(2027, 1, 31)) == datetime(2027, 2, 1, tzinfo=UTC)


def test_a_new_day_is_a_new_account(alice, big):
    Budget.objects.create(scope="user", limit_usd="0.5")
    call_id, admission = admit(Caller(alice.pk), big)
    pay(call_id, admission, 1)
    BudgetAccount.objects.update(starts=timezone.localdate() - timedelta(days=1))
    admit(Caller(alice.pk), big)
    assert BudgetAccount.objects.count() == 2


def test_the_sentence_says_whose_budget_and_when_it_renews():
    spent = budgets.Spent(Budget(scope="group", period="month"), busy=False)
    error = budget_error(spent)
    assert error.code == "budget" and not error.retryable
    renews = Budget(period="month").renews(timezone.localdate())
    assert "group" in error.message and f"1 {renews:%B %Y}, 00:00 UTC" in error.message


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": "user"},
        {"scope": "group", "limit_usd": 1},
        {"scope": "everyone", "limit_usd": -1},
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(db, fields):
    with pytest.raises(ValidationError):
        Budget(**fields).full_clean()


def test_there_is_one_budget_for_each_period(db):
    Budget.objects.create(scope="everyone", limit_usd=1)
    with pytest.raises(ValidationError, match="already"):
        Budget(scope="everyone", limit_usd=2).full_clean()
    Budget(scope="everyone", period="month", limit_usd=2).full_clean()
