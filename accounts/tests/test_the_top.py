"""A superadmin is taken down by nobody else, by any door; the last one not even by themself.

paperless-ngx GHSA-8c6x-pfjq-9gr7 (staff deleted a superuser), AnythingLLM CVE-2026-32715 (a manager
in the admin's settings), Open WebUI CVE-2026-45396 and LiteLLM CVE-2026-47101 (role by editing
one's own record), Django CVE-2026-4292 (rights by the admin's lists).
"""

import threading

import pytest
from django.db import connection
from django.test import Client

from accounts import services
from accounts.models import Group, User
from core.errors import AppError, Forbidden
from core.testing import PASSWORD, person
from tests.patience import PATIENCE

API = "/api/v1/users"


def row(user):
    return User.objects.filter(pk=user.pk).values().get()


@pytest.fixture(params=["admin", "another superadmin"])
def other(request, superadmin):
    role = "admin" if request.param == "admin" else "superadmin"
    return person("other", role=role)


def test_not_by_the_api(api, other, superadmin):
    client, before = api(other), row(superadmin)
    for body in ({"role": "admin"}, {"is_active": False}, {"role": "student", "is_active": False}):
        answer = client.patch(f"{API}/{superadmin.pk}", body, "application/json")
        assert answer.status_code == 403 and "superadmin" in answer.json()["detail"]
    assert client.delete(f"{API}/{superadmin.pk}").status_code == 403
    assert row(superadmin) == before


def test_not_by_a_class_list(api, other, superadmin):
    group, before = Group.objects.create(name="Biologi"), row(superadmin)
    group.members.add(superadmin)
    path = f"/api/v1/groups/{group.pk}/members/import"
    table = f"email,full_name,role,is_active\n{superadmin.email},Nobody,student,false"
    call = {"csv": table, "replace": True}
    seen = api(other).post(path, {**call, "preview": True}).json()
    api(other).post(path, {**call, "fingerprint": seen["fingerprint"]})
    assert row(superadmin) == before


def test_not_by_a_link_to_a_new_password(other, superadmin):
    page = Client()
    page.force_login(other)
    chosen = {"action": "password_links", "_selected_action": [superadmin.pk]}
    assert b"/password/reset/key/" not in page.post("/admin/accounts/user/", chosen).content
    with pytest.raises(Forbidden):
        services.set_password(actor=other, user=superadmin, password="taken over 77")


@pytest.mark.parametrize(
    "body",
    [
        {"role": "superadmin"},
        {"is_superuser": True},
        {"is_staff": True},
        {"is_active": True, "role": "admin", "id": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_nobody_raises_themself(api, alice, admin, body):
    """CVE-2026-47101, CVE-2026-45396: rights by editing one's own record."""
    before = row(alice), row(admin)
    api(alice).patch("/api/v1/auth/me", body, "application/json")
    assert api(alice).patch(f"{API}/{alice.pk}", body, "application/json").status_code == 403
    raised = api(admin).patch(f"{API}/{admin.pk}", {"role": "superadmin"}, "application/json")
    assert raised.status_code == 403
    register = {"email": "new@example.org", "password": PASSWORD, "full_name": "New", **body}
    api().post("/api/v1/auth/register", register)
    assert not User.objects.filter(email="new@example.org").exclude(role="student").exists()
    after = row(alice), row(admin)
    assert [r["role"] for r in after] == [r["role"] for r in before]


def test_the_last_one_stays(api, superadmin):
    """By page, list and API alike."""
    page, path = Client(), f"/admin/accounts/user/{superadmin.pk}"
    page.force_login(superadmin)
    before = row(superadmin)
    form = {"full_name": "S", "language": "", "theme": "", "role": "student"}
    page.post(f"{path}/change/", form)
    page.post(f"{path}/delete/", {"post": "yes"})
    for action in ("deactivate", "delete_selected"):
        chosen = {"action": action, "_selected_action": [superadmin.pk], "post": "yes"}
        page.post("/admin/accounts/user/", chosen)
    client = api(superadmin)
    for body in ({"role": "admin"}, {"is_active": False}):
        answer = client.patch(f"{API}/{superadmin.pk}", body, "application/json")
        assert answer.status_code == 403
    assert client.delete(f"{API}/{superadmin.pk}").status_code == 403
    changed = {"full_name", "session_stamp", "last_active_at", "last_login"}
    assert {**row(superadmin), **dict.fromkeys(changed)} == {**before, **dict.fromkeys(changed)}


def test_one_of_two_may_go(superadmin):
    second = person("second", role="superadmin")
    services.set_role(actor=second, user=second, role="admin")
    with pytest.raises(Forbidden):
        services.set_role(actor=superadmin, user=superadmin, role="admin")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "switch off", "delete"])
def test_of_two_who_go_at_the_same_moment_one_stays(superadmin, how):
    two = [superadmin, person("second", role="superadmin")]
    start = threading.Barrier(2)

    def go(user):
        try:
            start.wait(PATIENCE)
            if how == "demote":
                services.set_role(actor=user, user=user, role="student")
            elif how == "switch off":
                services.set_active(actor=user, user=user, active=False)
            else:
                services.delete_user(actor=user, user=user)
        except AppError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[user]) for user in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(role="superadmin", is_active=True).count() == 1
