"""Roles, and the end of access."""

import pytest

from accounts import logins, services
from accounts.models import ApiLogin, User
from accounts.resolve import resolve
from core.errors import Forbidden, Invalid
from core.testing import person


@pytest.fixture
def people(alice, admin, superadmin):
    other = {"admin2": person("admin2", role="admin"), "bob": person("bob")}
    return {"student": alice, "admin": admin, "superadmin": superadmin, **other}


@pytest.mark.parametrize(
    ("actor", "target", "role", "allowed"),
    [
        ("student", "student", "admin", False),
        ("student", "bob", "admin", False),
        ("admin", "student", "admin", True),
        ("admin", "student", "superadmin", False),
        ("admin", "admin2", "student", True),
        ("admin", "admin", "superadmin", False),
        ("admin", "superadmin", "student", False),
        ("superadmin", "student", "superadmin", True),
        ("superadmin", "admin", "student", True),
        ("superadmin", "superadmin", "student", False),
    ],
)
def test_who_may_give_which_role(people, actor, target, role, allowed):
    before = people[target].role
    if allowed:
        services.set_role(actor=people[actor], user=people[target], role=role)
    else:
        with pytest.raises(Forbidden):
            services.set_role(actor=people[actor], user=people[target], role=role)
    assert User.objects.get(pk=people[target].pk).role == (role if allowed else before)


def test_an_unknown_role_is_refused(people):
    with pytest.raises(Invalid):
        services.set_role(actor=people["superadmin"], user=people["student"], role="root")


@pytest.mark.parametrize("actor", ["student", "admin", "superadmin"])
def test_a_superadmin_is_out_of_reach(people, actor):
    target = people["superadmin"]
    second = person("second", role="superadmin")
    actor_user = second if actor == "superadmin" else people[actor]
    for act in (
        lambda: services.set_active(actor=actor_user, user=target, active=False),
        lambda: services.delete_user(actor=actor_user, user=target),
        lambda: services.set_role(actor=actor_user, user=target, role="student"),
        lambda: services.set_password(actor=actor_user, user=target, password="taken over"),
    ):
        with pytest.raises(Forbidden):
            act()
    target.refresh_from_db()
    assert target.is_active and target.is_superadmin


def test_the_last_superadmin_cannot_step_down(superadmin):
    with pytest.raises(Forbidden):
        services.set_role(actor=superadmin, user=superadmin, role="student")
    person("second", role="superadmin")
    services.set_role(actor=superadmin, user=superadmin, role="student")


def test_passwords_are_set_downwards_only(people):
    services.set_password(actor=people["admin"], user=people["student"], password="new one here")
    with pytest.raises(Forbidden):
        services.set_password(actor=people["admin"], user=people["admin2"], password="new one here")


def test_deactivation_ends_sessions_and_tokens_for_good(api, alice, admin):
    page, pair = api(alice), logins.open_login(actor=alice)
    assert page.get("/api/v1/auth/me").status_code == 200
    services.set_active(actor=admin, user=alice, active=False)
    assert page.get("/api/v1/auth/me").status_code == 401
    assert resolve(pair.access_token, "GET", "/") is None
    services.set_active(actor=admin, user=alice, active=True)
    assert page.get("/api/v1/auth/me").status_code == 401
    assert resolve(pair.access_token, "GET", "/") is None
    assert ApiLogin.objects.get().ended_by == "ended"


def test_deletion_takes_logins_along(api, alice, admin):
    pair = logins.open_login(actor=alice)
    services.delete_user(actor=admin, user=alice)
    assert resolve(pair.access_token, "GET", "/") is None
    answer = api().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token})
    assert answer.status_code == 401


def test_a_role_counts_at_once(alice, admin):
    services.set_role(actor=admin, user=alice, role="admin")
    token = logins.open_login(actor=alice).access_token
    services.set_role(actor=admin, user=alice, role="student")
    assert resolve(token, "GET", "/") is None
