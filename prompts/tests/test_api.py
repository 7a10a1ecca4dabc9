"""prompts: the doors."""

import pytest

from prompts import services
from prompts.models import Prompt

PATH = "/api/v1/prompts"
JSON = {"content_type": "application/json"}
BODY = {"name": "Finance", "content": "Explain markets.", "persona": "A calm analyst."}


@pytest.fixture
def client(api, admin):
    return api(admin)


def test_the_whole_life_of_a_prompt(client):
    created = client.post(PATH, BODY)
    assert created.status_code == 201
    body = created.json()
    assert body["persona"] == "A calm analyst." and body["is_active"] is False
    path = f"{PATH}/{body['id']}"
    assert client.get(path).json() == body

    changed = client.put(path, {**BODY, "name": "Money"}, **JSON).json()
    assert (changed["name"], changed["task"]) == ("Money", "")
    assert client.patch(f"{path}/activate").json()["is_active"] is True
    assert client.delete(path).json()["code"] == "prompt_active"

    services.ensure_default_prompt()
    other = client.post(PATH, BODY).json()
    client.patch(f"{PATH}/{other['id']}/activate")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_list_pages_and_searches(client):
    for number in range(5):
        client.post(PATH, {**BODY, "name": f"Prompt {number}"})
    answer = client.get(PATH, {"limit": 2, "skip": 2}).json()
    assert set(answer) == {"total", "prompts", "page", "page_size"}
    assert (answer["total"], answer["page"], answer["page_size"]) == (5, 2, 2)
    assert [row["name"] for row in answer["prompts"]] == ["Prompt 2", "Prompt 1"]
    assert client.get(PATH, {"search": "3 markets"}).json()["total"] == 1
    assert client.get(PATH, {"search": "%"}).json()["total"] == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "skip=-1"])
def test_a_wrong_page_is_refused(client, query):
    assert client.get(f"{PATH}?{query}").status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"content": "  "}, "content"),
        ({"content": "a\u0000b"}, "content"),
        ({"task": "x" * 20_001}, "task"),
    ],
)
def test_bad_input_names_the_field(client, change, field):
    answer = client.post(PATH, {**BODY, **change})
    assert answer.status_code == 422
    assert field in {row["field"] for row in answer.json()["errors"]}
    assert not Prompt.objects.exists()


def test_what_is_only_read_is_not_written(client):
    extra = {"is_active": True, "archived_at": "2026-01-01T00:00:00Z", "created_by": 1, "id": "1"}
    answer = client.post(PATH, {**BODY, **extra})
    assert answer.status_code == 422
    assert {row["field"] for row in answer.json()["errors"]} == set(extra)
    assert not Prompt.objects.exists()


def test_only_admins(api, alice, client):
    path = f"{PATH}/{client.post(PATH, BODY).json()['id']}"
    for who, status in ((api(alice), 403), (api(), 401)):
        assert who.get(PATH).status_code == status
        assert who.post(PATH, BODY).status_code == status
        assert who.get(path).status_code == status
        assert who.put(path, BODY, **JSON).status_code == status
        assert who.patch(f"{path}/activate").status_code == status
        assert who.delete(path).status_code == status
    assert Prompt.objects.count() == 1


def test_listing_costs_the_same_for_many(client, django_assert_num_queries):
    for _ in range(10):
        client.post(PATH, BODY)
    with django_assert_num_queries(4):  # session, user, count, rows
        client.get(PATH)
