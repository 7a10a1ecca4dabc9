"""People in the Django admin."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import logins
from accounts.models import ApiLogin, User
from core.testing import PASSWORD, person

LIST = "/admin/accounts/user/"


@pytest.fixture
def page():
    return Client()


def change(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def form(user, **changes):
    fields = {
        "email": user.email,
        "full_name": user.full_name,
        "language": "",
        "theme": "",
        "role": user.role,
        "is_active": "on" if user.is_active else "",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def test_login_goes_through_the_login_page(page, db):
    answer = page.get("/admin/login/", {"next": "/admin/"})
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def test_students_stay_out(page, alice):
    page.force_login(alice)
    assert page.get(LIST).status_code in (302, 403)


def test_list_searches_and_filters(page, admin, alice, bob):
    page.force_login(admin)
    assert page.get(LIST).status_code == 200
    found = page.get(LIST, {"q": "alice", "role__exact": "student"}).content.decode()
    assert "alice@example.org" in found and "bob@example.org" not in found


def test_add_makes_a_student_who_can_log_in(page, admin):
    page.force_login(admin)
    fields = {
        "email": "New@Example.org",
        "full_name": "New",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "role": "superadmin",
    }
    assert page.post(f"{LIST}add/", fields).status_code == 302
    user = User.objects.get(email="new@example.org")
    assert user.role == "student" and user.check_password(PASSWORD)
    assert user.emailaddress_set.get().primary
    again = page.post(f"{LIST}add/", fields)
    assert again.status_code == 200 and b"already is an account" in again.content


def test_an_admin_promotes_and_deactivates(page, admin, alice):
    page.force_login(admin)
    pair = logins.open_login(actor=alice)
    assert page.post(change(alice), form(alice, role="admin")).status_code == 302
    alice.refresh_from_db()
    assert alice.role == "admin"
    page.post(change(alice), form(alice, role="student", is_active=""))
    alice.refresh_from_db()
    assert (alice.role, alice.is_active) == ("student", False)
    assert ApiLogin.objects.get().ended_at and pair


def test_an_admin_names_no_superadmin(page, admin, alice):
    page.force_login(admin)
    page.post(change(alice), form(alice, role="superadmin"))
    page.post(change(admin), form(admin, role="superadmin"))
    assert not User.objects.filter(role="superadmin").exists()


@pytest.mark.parametrize("by", ["admin", "second superadmin"])
def test_a_superadmin_is_out_of_reach(page, admin, superadmin, by):
    page.force_login(admin if by == "admin" else person("second", role="superadmin"))
    before = User.objects.filter(pk=superadmin.pk).values().get()
    page.post(change(superadmin), form(superadmin, full_name="X", role="student", is_active=""))
    page.post(f"{LIST}{superadmin.pk}/delete/", {"post": "yes"})
    for action in ("deactivate", "delete_selected"):
        page.post(LIST, {"action": action, "_selected_action": superadmin.pk, "post": "yes"})
    passwords = {"password1": "taken over", "password2": "taken over", "usable_password": "true"}
    page.post(f"{LIST}{superadmin.pk}/password/", passwords)
    assert User.objects.filter(pk=superadmin.pk).values().get() == before


def test_an_admin_sets_a_students_password_but_no_admins(page, admin, alice):
    page.force_login(admin)
    pair = logins.open_login(actor=alice)
    new = {"password1": "rambutan 77 manis", "password2": "rambutan 77 manis"}
    new["usable_password"] = "true"
    assert page.post(f"{LIST}{alice.pk}/password/", new).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("rambutan 77 manis")
    assert ApiLogin.objects.get(user=alice).ended_at and pair
    peer = person("peer", role="admin")
    page.post(f"{LIST}{peer.pk}/password/", new)
    peer.refresh_from_db()
    assert peer.check_password(PASSWORD)


def test_actions_switch_many(page, admin, alice, bob):
    page.force_login(admin)
    chosen = {"_selected_action": [alice.pk, bob.pk]}
    page.post(LIST, {"action": "deactivate", **chosen})
    assert not User.objects.filter(pk__in=[alice.pk, bob.pk], is_active=True).exists()
    page.post(LIST, {"action": "activate", **chosen})
    assert User.objects.filter(is_active=True).count() == 3


def test_delete_takes_a_student_with_logins(page, admin, alice):
    page.force_login(admin)
    logins.open_login(actor=alice)
    assert page.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()


def test_api_logins_are_read_only(page, superadmin, alice):
    page.force_login(superadmin)
    logins.open_login(actor=alice)
    login = ApiLogin.objects.get()
    assert page.get("/admin/accounts/apilogin/", {"q": "alice"}).status_code == 200
    assert page.get(f"/admin/accounts/apilogin/{login.pk}/change/").status_code == 200
    assert page.get("/admin/accounts/apilogin/add/").status_code == 403
    assert page.post(f"/admin/accounts/apilogin/{login.pk}/change/", {}).status_code == 403


@pytest.mark.parametrize("role", ["admin", "superadmin"])
@pytest.mark.parametrize(
    "path",
    [
        "account/emailaddress/",
        "account/emailconfirmation/",
        "mfa/authenticator/",
        "socialaccount/socialaccount/",
        "socialaccount/socialapp/",
        "socialaccount/socialtoken/",
        "usersessions/usersession/",
        "sessions/session/",
        "auth/group/",
    ],
)
def test_what_could_take_over_an_account_has_no_page(page, db, path, role):
    page.force_login(person("eve", role=role))
    assert page.get(f"/admin/{path}").status_code == 404
    assert page.get(f"/admin/{path}add/").status_code == 404
