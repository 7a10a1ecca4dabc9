"""providers: their life, their keys, the check and the list of models, by API."""

import json
import logging
import uuid

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.db.models import ProtectedError

from core.redis import key, sync_client
from llm import credentials, limits, services
from llm.models import Fallback, LanguageModel, Provider
from llm.tests.lists import Lists

PROVIDERS, MODELS, JSON = "/api/v1/providers", "/api/v1/models", "application/json"
SECRET = "sk-very-secret-0123456789wxyz"
LOCAL = {"kind": "openai_compatible", "name": "Ours", "base_url": "http://gpu:8000/v1"}


@pytest.fixture(autouse=True)
def _settings(db, settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.PROVIDER_KEYS = {"anthropic": "sk-ant-1234567890abcdef"}
    settings.PROVIDER_BASE_URLS = {}


@pytest.fixture
def client(api, admin):
    sync_client().delete(key("llm", "questions", admin.pk))
    return api(admin)


@pytest.fixture
def server():
    with Lists().running() as lists:
        lists.offer("llama-4", "qwen-9")
        yield lists


def make(client, **fields):
    made = client.post(PROVIDERS, {**LOCAL, **fields})
    assert made.status_code == 201, made.json()
    return made.json()


def patch(client, row, **fields):
    return client.patch(f"{PROVIDERS}/{row['id']}", fields, content_type=JSON)


def stored(row):
    return credentials.provider_key(Provider.objects.get(pk=row["id"]))


def test_the_whole_life_of_a_provider(client):
    row = make(client, api_key=SECRET, order=5)
    assert row["base_url"] == LOCAL["base_url"] and row["order"] == 5
    assert (row["api_key_set"], row["api_key_last_four"]) == (True, "wxyz")
    assert row["api_key_source"] == "stored" and row["check_ok"] is None
    path = f"{PROVIDERS}/{row['id']}"
    assert client.get(path).json() == row
    assert patch(client, row, name="Theirs", is_active=False).json()["name"] == "Theirs"
    assert stored(row) == SECRET
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_a_key_goes_in_and_never_comes_out(client, caplog):
    caplog.set_level(logging.DEBUG)
    row = make(client, api_key=f"  {SECRET}\n")
    assert stored(row) == SECRET
    answers = [
        client.get(PROVIDERS),
        client.get(f"{PROVIDERS}/{row['id']}"),
        patch(client, row, api_key=SECRET, kind="openai"),
        client.post(PROVIDERS, {**LOCAL, "api_key": SECRET}),
        client.post(PROVIDERS, {"kind": "x", "api_key": SECRET}),
        client.post(PROVIDERS, {**LOCAL, "base_url": "http://b/v1", "api_key": SECRET + "\0x"}),
        client.post(PROVIDERS, {**LOCAL, "base_url": "http://b/v1", "api_key": SECRET * 99}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422, 422, 422, 422]
    assert all(SECRET not in answer.content.decode() for answer in answers)
    history = json.dumps(list(LogEntry.objects.values("change_message", "object_repr")))
    assert SECRET not in caplog.text and SECRET not in history
    assert SECRET not in repr(credentials.endpoint(Provider.objects.get(pk=row["id"])))


def test_another_address_drops_the_key(client):
    row = make(client, api_key=SECRET)
    moved = patch(client, row, base_url="https://evil.example/v1").json()
    assert not moved["api_key_set"] and moved["api_key_last_four"] == ""
    patch(client, row, base_url=LOCAL["base_url"])
    assert stored(row) == "", "moving back does not bring it back"


def test_another_address_with_a_new_key_keeps_the_new_one(client):
    row = make(client, api_key=SECRET)
    moved = patch(client, row, base_url="http://other/v1", api_key="sk-new-0123456789abcd").json()
    assert moved["api_key_last_four"] == "abcd" and stored(row) == "sk-new-0123456789abcd"


def test_the_key_of_the_environment_does_not_move_either(client):
    services.sync_registry()
    provider = Provider.objects.get(kind="anthropic")
    row = client.get(f"{PROVIDERS}/{provider.pk}").json()
    assert (row["api_key_source"], row["api_key_last_four"]) == ("environment", "cdef")
    assert patch(client, row, base_url=row["base_url"]).json() == row, "sent as it was read"
    assert not patch(client, row, base_url="https://evil.example").json()["api_key_set"]


def test_a_key_is_taken_out_by_an_empty_one(client):
    row = make(client, api_key=SECRET)
    assert patch(client, row, name="x").json()["api_key_set"]
    assert not patch(client, row, api_key="").json()["api_key_set"]


def test_without_an_encryption_key_nothing_is_stored(client, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    refused = client.post(PROVIDERS, {**LOCAL, "api_key": SECRET})
    assert refused.status_code == 422 and "FIELD_ENCRYPTION_KEYS" in refused.json()["detail"]
    assert make(client)["api_key_set"] is False


def test_a_key_of_the_registry_makes_models_usable(client, api, alice):
    make(client, kind="openai", base_url="", name="OpenAI", api_key=SECRET)
    rows = api(alice).get(MODELS).json()["models"]
    assert {row["provider"] for row in rows} == {"openai"} and rows[0]["input_price"]
    assert services.chat_model(LanguageModel.objects.first()) is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "acme"}, "kind"),
        ({"kind": "builtin"}, "kind"),
        ({"name": ""}, "name"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "http://me:secret@host/v1"}, "base_url"),
        ({"order": -1}, "order"),
        ({"api_key": "two words"}, "api_key"),
    ],
)
def test_bad_input_names_the_field(client, change, field):
    answer = client.post(PROVIDERS, {**LOCAL, **change})
    assert answer.status_code == 422
    assert [row["field"] for row in answer.json()["errors"]] == [field]


