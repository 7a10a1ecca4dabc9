"""Groups and their members, for admins."""

from typing import Any

import pytest

from accounts.models import Group

URL = "/api/v1/groups"


@pytest.fixture
def group(db: None) -> Group:
    return Group.objects.create(name="Biologi 7A")


def test_an_admin_makes_renames_and_deletes_a_group(api: Any, admin: Any) -> None:
    client = api(admin)
    made = client.post(URL, {"name": "Kimia", "description": "Kelas kimia"})
    assert made.status_code == 201
    assert made.json()["member_count"] == 0
    path = f"{URL}/{made.json()['id']}"
    assert client.patch(path, {"name": "Kimia B"}, "application/json").json()["name"] == "Kimia B"
    again = client.post(URL, {"name": "Kimia B"})
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    assert client.patch(path, {}, "application/json").status_code == 422
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_people_come_and_go_by_their_addresses(
    api: Any, admin: Any, alice: Any, bob: Any, group: Group
) -> None:
    client, path = api(admin), f"{URL}/{group.pk}/members"
    answer = client.post(path, {"emails": ["ALICE@example.org", bob.email]})
    assert answer.json() == {"added": 2, "member_count": 2}
    assert client.post(path, {"emails": [bob.email]}).json() == {"added": 0, "member_count": 2}
    body = client.get(f"{path}?limit=1").json()
    assert (body["total"], body["members"][0]["email"]) == (2, alice.email)
    assert client.delete(f"{path}/{bob.pk}").status_code == 204
    assert client.delete(f"{path}/{bob.pk}").status_code == 404
    assert list(group.members.all()) == [alice]


def test_an_address_without_an_account_adds_nobody(
    api: Any, admin: Any, alice: Any, group: Group
) -> None:
    emails = [alice.email, "nobody@example.org"]
    answer = api(admin).post(f"{URL}/{group.pk}/members", {"emails": emails})
    assert (answer.status_code, answer.json()["unknown"]) == (422, ["nobody@example.org"])
    assert not group.memberships.exists()


@pytest.mark.parametrize("body", [{}, {"emails": []}, {"emails": "a@b.c"}, {"emails": ["x"]}])
def test_bad_members_get_a_sentence(api: Any, admin: Any, group: Group, body: Any) -> None:
    answer = api(admin).post(f"{URL}/{group.pk}/members", body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_groups_are_searched_by_name_and_member(
    api: Any, admin: Any, alice: Any, group: Group
) -> None:
    group.memberships.create(user=alice)
    Group.objects.create(name="Fisika")
    for search, names in (("fis", ["Fisika"]), ("alice@", ["Biologi 7A"]), ("zzz", [])):
        found = api(admin).get(f"{URL}?search={search}").json()
        assert [row["name"] for row in found["groups"]] == names


def test_students_learn_nothing_of_groups(api: Any, alice: Any, group: Group) -> None:
    group.memberships.create(user=alice)
    for path in (URL, f"{URL}/{group.pk}", f"{URL}/{group.pk}/members"):
        assert api(alice).get(path).status_code == 403
    assert (
        api(alice).post(f"{URL}/{group.pk}/members", {"emails": [alice.email]}).status_code == 403
    )
