"""/metrics: who may read it, and that the figures are those of what happened."""

import pytest

from core import redis
from llm.models import ModelCall
from llm.services import sync_registry

AFAR = {"REMOTE_ADDR": "203.0.113.9"}
pytestmark = pytest.mark.django_db(transaction=True)


def figures(answer) -> dict[str, float]:
    lines = answer.content.decode().splitlines()
    rows = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def test_admins_tokens_and_this_machine_may_read_it(api, alice, admin, settings):
    settings.METRICS_TOKEN = "tell-me"
    assert api().get("/metrics", **AFAR).status_code == 401
    assert api(alice).get("/metrics", **AFAR).status_code == 403
    assert api(admin).get("/metrics", **AFAR).status_code == 200
    assert api().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    for token, status in {"tell-me": 200, "tell-you": 401, "": 401}.items():
        headers = {"Authorization": f"Bearer {token}"}
        assert api().get("/metrics", headers=headers, **AFAR).status_code == status
    settings.METRICS_TOKEN = ""
    headers = {"Authorization": "Bearer "}
    assert api().get("/metrics", headers=headers, **AFAR).status_code == 401


def test_requests_are_counted_by_their_route(api, admin):
    name = (
        'lontar_requests_total{method="GET",route="api/v1/files/<uuid:document_id>",status="404"}'
    )
    client = api(admin)
    before = figures(client.get("/metrics")).get(name, 0)
    client.get("/api/v1/files/00000000-0000-0000-0000-000000000000")
    assert figures(client.get("/metrics"))[name] == before + 1


def test_calls_of_models_are_summed_up(api, admin):
    call = {"provider": "ollama", "model_name": "llama", "input_tokens": 7, "first_token_ms": 400}
    ModelCall.objects.create(**call, cost="0.25")
    ModelCall.objects.create(**call, outcome="failed")
    told = figures(api(admin).get("/metrics"))
    by_model = {
        name.partition("{")[0]: value
        for name, value in told.items()
        if 'provider="ollama"' in name and 'outcome="failed"' not in name
    }
    assert told[next(n for n in told if 'outcome="failed"' in n)] == 1
    assert by_model["lontar_llm_calls_total"] == 1
    assert by_model["lontar_llm_cost_usd_total"] == 0.25
    tokens = [n for n in told if n.startswith("lontar_llm_tokens") and 'kind="input"' in n]
    assert [told[name] for name in tokens] == [14]
    assert told['lontar_first_token_seconds_bucket{le="0.25"}'] == 0
    assert told['lontar_first_token_seconds_bucket{le="0.5"}'] == 2
    assert told["lontar_active_streams"] == 0
    assert 'lontar_queue_depth{queue="ingest"}' in told


def test_searches_are_timed(api, admin):
    sync_registry()
    client = api(admin)
    before = figures(client.get("/metrics")).get("lontar_search_seconds_count", 0)
    assert client.post("/api/v1/rag/search?query=palm%20leaf").status_code == 200
    assert figures(client.get("/metrics"))["lontar_search_seconds_count"] == before + 1


@pytest.mark.parametrize("priority", ["", "\x06\x163"])
def test_tasks_of_every_priority_wait(api, admin, priority):
    client, queue = redis.sync_client(), redis.key(f"celery:ingest{priority}")
    name = 'lontar_queue_depth{queue="ingest"}'
    before = figures(api(admin).get("/metrics"))[name]
    client.rpush(queue, "a")
    try:
        assert figures(api(admin).get("/metrics"))[name] == before + 1
    finally:
        client.lrem(queue, 1, "a")
