"""What processes remember of models together, and when a model is left in peace."""

import asyncio

import pytest
import redis.asyncio

from core.redis import key, sync_client
from llm import health
from llm.models import LanguageModel, Provider


@pytest.fixture
def model():
    return LanguageModel(provider=Provider(kind="openai"), name="org/gpt:latest")


async def state(model):
    return (await health.read([model]))[model.pk]


async def fail(model, code="unavailable", times=1):
    for _ in range(times):
        await health.failed(model, code)


async def test_of_a_model_nobody_asked_nothing_is_known(model):
    assert await state(model) == health.State()
    assert await health.may_ask(model, await state(model))


async def test_an_outcome_is_seen_by_async_and_sync_code(model):
    await health.well(model, health.State())
    assert health.states([model])[model.pk].status == "ok"
    await fail(model, "auth")
    assert (await state(model)).status == "failing" and (await state(model)).code == "auth"
    await health.well(model, await state(model))
    assert (await state(model)).status == "ok" and (await state(model)).code == ""


async def test_three_failures_open_the_circuit_and_two_do_not(model):
    await fail(model, times=2)
    assert await health.may_ask(model, await state(model))
    await fail(model)
    assert not await health.may_ask(model, await state(model))


async def test_one_silence_is_enough(model):
    await fail(model, "timeout")
    assert not await health.may_ask(model, await state(model))


async def test_failures_count_only_within_their_window(model):
    await fail(model, times=2)
    counted = key("model-health", model.provider_id, model.name, "failures")
    assert 0 < sync_client().ttl(counted) <= health.WINDOW
    sync_client().delete(counted)  # the window is over
    await fail(model)
    assert await health.may_ask(model, await state(model))


async def test_an_answer_in_between_begins_the_count_anew(model):
    await fail(model, times=2)
    await health.well(model, await state(model))
    await fail(model, times=2)
    assert await health.may_ask(model, await state(model))


@pytest.mark.parametrize("code", ["bad_request", "context_too_long", "refused", "budget"])
async def test_a_model_is_not_to_blame_for_the_request(model, code):
    await fail(model, code, times=5)
    assert await state(model) == health.State()


async def test_half_open_lets_one_try_and_closes_when_it_answers(model, monkeypatch):
    await fail(model, times=3)
    monkeypatch.setattr(health, "OPEN_SECONDS", 0)
    monkeypatch.setattr(health.time, "time", lambda: 4e9)
    seen = await state(model)
    monkeypatch.setattr(health, "OPEN_SECONDS", 30)
    assert [await health.may_ask(model, seen) for _ in range(3)] == [True, False, False]
    await health.well(model, seen)
    assert await health.may_ask(model, await state(model))


async def test_half_open_opens_again_with_one_failure(model):
    await fail(model, times=3)
    opened = (await state(model)).opened
    sync_client().delete(key("model-health", model.provider_id, model.name, "failures"))
    await fail(model)
    assert (await state(model)).opened > opened


async def test_without_redis_every_model_is_well_and_nothing_is_raised(model, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    away = redis.asyncio.Redis(port=1)
    monkeypatch.setattr(health, "async_client", lambda: away)
    await fail(model, times=3)
    await health.well(model, health.State())
    assert await state(model) == health.State()
    assert await health.claim(model, "probe", 1)


async def test_a_redis_that_hangs_costs_a_moment(model, monkeypatch):
    class Hanging:
        def pipeline(self, **_options):
            return self

        def hgetall(self, _name):
            pass

        async def execute(self):
            await health.asyncio.Event().wait()

    monkeypatch.setattr(health, "PATIENCE", 0.02)
    monkeypatch.setattr(health, "async_client", Hanging)
    assert await state(model) == health.State()


async def test_many_models_are_read_in_one_round_trip(model, monkeypatch):
    other = LanguageModel(provider=model.provider, name="other")
    await fail(other)
    client = health.async_client()
    trips = []
    make = client.pipeline

    def counted(**options):
        trips.append(1)
        return make(**options)

    monkeypatch.setattr(client, "pipeline", counted)
    found = await health.read([model, other])
    assert [one.status for one in found.values()] == ["unknown", "failing"] and len(trips) == 1


@pytest.mark.django_db
def test_the_list_of_models_tells_their_status_with_one_look(alice, client, monkeypatch):
    provider = Provider.objects.create(kind="builtin", name="x")
    names = ["a", "b", "c"]
    models = [
        LanguageModel.objects.create(provider=provider, name=name, display_name=name, order=order)
        for order, name in enumerate(names)
    ]
    asyncio.run(health.failed(models[0], "timeout"))
    asyncio.run(health.well(models[1], health.State()))
    looked = []
    states = health.states
    monkeypatch.setattr(health, "states", lambda rows: looked.append(1) or states(rows))
    client.force_login(alice)
    rows = client.get("/api/v1/models").json()["models"]
    found = {row["name"]: row["status"] for row in rows}
    assert found == {"a": "failing", "b": "ok", "c": "unknown"} and len(looked) == 1
    assert client.get(f"/api/v1/models/{models[0].pk}").json()["status"] == "failing"
