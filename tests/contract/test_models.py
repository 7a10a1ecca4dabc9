"""models, providers, usage, assistants: what answers, what it costs, and under which name."""

import pytest

from core.ids import new_id
from llm.models import LanguageModel, Provider
from prompts.services import create_prompt
from tests.contract.shape import JSON, is_paged, is_problem, same_404

pytestmark = pytest.mark.django_db
MODELS, PROVIDERS, ASSISTANTS = (f"/api/v1/{n}" for n in ("models", "providers", "assistants"))
MODEL = {
    "id",
    "name",
    "display_name",
    "provider",
    "order",
    "is_active",
    "context_window",
    "supports_tools",
    "supports_vision",
    "input_price",
    "output_price",
    "fallbacks",
}
PROVIDER = {"id", "kind", "name", "base_url", "api_key_set", "api_key_last_four"}
ASSISTANT = {"id", "name", "description", "model_id", "collections", "tools"}
FOR_ADMINS = {"fallbacks", "prompt_id", "groups", "users", "version", "archived_at"}
TOTALS = {"calls", "failed", "input_tokens", "output_tokens", "cached_tokens", "cost_usd"}


@pytest.fixture
def provider(db):
    return Provider.objects.create(kind="builtin", name="Built in")


@pytest.fixture
def model(provider):
    return LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")


def test_models(api, alice, admin, model):
    client = api(admin)
    body = {
        "name": "second",
        "display_name": "Second",
        "provider": "builtin",
        "order": 7,
        "is_active": True,
        "context_window": 9000,
        "supports_tools": False,
        "supports_vision": True,
        "input_price": "0.5",
        "output_price": "1.5",
        "fallbacks": [str(model.pk)],
    }
    made = client.post(MODELS, body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert row.keys() >= MODEL | {"api_endpoint"}
    assert (row["provider"], row["fallbacks"]) == ("builtin", [str(model.pk)])
    rows = is_paged(client, MODELS, "models", 2)
    assert all(one.keys() >= MODEL for one in rows)
    assert "api_endpoint" not in api(alice).get(MODELS).json()["models"][0]
    path = f"{MODELS}/{row['id']}"
    assert api(alice).get(path).json()["name"] == "second"
    changed = client.patch(path, {"display_name": "2nd", "fallbacks": []}, content_type=JSON)
    assert (changed.json()["display_name"], changed.json()["fallbacks"]) == ("2nd", [])
    for wrong, field in (({"context_window": -1}, "context_window"), ({"name": ""}, "name")):
        is_problem(client.patch(path, wrong, content_type=JSON), 422, "invalid", field)
    is_problem(api(alice).post(MODELS, body), 403, "forbidden")
    is_problem(api(alice).patch(path, {}, content_type=JSON), 403, "forbidden")
    is_problem(api(alice).delete(path), 403, "forbidden")
    is_problem(api().get(MODELS), 401, "not_authenticated")
    assert client.delete(path).status_code == 204
    is_problem(client.get(path), 404, "not_found")


def test_providers_never_show_their_key(api, alice, admin, provider):
    client = api(admin)
    body = {"kind": "openai_compatible", "name": "Ours", "base_url": "http://127.0.0.1:9/v1"}
    made = client.post(PROVIDERS, {**body, "api_key": "sk-very-secret-9876"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert row.keys() >= PROVIDER and "api_key" not in row
    assert (row["api_key_set"], row["api_key_last_four"]) == (True, "9876")
    rows = is_paged(client, PROVIDERS, "providers", 2)
    assert all(one.keys() >= PROVIDER for one in rows)
    path = f"{PROVIDERS}/{row['id']}"
    assert b"very-secret" not in client.get(path).content
    wrong = client.post(PROVIDERS, {**body, "kind": "skynet"})
    is_problem(wrong, 422, "invalid", "kind")
    for path_ in (PROVIDERS, path):
        is_problem(api(alice).get(path_), 403, "forbidden")
    assert client.delete(path).status_code == 204


def test_usage(api, alice, admin):
    whole = api(admin).get("/api/v1/usage", {"days": 7, "group_by": "model"})
    assert whole.status_code == 200
    assert whole.json().keys() >= {"days", "group_by", "totals", "usage", "total", "page"}
    assert whole.json()["totals"].keys() >= TOTALS
    for wrong in ({"days": 0}, {"days": "x"}, {"group_by": "planet"}):
        is_problem(api(admin).get("/api/v1/usage", wrong), 422, "", next(iter(wrong)))
    is_problem(api(alice).get("/api/v1/usage"), 403, "forbidden")
    mine = api(alice).get("/api/v1/usage/me")
    assert mine.status_code == 200 and mine.json()["totals"].keys() >= TOTALS


def test_assistants(api, alice, bob, charlie, admin, model):
    client = api(admin)
    prompt = create_prompt(actor=admin, name="Tutor", content="Help.")
    body = {
        "name": "Tutor",
        "description": "Cells",
        "model_id": str(model.pk),
        "fallbacks": [],
        "prompt_id": str(prompt.pk),
        "collections": [],
        "tools": ["document_search"],
        "groups": [],
        "users": [alice.email],
    }
    made = client.post(ASSISTANTS, body)
    assert made.status_code == 201, made.content
    assert made.json().keys() >= ASSISTANT | FOR_ADMINS
    client.post(ASSISTANTS, {"name": "Second"})
    is_paged(client, ASSISTANTS, "assistants", 2)
    path = f"{ASSISTANTS}/{made.json()['id']}"
    shown = api(alice).get(path).json()
    assert shown.keys() >= ASSISTANT and not shown.keys() & FOR_ADMINS
    for other in (bob, charlie):
        same_404(api(other), "get", (path, f"{ASSISTANTS}/{new_id()}"))
        assert api(other).get(ASSISTANTS).json()["total"] == 0
    opened = client.post(f"{path}/access", {"users": [alice.email, bob.email]})
    assert opened.status_code == 200 and api(bob).get(path).status_code == 200
    is_problem(api(alice).post(f"{path}/access", {"is_open": True}), 403, "forbidden")
    wrong = client.patch(path, {"tools": ["hammer"]}, content_type=JSON)
    is_problem(wrong, 422, "unknown_tool", "tools")
    assert client.delete(path).status_code == 204
