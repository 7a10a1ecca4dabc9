"""groups/{id}/readers and chats, chat/readers, me/readings: a class that is read, and sees it."""

import pytest

from accounts.models import Group
from chat.assistants.services import create_assistant
from chat.services import create_session
from core.ids import new_id
from core.testing import person
from tests.contract.shape import JSON, is_paged, is_problem, same_404
from tests.contract.test_sessions import DETAIL
from tests.contract.test_sessions import ROW as SESSION
from tests.world import say

pytestmark = pytest.mark.django_db
READERS, READINGS = "/api/v1/chat/readers", "/api/v1/me/readings"
READER = {"group", "user_id", "full_name", "since"}
READING = {"session_id", "title", "reader", "group", "read_at"}


@pytest.fixture
def lecturer(db):
    return person("lecturer", role="admin", full_name="Dr. Lestari")


@pytest.fixture
def biology(alice, bob, admin):
    """The class of alice and bob, with an assistant."""
    made = Group.objects.create(name="Biology")
    for member in (alice, bob):
        made.memberships.create(user=member)
    create_assistant(actor=admin, name="Tutor").groups.add(made)
    return made


@pytest.fixture
def path(biology):
    return f"/api/v1/groups/{biology.pk}"


def switched_on(api, admin, path, *lecturers):
    body = {"users": [str(one.pk) for one in lecturers]}
    return api(admin).put(f"{path}/readers", body, content_type=JSON)


def begun(user, biology, title):
    session = create_session(actor=user, assistant_id=biology.assistants.get().pk, title=title)
    say(session)
    return session


def test_who_reads_a_class_is_set_by_admins(api, alice, charlie, admin, lecturer, path):
    answer = switched_on(api, admin, path, lecturer)
    assert (answer.status_code, answer.json().keys()) == (200, {"readers"})
    (row,) = answer.json()["readers"]
    assert row.keys() == READER
    assert (row["group"], row["user_id"]) == ("Biology", str(lecturer.pk))
    assert api(admin).get(f"{path}/readers").json() == answer.json()
    for body, field in (
        ({}, "users"),
        ({"users": "x"}, "users"),
        ({"users": ["x"]}, "users.0"),
        ({"users": [], "x": 1}, "x"),
        ({"users": [str(new_id()) for _ in range(21)]}, "users"),
    ):
        wrong = api(admin).put(f"{path}/readers", body, content_type=JSON)
        is_problem(wrong, 422, "invalid", field)
    assert switched_on(api, admin, path, alice).status_code in (404, 422)  # no student reads
    is_problem(switched_on(api, admin, f"/api/v1/groups/{new_id()}", lecturer), 404, "not_found")
    for who, status in ((api(alice), 403), (api(charlie), 403), (api(), 401)):
        is_problem(who.get(f"{path}/readers"), status)
        is_problem(who.put(f"{path}/readers", {"users": []}, content_type=JSON), status)
    assert api(admin).get(f"{path}/readers").json() == answer.json()


def test_the_chats_of_a_class(api, alice, bob, admin, lecturer, biology, path):
    before = begun(alice, biology, "Before")
    switched_on(api, admin, path, lecturer)
    sessions = [begun(who, biology, who.full_name) for who in (alice, bob)]
    client = api(lecturer)
    rows = is_paged(client, f"{path}/chats", "sessions", 2)
    assert [row["title"] for row in rows] == ["Bob", "Alice"]  # newest first
    assert all(row.keys() == SESSION for row in rows)
    shown = client.get(f"{path}/chats/{sessions[0].pk}")
    assert shown.status_code == 200 and shown.json().keys() == DETAIL
    # One begun before is not there, and neither is one of nobody.
    same_404(client, "get", (f"{path}/chats/{before.pk}", f"{path}/chats/{new_id()}"))


def test_an_admin_of_another_class_finds_nothing(api, alice, admin, lecturer, biology, path):
    """Also not by the class that is hers: the chat is of the one in its address, or of none."""
    other = person("other", role="admin")
    hers = Group.objects.create(name="Chemistry")
    switched_on(api, admin, f"/api/v1/groups/{hers.pk}", other)
    switched_on(api, admin, path, lecturer)
    session = begun(alice, biology, "Leaves")
    client = api(other)
    same_404(client, "get", (f"{path}/chats", f"/api/v1/groups/{new_id()}/chats"))
    for group in (biology.pk, hers.pk):
        one = f"/api/v1/groups/{group}/chats"
        same_404(client, "get", (f"{one}/{session.pk}", f"{one}/{new_id()}"))
    assert client.get(f"/api/v1/groups/{hers.pk}/chats").json()["total"] == 0
    for who, status in ((api(alice), 403), (api(), 401)):
        is_problem(who.get(f"{path}/chats"), status)
        is_problem(who.get(f"{path}/chats/{session.pk}"), status)


def test_the_student_sees_who_reads_and_who_has_read(
    api, alice, bob, charlie, admin, lecturer, biology, path
):
    switched_on(api, admin, path, lecturer)
    sessions = [begun(alice, biology, f"Chat {number}") for number in range(2)]
    told = api(alice).get(READERS, {"session_id": str(sessions[0].pk)}).json()
    assert [row["full_name"] for row in told["readers"]] == ["Dr. Lestari"]
    assert told["readers"][0].keys() == READER
    assistant = str(biology.assistants.get().pk)
    first = api(alice).get(READERS, {"assistant_id": assistant}).json()
    assert first == told
    assert api(charlie).get(READERS, {"assistant_id": assistant}).json()["readers"] == []
    is_problem(api(alice).get(READERS, {"session_id": "x"}), 422, "invalid", "session_id")
    for other in (bob, charlie):
        is_problem(api(other).get(READERS, {"session_id": str(sessions[0].pk)}), 404, "not_found")
    for session in sessions:
        api(lecturer).get(f"{path}/chats/{session.pk}")
    rows = is_paged(api(alice), READINGS, "readings", 2)
    assert all(row.keys() == READING for row in rows)
    assert [row["title"] for row in rows] == ["Chat 1", "Chat 0"]  # the latest first
    assert {(row["reader"], row["group"]) for row in rows} == {("Dr. Lestari", "Biology")}
    for other in (bob, charlie):
        assert api(other).get(READINGS).json()["total"] == 0
    for address in (READERS, READINGS):
        is_problem(api().get(address), 401, "not_authenticated")


def test_a_class_that_is_read_no_more(api, alice, admin, lecturer, biology, path):
    switched_on(api, admin, path, lecturer)
    session = begun(alice, biology, "Leaves")
    assert switched_on(api, admin, path).json() == {"readers": []}
    is_problem(api(lecturer).get(f"{path}/chats"), 404, "not_found")
    is_problem(api(lecturer).get(f"{path}/chats/{session.pk}"), 404, "not_found")