def test_the_same_address_twice_is_refused(client):
    make(client)
    assert client.post(PROVIDERS, LOCAL).status_code == 422


def test_a_provider_in_use_stays_and_so_does_the_built_in(client, monkeypatch):
    services.sync_registry()
    builtin = Provider.objects.get(kind="builtin")
    assert client.delete(f"{PROVIDERS}/{builtin.pk}").status_code == 409
    row = make(client)

    def held(self):
        raise ProtectedError("chats", set())

    monkeypatch.setattr(Provider, "delete", held)
    answer = client.delete(f"{PROVIDERS}/{row['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "provider_in_use")
    assert not LogEntry.objects.filter(action_flag=3).exists()


def test_only_admins(api, alice):
    client = api(alice)
    some = f"{PROVIDERS}/{uuid.uuid4()}"
    assert client.post(PROVIDERS, LOCAL).status_code == 403
    for path in (f"{some}/check", f"{some}/fetch-models"):
        assert client.post(path).status_code == 403
    assert client.delete(some).status_code == 403


def test_unknown_ones_are_not_there(client):
    some = f"{PROVIDERS}/{uuid.uuid4()}"
    assert client.post(f"{some}/check").status_code == 404
    assert client.patch(some, {}, content_type=JSON).status_code == 404


def test_the_check_tells_what_it_found_and_remembers_it(client, server):
    row = make(client, base_url=server.address, api_key=SECRET)
    found = client.post(f"{PROVIDERS}/{row['id']}/check").json()
    assert (found["ok"], found["code"], found["models"]) == (True, "ok", 2)
    assert "2 models" in found["sentence"] and "accepted the key" in found["sentence"]
    assert server.asked[0][1]["authorization"] == f"Bearer {SECRET}"
    again = client.get(f"{PROVIDERS}/{row['id']}").json()
    assert again["check_ok"] and again["check_sentence"] == found["sentence"]
    server.answer = (401, {"error": SECRET})
    found = client.post(f"{PROVIDERS}/{row['id']}/check")
    assert found.status_code == 200 and found.json()["code"] == "auth"
    assert SECRET not in found.content.decode()
    assert patch(client, row, api_key="sk-other-0123456789").json()["check_ok"] is None


def test_a_check_knows_what_is_missing_without_asking(client, settings):
    row = make(client, kind="google", base_url="", name="Google")
    assert client.post(f"{PROVIDERS}/{row['id']}/check").json()["code"] == "no_key"
    patch(client, row, api_key=SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    read = client.get(f"{PROVIDERS}/{row['id']}").json()
    assert read["api_key_source"] == "unreadable" and not read["api_key_set"]
    assert client.post(f"{PROVIDERS}/{row['id']}/check").json()["code"] == "unreadable_key"


def test_the_built_in_answerer_is_always_well(client):
    services.sync_registry()
    builtin = Provider.objects.get(kind="builtin")
    assert client.post(f"{PROVIDERS}/{builtin.pk}/check").json()["ok"]
    assert client.post(f"{PROVIDERS}/{builtin.pk}/fetch-models").json()["offered"] == 1


def test_checks_are_counted_for_each_admin(client, server, monkeypatch, api, superadmin):
    monkeypatch.setattr(limits, "QUESTIONS", 2)
    row = make(client, base_url=server.address)
    path = f"{PROVIDERS}/{row['id']}/check"
    assert [client.post(path).status_code for _ in range(3)] == [200, 200, 429]
    late = client.post(f"{PROVIDERS}/{row['id']}/fetch-models")
    assert late.status_code == 429 and 0 < int(late["Retry-After"]) <= 60
    sync_client().delete(key("llm", "questions", superadmin.pk))
    assert api(superadmin).post(path).status_code == 200


def test_fetching_fills_the_registry_and_marks_what_is_gone(client, server):
    row = make(client, base_url=server.address)
    path = f"{PROVIDERS}/{row['id']}/fetch-models"
    assert client.post(path).json() == {"listed": 2, "added": 2, "offered": 2, "gone": 0}
    model = LanguageModel.objects.get(name="llama-4")
    LanguageModel.objects.filter(pk=model.pk).update(display_name="Our Llama", order=7)
    server.offer("llama-4", "new-1", "nomic-embed-text")
    assert client.post(path).json() == {"listed": 3, "added": 1, "offered": 2, "gone": 1}
    assert not LanguageModel.objects.get(name="qwen-9").is_offered
    model.refresh_from_db()
    assert (model.display_name, model.order, model.is_offered) == ("Our Llama", 7, True)
    server.offer("qwen-9")
    client.post(path)
    assert LanguageModel.objects.get(name="qwen-9").is_offered


def test_an_empty_list_changes_nothing(client, server):
    row = make(client, base_url=server.address)
    path = f"{PROVIDERS}/{row['id']}/fetch-models"
    client.post(path)
    server.offer()
    assert client.post(path).json()["listed"] == 0
    assert LanguageModel.objects.filter(provider=row["id"], is_offered=True).count() == 2


def test_fetching_from_a_server_that_fails_says_why(client, server):
    row = make(client, base_url=server.address)
    server.answer = (500, {"error": "the cause, " + SECRET})
    answer = client.post(f"{PROVIDERS}/{row['id']}/fetch-models")
    assert (answer.status_code, answer.json()["code"]) == (424, "failing")
    assert SECRET not in answer.content.decode()


def test_many_models_wait_to_be_chosen(client, server, settings):
    row = make(client, base_url=server.address)
    server.offer(*[f"m{number:03}" for number in range(80)])
    assert client.post(f"{PROVIDERS}/{row['id']}/fetch-models").json()["added"] == 80
    assert LanguageModel.objects.filter(provider=row["id"], is_active=True).count() == 30


def test_fallbacks_by_api(client):
    row = make(client)
    a, b, c = (
        client.post(MODELS, {"provider": row["id"], "name": name}).json()["id"] for name in "abc"
    )
    body = {"fallbacks": [c, b], "task_fallbacks": {"reasoning": [b]}, "tasks": ["creative"]}
    changed = client.patch(f"{MODELS}/{a}", body, content_type=JSON).json()
    assert {name: changed[name] for name in body} == body
    rows = {model["id"]: model for model in client.get(MODELS).json()["models"]}
    assert rows[a]["fallbacks"] == [c, b] and rows[b]["fallbacks"] == []
    client.patch(f"{MODELS}/{a}", {"fallbacks": [b, c]}, content_type=JSON)
    again = client.patch(f"{MODELS}/{a}", {"order": 1}, content_type=JSON).json()
    assert again["fallbacks"] == [b, c] and again["task_fallbacks"] == {"reasoning": [b]}
    client.patch(f"{MODELS}/{a}", {"fallbacks": [], "task_fallbacks": {"reasoning": []}}, JSON)
    assert not Fallback.objects.exists()


@pytest.mark.parametrize("wrong", ["self", "twice", "unknown", "task"])
def test_wrong_fallbacks_name_the_field(client, wrong):
    row = make(client)
    a, b = (
        client.post(MODELS, {"provider": row["id"], "name": name}).json()["id"] for name in "ab"
    )
    body, field = {
        "self": ({"fallbacks": [a]}, "fallbacks"),
        "twice": ({"fallbacks": [b, b]}, "fallbacks"),
        "unknown": (
            {"task_fallbacks": {"creative": [str(uuid.uuid4())]}},
            "task_fallbacks.creative",
        ),
        "task": ({"task_fallbacks": {"cooking": [b]}}, "task_fallbacks"),
    }[wrong]
    answer = client.patch(f"{MODELS}/{a}", body, content_type=JSON)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field
    assert not Fallback.objects.exists()


def test_what_is_done_by_api_is_in_the_history(client, admin):
    row = make(client, api_key=SECRET)
    patch(client, row, order=3, api_key="sk-second-0123456789")
    patch(client, row, order=3)
    client.delete(f"{PROVIDERS}/{row['id']}")
    said = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert [entry.action_flag for entry in LogEntry.objects.order_by("pk")] == [1, 2, 3]
    assert said[1] == "Changed order and key."
    assert set(LogEntry.objects.values_list("user_id", flat=True)) == {admin.pk}
