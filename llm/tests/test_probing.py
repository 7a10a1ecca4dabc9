"""Models that failed are asked now and then whether they are back; the others never."""

import asyncio
import time

import pytest

from bench.providers.server import Simulator
from core.redis import key, sync_client
from llm import health, probing, tasks
from llm.models import LanguageModel, Provider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator():
    made = Simulator()
    with made.running() as made.address:
        yield made


@pytest.fixture
def model(simulator):
    provider = Provider.objects.create(
        kind="openai_compatible", name="Simulated", base_url=f"{simulator.address}/v1"
    )
    return lambda name: LanguageModel.objects.create(
        provider=provider, name=name, display_name=name
    )


def fail(model, code="unavailable", seconds_ago=probing.EVERY + 1):
    asyncio.run(health.failed(model, code))
    name = key("model-health", model.provider_id, model.name)
    sync_client().hset(name, "at", str(time.time() - seconds_ago))


def status(model):
    return health.states([model])[model.pk].status


def test_a_model_that_is_back_is_well_again(model, simulator):
    back = model("fake-plain")
    fail(back)
    assert tasks.probe_failing() == 1
    assert status(back) == "ok" and len(simulator.records.rows) == 1
    assert tasks.probe_failing() == 0


def test_one_that_is_not_is_left_alone_for_five_minutes(model, simulator, monkeypatch):
    monkeypatch.setattr("llm.resilience.ATTEMPTS", 1)
    gone = model("fake-plain-errkey")
    fail(gone)
    assert tasks.probe_failing() == 1 and status(gone) == "failing"
    assert tasks.probe_failing() == 0  # just heard of
    fail(gone)
    assert tasks.probe_failing() == 0  # probed within the last five minutes
    assert len(simulator.records.rows) == 1


def test_who_is_well_unknown_or_asked_by_students_is_not_probed(model, simulator):
    model("fake-unknown")
    fail(model("fake-busy"), seconds_ago=10)
    assert tasks.probe_failing() == 0 and simulator.records.rows == []


def test_a_model_nobody_can_use_is_not_probed(model, simulator):
    switched_off = model("fake-plain")
    LanguageModel.objects.update(is_active=False)
    fail(switched_off)
    assert tasks.probe_failing() == 0
