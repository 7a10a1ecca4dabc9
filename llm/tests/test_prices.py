"""What tokens cost: from the list, from the provider, from an administrator."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llm import asking, prices, services
from llm.models import LanguageModel, Provider
from llm.seeds import Described

OPENAI = "https://api.openai.com/v1"
GOOGLE = "https://generativelanguage.googleapis.com"


def test_the_list_knows_models_by_who_is_paid():
    found = prices.listed("gpt-4o", OPENAI)
    assert (found.input_price, found.output_price) == (Decimal("2.5"), Decimal("10"))
    assert found.cached_input_price == Decimal("1.25") and found.context_window == 128_000
    assert prices.listed("gpt-4o", "http://localhost:8000/v1") is None
    assert prices.listed("nobody-made-this", OPENAI) is None


def test_of_prices_by_length_the_first_is_taken():
    assert prices.listed("gpt-6.1-terra", OPENAI).input_price == Decimal(1)


def test_prices_begin_on_their_day():
    before = prices.listed("gemini-4-argon", GOOGLE, datetime(2026, 11, 30, tzinfo=UTC))
    after = prices.listed("gemini-4-argon", GOOGLE, datetime(2026, 12, 2, tzinfo=UTC))
    assert (before.input_price, after.input_price) == (Decimal(2), Decimal(4))


@pytest.fixture
def model(db, settings):
    """The first of OpenAI's models, as a key in the environment brings it."""
    settings.PROVIDER_KEYS = {"openai": "sk"}
    settings.PROVIDER_BASE_URLS = {}
    services.sync_registry()
    return LanguageModel.objects.filter(provider__kind="openai").first()


def test_seeded_models_have_prices_from_the_list(model):
    assert (model.input_price, model.output_price, model.cached_input_price) == (
        1,
        5,
        Decimal("0.05"),
    )
    assert model.price_source == "listed"


def test_the_list_is_read_again_and_what_an_administrator_wrote_stays(model, admin):
    LanguageModel.objects.update(input_price=99)
    services.sync_registry()
    model.refresh_from_db()
    assert model.input_price == 1
    services.update_model(actor=admin, model_id=model.pk, input_price=Decimal(7))
    services.sync_registry()
    model.refresh_from_db()
    assert (model.input_price, model.output_price, model.price_source) == (7, 5, "own")


def test_taking_all_prices_out_asks_the_list_again(model, admin):
    services.update_model(actor=admin, model_id=model.pk, input_price=Decimal(7))
    nothing = dict.fromkeys(prices.FIELDS)
    changed = services.update_model(actor=admin, model_id=model.pk, **nothing)
    assert (changed.input_price, changed.price_source) == (1, "listed")


def test_other_changes_leave_prices_to_the_list(model, admin):
    changed = services.update_model(actor=admin, model_id=model.pk, order=3)
    assert changed.price_source == "listed"


def test_what_nobody_knows_has_no_price(model, admin):
    made = services.create_model(actor=admin, provider="openai", name="unheard-of")
    assert (made.input_price, made.price_source) == (None, "")


def test_what_the_provider_says_goes_before_the_list(model, settings, monkeypatch):
    settings.PROVIDER_KEYS = {"openrouter": "sk"}
    said = Described("openai/gpt-6-luna", input_price="0.300000", output_price="0.400000")
    monkeypatch.setattr(
        asking,
        "ask_all",
        lambda where: {n: [said] for n, e in where.items() if e.kind == "openrouter"},
    )
    services.sync_registry()
    found = LanguageModel.objects.get(name=said.name, provider__kind="openrouter")
    assert (found.input_price, found.output_price) == (Decimal("0.3"), Decimal("0.4"))


def test_a_server_of_ones_own_has_no_prices_whatever_its_models_are_called(admin, db):
    own = Provider.objects.create(kind="openai", name="Proxy", base_url="http://box:1/v1")
    made = services.create_model(actor=admin, provider=str(own.pk), name="gpt-4o")
    assert made.input_price is None
