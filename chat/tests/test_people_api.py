"""Admins see people, change what they may do, and end their access."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from chat.services import create_session
from core.testing import person

pytestmark = pytest.mark.django_db


def test_people_are_found_by_name_address_role_and_state(
    api: Callable[..., Any], admin: User, alice: User, bob: User
) -> None:
    create_session(actor=alice)
    client = api(admin)

    def emails(query: str) -> set[str]:
        return {row["email"] for row in client.get(f"/api/v1/users?{query}").json()["users"]}

    assert emails("search=ALI") == {alice.email}
    assert emails("role=admin") == {admin.email}
    client.patch(f"/api/v1/users/{bob.pk}", {"is_active": False}, content_type="application/json")
    assert emails("is_active=false") == {bob.email}
    assert emails("") == {alice.email, bob.email, admin.email}
    assert client.get(f"/api/v1/users/{alice.pk}").json()["chat_count"] == 1
    assert client.get("/api/v1/users?role=king").status_code == 422


def test_a_role_is_given_and_an_account_switched_off(
    api: Callable[..., Any], admin: User, alice: User
) -> None:
    hers = api(alice)
    assert hers.get("/api/v1/auth/me").status_code == 200
    change = partial(api(admin).patch, f"/api/v1/users/{alice.pk}", content_type="application/json")
    row = change({"role": "admin"}).json()
    assert row["role"] == "admin" and hers.get("/api/v1/users").status_code == 401
    alice.refresh_from_db()
    hers = api(alice)
    assert hers.get("/api/v1/users").status_code == 200
    row = change({"role": "student", "is_active": False}).json()
    assert (row["role"], row["is_active"]) == ("student", False)
    assert hers.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"role": "king"}, {"is_active": "no"}, {"is_active": 0}, {"is_active": None}]
)
def test_what_is_no_change_is_told(
    api: Callable[..., Any], admin: User, alice: User, body: dict[str, Any]
) -> None:
    answer = api(admin).patch(f"/api/v1/users/{alice.pk}", body, content_type="application/json")
    assert answer.status_code == 422
    alice.refresh_from_db()
    assert alice.is_active and alice.role == "student"


def test_nobody_takes_a_superadmin_down(api: Callable[..., Any], admin: User, alice: User) -> None:
    chief = person("dewi", role="superadmin")
    address = f"/api/v1/users/{chief.pk}"
    for body in ({"is_active": False}, {"role": "student"}):
        assert api(admin).patch(address, body, content_type="application/json").status_code == 403
        assert (
            api(chief).patch(address, body, content_type="application/json").status_code == 403
        ), "the last one stays"
    assert api(admin).delete(address).status_code == 403
    assert (
        api(admin)
        .patch(f"/api/v1/users/{alice.pk}", {"role": "superadmin"}, content_type="application/json")
        .status_code
        == 403
    )
    # All or nothing: the role is not changed when the rest is refused.
    chief.refresh_from_db()
    assert chief.is_active and chief.role == "superadmin"


def test_a_deleted_account_is_gone(api: Callable[..., Any], admin: User, alice: User) -> None:
    create_session(actor=alice)
    hers = api(alice)
    assert api(alice).delete(f"/api/v1/users/{admin.pk}").status_code == 403
    assert api(admin).delete(f"/api/v1/users/{alice.pk}").status_code == 204
    assert hers.get("/api/v1/auth/me").status_code == 401
    assert api(admin).get(f"/api/v1/users/{alice.pk}").status_code == 404


@pytest.mark.parametrize("body", [{"full_name": "X"}, {"role": "student", "is_staff": True}])
def test_what_is_not_known_is_named(
    api: Callable[..., Any], admin: User, alice: User, body: dict[str, Any]
) -> None:
    answer = api(admin).patch(f"/api/v1/users/{alice.pk}", body, "application/json")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] in body and error["message"] == "This field is not known here."
