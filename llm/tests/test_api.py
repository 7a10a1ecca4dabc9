"""models and providers: the doors."""

import uuid

import pytest
from django.db.models import ProtectedError

from llm import services
from llm.models import LanguageModel, Provider

MODELS = "/api/v1/models"
NEW = {
    "name": "llama-4",
    "provider": "openai_compatible",
    "api_endpoint": "http://gpu:8000/v1",
    "context_window": 32000,
    "input_price": "0.5",
}


@pytest.fixture(autouse=True)
def seeded(db, settings):
    settings.PROVIDER_KEYS = {"anthropic": "sk-ant-1234567890abcdef"}
    services.sync_registry()


def test_everybody_signed_in_reads_the_usable_models(api, alice):
    body = api(alice).get(MODELS).json()
    assert body["total"] == 4 and body["page_size"] == 20
    first, last = body["models"][0], body["models"][-1]
    assert first["provider"] == "anthropic" and last["name"] == "quotes"
    assert set(first) >= {"id", "display_name", "order", "is_active", "supports_tools"}
    assert "api_endpoint" not in first and "parameters" not in first


def test_what_is_switched_off_is_for_admins_only(api, alice, admin):
    model = LanguageModel.objects.filter(provider__kind="anthropic").first()
    LanguageModel.objects.filter(pk=model.pk).update(is_active=False)
    path = f"{MODELS}/{model.pk}"
    assert api(alice).get(path).status_code == 404
    assert api(admin).get(path).json()["api_endpoint"] == "https://api.anthropic.com"
    assert api(admin).get(MODELS).json()["total"] == api(alice).get(MODELS).json()["total"] + 1


def test_the_whole_life_of_a_model(api, admin):
    client = api(admin)
    made = client.post(MODELS, NEW)
    assert made.status_code == 201, made.json()
    body = made.json()
    assert (body["display_name"], body["provider"]) == ("llama-4", "openai_compatible")
    assert body["api_endpoint"] == "http://gpu:8000/v1" and body["input_price"] == "0.500000"
    path = f"{MODELS}/{body['id']}"
    changed = client.patch(path, {"display_name": "Llama", "is_active": False}, content_type=JSON)
    assert (changed.json()["display_name"], changed.json()["is_active"]) == ("Llama", False)
    assert changed.json()["context_window"] == 32000
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


JSON = "application/json"


def test_a_provider_is_named_by_its_id_too(api, admin):
    provider = Provider.objects.get(kind="anthropic")
    body = api(admin).post(MODELS, {"name": "claude-next", "provider": str(provider.pk)}).json()
    assert body["provider_id"] == str(provider.pk)


def test_a_models_address_can_be_changed(api, admin):
    client = api(admin)
    made = client.post(MODELS, NEW).json()
    path = f"{MODELS}/{made['id']}"
    address = {"api_endpoint": "http://other.example/v1"}
    assert (
        client.patch(path, address, content_type=JSON).json()["api_endpoint"]
        == address["api_endpoint"]
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"provider": "acme"}, "provider"),
        ({"provider": str(uuid.uuid4())}, "provider"),
        ({"api_endpoint": ""}, "api_endpoint"),
        ({"api_endpoint": "not a url"}, "api_endpoint"),
        ({"api_endpoint": "file:///etc/passwd"}, "api_endpoint"),
        ({"api_endpoint": "http://me:secret@host/v1"}, "api_endpoint"),
        ({"api_endpoint": "http://[oops/v1"}, "api_endpoint"),
        ({"input_price": "-1"}, "input_price"),
        ({"context_window": "many"}, "context_window"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"body": "x"}}, "parameters"),
        ({"parameters": {"first_event_seconds": "soon"}}, "parameters"),
    ],
)
def test_wrong_fields_are_named(api, admin, change, field):
    answer = api(admin).post(MODELS, {**NEW, **change})
    assert answer.status_code == 422, answer.content
    assert field in [row["field"] for row in answer.json()["errors"]]


def test_the_same_model_twice_is_refused(api, admin):
    client = api(admin)
    assert client.post(MODELS, NEW).status_code == 201
    assert client.post(MODELS, NEW).status_code == 422
    assert Provider.objects.filter(kind="openai_compatible").count() == 1


def test_only_admins_change_models(api, alice, deactivated):
    path = f"{MODELS}/{LanguageModel.objects.first().pk}"
    for client, status in ((api(alice), 403), (api(), 401), (api(deactivated), 401)):
        assert client.post(MODELS, NEW).status_code == status
        assert client.patch(path, {"order": 1}, content_type=JSON).status_code == status
        assert client.delete(path).status_code == status
    assert api().get(MODELS).status_code == 401


def test_a_model_that_chats_were_held_with_is_kept(api, admin, monkeypatch):
    def protected(self, *args, **kwargs):
        raise ProtectedError("in use", set())

    monkeypatch.setattr(LanguageModel, "delete", protected)
    answer = api(admin).delete(f"{MODELS}/{LanguageModel.objects.first().pk}")
    assert answer.status_code == 409 and answer.json()["code"] == "model_in_use"


def test_an_unknown_model_is_not_found(api, admin):
    path = f"{MODELS}/{uuid.uuid4()}"
    assert api(admin).patch(path, {"order": 1}, content_type=JSON).status_code == 404
    assert api(admin).delete(path).status_code == 404


def test_providers_are_for_admins_and_never_show_a_key(api, admin, alice):
    assert api(alice).get("/api/v1/providers").status_code == 403
    answer = api(admin).get("/api/v1/providers")
    rows = {row["kind"]: row for row in answer.json()["providers"]}
    assert rows["anthropic"]["api_key_set"] and rows["anthropic"]["api_key_last_four"] == "cdef"
    assert not rows["builtin"]["api_key_set"]
    assert b"sk-ant" not in answer.content


def test_lists_cost_a_fixed_number_of_queries(api, admin, django_assert_max_num_queries):
    client = api(admin)
    with django_assert_max_num_queries(6):
        client.get(MODELS)


@pytest.mark.parametrize("name", ["provider", "languagemodel", "embeddingmodel"])
def test_admin_pages(client, superadmin, name):
    client.force_login(superadmin)
    page = client.get(f"/admin/llm/{name}/?q=a")
    assert page.status_code == 200 and b"sk-ant" not in page.content


def test_admin_actions(client, superadmin):
    client.force_login(superadmin)
    model = LanguageModel.objects.first()
    chosen = {"action": "switch_off", "_selected_action": [str(model.pk)]}
    client.post("/admin/llm/languagemodel/", chosen)
    model.refresh_from_db()
    assert not model.is_active
    chosen = {"action": "fetch_models", "_selected_action": [str(model.provider_id)]}
    assert client.post("/admin/llm/provider/", chosen).status_code == 302
