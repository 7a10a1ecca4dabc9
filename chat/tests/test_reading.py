"""Class reading: what lecturers read, what they do not, and that the student sees it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Group, User
from accounts.services import set_active, set_role
from chat import reading, services
from chat.assistants.services import create_assistant
from chat.models import Assistant, ChatReading, Session
from core.errors import NotFound
from core.testing import person
from llm.models import LanguageModel
from tests.world import SECRET, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def lecturer(db: None) -> User:
    user: User = person("lecturer", role="admin", full_name="Dr. Lestari")
    return user


@pytest.fixture
def group(alice: User, bob: User) -> Group:
    made = Group.objects.create(name="Biology 1")
    for member in (alice, bob):
        made.memberships.create(user=member)
    return made


@pytest.fixture
def assistant(group: Group, model: LanguageModel, admin: User) -> Assistant:
    made = create_assistant(actor=admin, name="Biology", model_id=model.pk)
    made.groups.add(group)
    return made


def begin(user: User, assistant: Assistant | None, title: str = SECRET) -> Session:
    given = {"assistant_id": assistant.pk} if assistant else {}
    session = services.create_session(actor=user, title=title, **given)
    say(session)
    return session


def switch_on(admin: User, group: Group, *lecturers: User) -> None:
    ids = [lecturer.pk for lecturer in lecturers]
    reading.set_lecturers(actor=admin, group_id=group.pk, lecturer_ids=ids)


def test_only_chats_begun_with_the_classs_assistant_while_it_was_so(
    api: Callable[..., Any],
    alice: User,
    admin: User,
    lecturer: User,
    group: Group,
    assistant: Assistant,
) -> None:
    before = begin(alice, assistant)
    switch_on(admin, group, lecturer)
    private, during = begin(alice, None), begin(alice, assistant)
    client, address = api(lecturer), f"/api/v1/groups/{group.pk}/chats"
    assert [row["id"] for row in client.get(address).json()["sessions"]] == [str(during.pk)]
    assert client.get(f"{address}/{during.pk}").json()["messages"][0]["content"]
    for closed in (before, private):
        assert client.get(f"{address}/{closed.pk}").status_code == 404

    switch_on(admin, group)
    assert client.get(address).status_code == 404
    assert client.get(f"{address}/{during.pk}").status_code == 404
    switch_on(admin, group, lecturer)
    # It was told anew to those who begin now, not to those who began then.
    assert client.get(address).json()["total"] == 0


def test_nobody_else_reads_a_class(
    api: Callable[..., Any],
    alice: User,
    bob: User,
    charlie: User,
    admin: User,
    lecturer: User,
    group: Group,
    assistant: Assistant,
) -> None:
    switch_on(admin, group, lecturer)
    other = Group.objects.create(name="Physics 1")
    switch_on(admin, other, admin)
    session = begin(alice, assistant)
    for asker, expected in ((alice, 403), (bob, 403), (charlie, 403), (admin, 404)):
        for tail in ("", f"/{session.pk}"):
            answer = api(asker).get(f"/api/v1/groups/{group.pk}/chats{tail}")
            assert answer.status_code == expected
            assert SECRET not in answer.content.decode()
    # PC-05: the chat belongs to the class in the address.
    foreign = f"/api/v1/groups/{other.pk}/chats/{session.pk}"
    assert api(admin).get(foreign).status_code == api(lecturer).get(foreign).status_code == 404


@pytest.mark.parametrize("end", ["leaves", "demoted", "switched off", "group deleted"])
def test_the_right_ends_at_once(
    end: str,
    alice: User,
    superadmin: User,
    lecturer: User,
    group: Group,
    assistant: Assistant,
) -> None:
    """PC-14: the next reading follows the new rights."""
    switch_on(superadmin, group, lecturer)
    session = begin(alice, assistant)
    reading.read(actor=lecturer, group_id=group.pk, session_id=session.pk)
    if end == "leaves":
        group.memberships.filter(user=alice).delete()
    elif end == "demoted":
        set_role(actor=superadmin, user=lecturer, role="student")
    elif end == "switched off":
        set_active(actor=superadmin, user=lecturer, active=False)
    else:
        group.delete()
    with pytest.raises(NotFound):
        reading.read(actor=lecturer, group_id=group.pk, session_id=session.pk)
    assert not reading.readers_of(session).exists()


def test_the_student_sees_who_will_read_and_who_read(
    api: Callable[..., Any],
    alice: User,
    bob: User,
    charlie: User,
    admin: User,
    lecturer: User,
    group: Group,
    assistant: Assistant,
) -> None:
    switch_on(admin, group, lecturer)
    client = api(alice)
    told = client.get("/api/v1/chat/readers", {"assistant_id": str(assistant.pk)}).json()["readers"]
    assert [(row["group"], row["full_name"]) for row in told] == [("Biology 1", "Dr. Lestari")]
    assert client.get("/api/v1/chat/readers").json() == {"readers": []}
    outside = api(charlie).get("/api/v1/chat/readers", {"assistant_id": str(assistant.pk)})
    assert outside.json() == {"readers": []}

    session = begin(alice, assistant)
    asked = {"session_id": str(session.pk)}
    assert client.get("/api/v1/chat/readers", asked).json()["readers"] == told
    assert api(bob).get("/api/v1/chat/readers", asked).status_code == 404
    assert client.get("/api/v1/chat/readers", {"session_id": "x"}).status_code == 422

    api(lecturer).get(f"/api/v1/groups/{group.pk}/chats/{session.pk}")
    api(admin).get(f"/api/v1/chat/sessions/{session.pk}")
    client.get(f"/api/v1/chat/sessions/{session.pk}")
    rows = client.get("/api/v1/me/readings").json()["readings"]
    assert [(row["reader"], row["group"]) for row in rows] == [
        ("Admin", ""),
        ("Dr. Lestari", "Biology 1"),
    ]
    assert api(bob).get("/api/v1/me/readings").json()["total"] == 0


def test_the_admin_pages_keep_a_reading_too(client: Any, alice: User, admin: User) -> None:
    session = begin(alice, None)
    client.force_login(admin)
    assert client.get(f"/admin/chat/session/{session.pk}/change/").status_code == 200
    assert ChatReading.objects.get().reader == admin
    message = session.messages.first()
    assert client.get(f"/admin/chat/message/{message.pk}/change/").status_code == 200
    assert ChatReading.objects.count() == 2
    assert client.get("/admin/chat/classreading/").status_code == 200
    assert client.get("/admin/chat/chatreading/").status_code == 200


def test_only_admins_say_who_reads_and_only_admins_read(
    api: Callable[..., Any], alice: User, bob: User, admin: User, lecturer: User, group: Group
) -> None:
    address = f"/api/v1/groups/{group.pk}/readers"

    def put(client: Any, *users: Any) -> Any:
        return client.put(address, {"users": [str(u) for u in users]}, "application/json")

    assert put(api(alice), lecturer.pk).status_code == 403
    refused = put(api(admin), lecturer.pk, bob.pk)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_lecturer")
    assert api(admin).get(address).json() == {"readers": []}
    for _ in range(2):
        assert len(put(api(admin), lecturer.pk, lecturer.pk).json()["readers"]) == 1
    assert put(api(admin)).json() == {"readers": []}
