"""Truth in health: each fault is named, counted as it should be, and gone when it is gone."""

import time

import pytest
from django.test import AsyncClient

from config import health, tasks
from core import redis
from llm import health as model_health
from llm.models import LanguageModel, Provider
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class Elsewhere(AsyncClient):
    """A caller on another machine."""

    async def request(self, **scope):
        return await super().request(**scope, client=["192.0.2.7", 0])


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    # Only what is broken on purpose may fail here, however busy the machine is.
    monkeypatch.setattr(health, "PATIENCE", PATIENCE)
    health._last.clear()
    redis.sync_client().delete(redis.key("workers"))


@pytest.fixture
def worker():
    """A worker that has just given a sign of life."""

    class Heart:
        class eventer:
            hostname = "worker@test"

    tasks.note_heartbeat(sender=Heart())
    yield "worker@test"


def break_down(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def broken() -> dict:
        raise ConnectionError(name)

    monkeypatch.setitem(health.CHECKS, name, broken)


def low(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def short() -> dict:
        return {"ok": False}

    monkeypatch.setitem(health.CHECKS, name, short)


async def test_on_this_machine_all_figures_are_shown(worker):
    found = (await AsyncClient().get("/health")).json()
    assert found["database"]["pgvector"] and found["database"]["version"]
    assert found["redis"]["version"] and found["workers"]["count"] == 1
    assert found["disk"]["free_bytes"] > 0


async def test_others_see_only_what_works(worker):
    elsewhere = Elsewhere()
    found = (await elsewhere.get("/health")).json()
    assert found["database"] == {"ok": True}
    behind_proxy = await AsyncClient().get("/health", headers={"X-Forwarded-For": "192.0.2.7"})
    assert behind_proxy.json()["database"] == {"ok": True}


async def test_an_admin_elsewhere_sees_the_figures(worker, admin):
    client = Elsewhere()
    await client.aforce_login(admin)
    assert "version" in (await client.get("/health")).json()["database"]


async def test_a_student_elsewhere_does_not(worker, alice):
    client = Elsewhere()
    await client.aforce_login(alice)
    assert (await client.get("/health")).json()["database"] == {"ok": True}


@pytest.mark.parametrize("name", ["database", "redis", "workers", "disk"])
async def test_without_a_vital_part_it_is_unhealthy(worker, monkeypatch, name):
    break_down(monkeypatch, name)
    answer = await AsyncClient().get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy" and not answer.json()[name]["ok"]


@pytest.mark.parametrize("name", ["providers", "memory"])
async def test_what_people_can_work_without_degrades_it(worker, monkeypatch, name):
    low(monkeypatch, name)
    answer = await AsyncClient().get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "degraded"


async def test_workers_may_still_be_starting_but_not_for_long(monkeypatch):
    monkeypatch.setattr(health, "STARTED", time.monotonic())
    first = await AsyncClient().get("/health")
    assert first.status_code == 200 and first.json()["workers"]["starting"]
    health._last.clear()
    monkeypatch.setattr(health, "STARTED", time.monotonic() - health.SILENT - 1)
    assert (await AsyncClient().get("/health")).status_code == 503


async def test_a_silent_worker_counts_as_gone_and_one_that_said_farewell_at_once(
    worker, monkeypatch
):
    monkeypatch.setattr(health, "STARTED", time.monotonic() - health.SILENT - 1)
    assert (await AsyncClient().get("/health")).json()["workers"]["count"] == 1

    long_ago = time.time() - health.SILENT - 1
    redis.sync_client().zadd(redis.key("workers"), {worker: long_ago})
    health._last.clear()
    assert (await AsyncClient().get("/health")).status_code == 503

    class Controller:
        hostname = worker

    tasks.note_farewell(sender=Controller())
    assert not redis.sync_client().zcard(redis.key("workers"))


async def test_ready_asks_only_for_database_and_redis(monkeypatch):
    assert (await AsyncClient().get("/ready")).status_code == 200
    health._last.clear()
    break_down(monkeypatch, "redis")
    answer = await AsyncClient().get("/ready")
    assert answer.status_code == 503 and answer.json() == {"status": "not ready"}


async def test_a_check_that_hangs_is_a_failure_in_time(worker, monkeypatch):
    async def hang() -> dict:
        await health.asyncio.Event().wait()
        return {}

    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setitem(health.CHECKS, "redis", hang)
    assert (await AsyncClient().get("/health")).status_code == 503


async def test_many_questions_are_one_look(worker, monkeypatch):
    looked = []

    async def count() -> dict:
        looked.append(1)
        return {"ok": True}

    monkeypatch.setitem(health.CHECKS, "redis", count)
    monkeypatch.setattr(health, "FRESH", 60)
    for _ in range(5):
        await AsyncClient().get("/health")
    assert len(looked) == 1


async def test_only_reading_is_allowed():
    assert (await AsyncClient().post("/health")).status_code == 405


async def test_a_model_that_fails_is_named_and_degrades_it(worker):
    provider = await Provider.objects.acreate(kind="builtin", name="Built in")
    model = await LanguageModel.objects.acreate(provider=provider, name="q", display_name="Q")
    await model_health.failed(model, "auth")
    found = (await AsyncClient().get("/health")).json()
    assert found["status"] == "degraded"
    assert found["providers"]["failing"] == [{"model": "q", "provider": "Built in", "code": "auth"}]
    await model_health.well(model, model_health.State())
    health._last.clear()
    found = (await AsyncClient().get("/health")).json()["providers"]
    assert found["ok"] and (found["well"], found["failing"]) == (1, [])
