"""A program changes what it read and sends it back: lists as they came, or ids."""

import pytest

from accounts.models import Group
from core.ids import new_id
from tests.contract.shape import JSON, is_problem

pytestmark = pytest.mark.django_db
ASSISTANTS, COLLECTIONS = "/api/v1/assistants", "/api/v1/collections"


@pytest.fixture
def group(alice):
    made = Group.objects.create(name="Biology")
    made.memberships.create(user=alice)
    return made


def test_an_assistant(api, admin, alice, group):
    client = api(admin)
    kept = client.post(COLLECTIONS, {"name": "Notes", "is_open": True}).json()["id"]
    body = {
        "name": "Tutor",
        "collections": [kept],
        "groups": [str(group.pk)],
        "users": [alice.email],
    }
    made = client.post(ASSISTANTS, body).json()
    path = f"{ASSISTANTS}/{made['id']}"
    read = client.get(path).json()
    assert read["collections"] == [{"id": kept, "name": "Notes"}]
    back = {
        name: read[name] for name in ("collections", "fallbacks", "tools", "model_id", "version")
    }
    changed = client.patch(path, {**back, "description": "Cells"}, content_type=JSON)
    assert changed.status_code == 200, changed.content
    opened = client.post(f"{path}/access", {name: read[name] for name in ("groups", "users")})
    assert opened.status_code == 200, opened.content
    again = client.get(path).json()
    same = ("collections", "groups", "users", "tools", "model_id", "is_open")
    assert {name: again[name] for name in same} == {name: read[name] for name in same}
    mixed = {"groups": [], "users": [str(alice.pk), {"id": str(admin.pk)}]}
    assert len(client.post(f"{path}/access", mixed).json()["users"]) == 2


def test_a_collection(api, alice, bob, admin, group):
    client = api(admin)
    made = client.post(
        COLLECTIONS, {"name": "Notes", "groups": [str(group.pk)], "users": [bob.email]}
    ).json()
    path = f"{COLLECTIONS}/{made['id']}"
    read = client.get(path).json()
    assert read["groups"] == [{"id": str(group.pk), "name": "Biology"}]
    back = {name: read[name] for name in ("name", "description", "groups", "users")}
    changed = client.patch(path, back, content_type=JSON)
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in back} == back
    own = api(alice).post(COLLECTIONS, {"name": "Mine", "users": [{"email": bob.email}]}).json()
    assert own["users"] == [{"email": bob.email}]


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": {"id": "x"}}, {"name": "Biology"}, [], 7])
@pytest.mark.parametrize("field", ["groups", "users"])
def test_what_is_no_row(api, admin, field, row):
    answer = api(admin).post(COLLECTIONS, {"name": "x", field: [row]})
    is_problem(answer, 422, "invalid")
    answer = api(admin).post(ASSISTANTS, {"name": "x", field: [row]})
    is_problem(answer, 422, "invalid")


def test_a_row_opens_no_more_than_its_id(api, alice, admin):
    """The name that comes with it is not looked at, nor is anything else."""
    row = {"id": str(new_id()), "name": "Biology", "is_open": True}
    is_problem(api(admin).post(COLLECTIONS, {"name": "x", "groups": [row]}), 422)
    is_problem(api(alice).post(ASSISTANTS, {"name": "x", "groups": [row]}), 403, "forbidden")
