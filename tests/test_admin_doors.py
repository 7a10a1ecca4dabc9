"""Every page and action of the Django admin, asked by those it is for and by all others."""

import re

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory

from accounts import api_keys
from accounts.models import ROOMS, ApiKey, ApiLogin, Group, Limit, User
from chat.models import Session
from core.testing import PASSWORD, person
from llm.models import LanguageModel, ModelCall, Provider
from tests.admin_doors import ADMIN, SITE
from tests.routes import routes
from tests.shared_world import _beneath, built, kept

__all__ = ["_beneath", "built", "kept"]
PAGES = {model._meta.label: page for model, page in admin.site._registry.items()}
OURS = {
    "",
    "add/",
    "<path:object_id>/",
    "<path:object_id>/change/",
    "<path:object_id>/delete/",
    "<path:object_id>/history/",
}
NOTHING = "00000000-0000-0000-0000-000000000000"
CANARY = "canary-of-a-secret-0123456789"


def request_of(role):
    made = RequestFactory().get("/")
    made.user = person(role, role=role)
    return made


def test_every_model_of_the_admin_is_listed():
    assert set(PAGES) == set(ADMIN)
    assert {label.partition(".")[0] for label in PAGES} <= ROOMS


def test_every_page_of_the_site_is_listed():
    apps = tuple(f"admin/{room}/" for room in ROOMS)
    found = {r.path for r in routes() if r.path.startswith("admin/")}
    rest = {path.removeprefix("admin/") for path in found if not path.startswith(apps)}
    assert {path for path in rest if not path.startswith(("^", "(?P"))} == SITE


@pytest.mark.parametrize("role", ["admin", "superadmin"])
def test_what_it_offers_is_what_is_listed(role, db):
    asked, rights = request_of(role), ("view", "add", "change", "delete")
    for label, row in ADMIN.items():
        page = PAGES[label]
        offered = [name for name in rights if getattr(page, f"has_{name}_permission")(asked)]
        assert tuple(offered) == row.may, label
        assert set(page.get_actions(asked)) == row.all_actions, label
        assert {str(url.pattern) for url in page.get_urls()} - OURS == set(row.pages), label


def start(label):
    model = PAGES[label].model._meta
    return f"/admin/{model.app_label}/{model.model_name}/"


def addresses(label, key):
    """Every address of a model, those of one row with this key."""
    for path in (*OURS, *ADMIN[label].pages):
        yield start(label) + re.sub(r"<[^>]+>", str(key), path)


@pytest.fixture
def world(built, superadmin, admin):
    """With a row in most tables, and a secret in each that keeps one."""
    made, alice = built, built.alice
    Limit.objects.create(action="chat", per_user="9/m")
    ModelCall.objects.create(user=alice, provider="P", model_name="m", cost="1.5")
    ApiLogin.objects.create(user=alice, expires_at=made.share.expires_at or made.share.created_at)
    for user in (alice, superadmin, admin):
        user.emailaddress_set.create(email=user.email, primary=True, verified=True)
        user.authenticator_set.create(type="totp", data={"secret": CANARY})
        user.socialaccount_set.create(
            provider="google", uid=f"{CANARY}{user.pk}", extra_data={"t": CANARY}
        )
    return made


def first(label) -> Model | None:
    return PAGES[label].model._default_manager.first()


def count_all():
    return {label: page.model._default_manager.count() for label, page in PAGES.items()}


def switched_off():
    was = person("was-admin", role="admin")
    client = Client()
    client.force_login(was)
    User.objects.filter(pk=was.pk).update(is_active=False)
    return client


def student():
    client = Client()
    client.force_login(person("eve"))
    return client


def demoted():
    was = person("demoted", role="superadmin")
    client = Client()
    client.force_login(was)
    User.objects.filter(pk=was.pk).update(role="student")
    return client


@pytest.mark.parametrize("who", [Client, student, switched_off, demoted])
def test_others_neither_see_nor_do(who, world):
    client, before = who(), count_all()
    for label, row in ADMIN.items():
        there = first(label)
        key = there.pk if there else NOTHING
        for path in addresses(label, key):
            for answer in (client.get(path), client.post(path, {"post": "yes"})):
                assert answer.status_code in (302, 403), f"{path}: {answer.status_code}"
                assert world.alice.email not in answer.content.decode()
                assert answer.status_code == 403 or "/login/" in answer["Location"]
        for action in row.all_actions:
            chosen = {"action": action, "_selected_action": [key], "post": "yes"}
            answer = client.post(start(label), chosen)
            assert answer.status_code in (302, 403) and "Content-Disposition" not in answer
    assert count_all() == before


def secrets_of(world):
    """What no page may show, whoever looks."""
    rows = [*User.objects.all(), world.alice]
    stamps = [str(user.session_stamp) for user in rows]
    hashes = [user.password.rpartition("$")[2] for user in rows]
    keys = list(ApiKey.objects.values_list("hash", flat=True))
    return [CANARY, world.share.token_hash, *stamps, *hashes, *keys]


@pytest.mark.parametrize("role", ["admin", "superadmin"])
def test_pages_open_as_listed_and_show_no_secret(role, world, admin, superadmin):
    client = Client()
    client.force_login(admin if role == "admin" else superadmin)
    hidden = secrets_of(world)
    for label, row in ADMIN.items():
        paths = {"": "view", "add/": "add"}
        there = first(label)
        if there is not None:
            ends = {"change": "view", "delete": "delete", "history": "view"}
            paths |= {f"{there.pk}/{end}/": right for end, right in ends.items()}
        for path, right in paths.items():
            answer = client.get(start(label) + path)
            expected = (200, 302) if right in row.may else (403,)
            if right == "delete":  # some rows stay, such as the built-in provider
                expected = (*expected, 403)
            assert answer.status_code in expected, f"{label} {path}: {answer.status_code}"
            text = answer.content.decode()
            assert not [secret for secret in hidden if secret in text], f"{label} {path}"


# --- what an ordinary admin must not do -------------------------------------------------------
@pytest.fixture
def page(admin):
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize("action", sorted(ADMIN["accounts.User"].all_actions - {"export_csv"}))
def test_no_action_reaches_a_superadmin(action, page, superadmin, world):
    """paperless-ngx GHSA-8c6x-pfjq-9gr7: staff deleted and changed who stood above them."""
    _, raw = api_keys.make_key(actor=superadmin, name="x")
    before = User.objects.filter(pk=superadmin.pk).values().get()
    chosen = {"action": action, "_selected_action": [superadmin.pk], "post": "yes"}
    answer = page.post("/admin/accounts/user/", chosen, follow=True)
    assert "/password/reset/key/" not in answer.content.decode()
    assert User.objects.filter(pk=superadmin.pk).values().get() == before
    assert superadmin.authenticator_set.exists() and superadmin.socialaccount_set.exists()
    assert api_keys.find(raw)


def test_no_form_reaches_a_superadmin(page, superadmin):
    """Django CVE-2026-4292, Open WebUI CVE-2026-45396: rights by a form's extra fields."""
    before = User.objects.filter(pk=superadmin.pk).values().get()
    path = f"/admin/accounts/user/{superadmin.pk}"
    given = {
        "email": "taken@example.org",
        "full_name": "X",
        "role": "student",
        "is_active": "",
        "password": "x",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "usable_password": "false",
        "session_stamp": NOTHING,
        "id": NOTHING,
        "post": "yes",
    }
    for end in ("change", "password", "delete"):
        page.post(f"{path}/{end}/", given)
    assert User.objects.filter(pk=superadmin.pk).values().get() == before


def test_a_key_of_a_superadmin_is_not_taken_back(page, superadmin, alice):
    made = [api_keys.make_key(actor=user, name="x") for user in (superadmin, alice)]
    chosen = {"action": "take_back", "_selected_action": [key.pk for key, _raw in made]}
    page.post("/admin/accounts/apikey/", chosen)
    assert api_keys.find(made[0][1]) and not api_keys.find(made[1][1])


def test_a_form_that_names_another_row_changes_only_its_own(page, alice, bob):
    """Django CVE-2026-87975: the key of a row came from a form, and another row was changed."""
    groups = [Group.objects.create(name=name) for name in ("Biologi", "Kimia")]
    theirs = groups[1].memberships.create(user=bob)
    sent = {
        "name": "Fisika",
        "id": str(groups[1].pk),
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": str(theirs.pk),
        "memberships-0-group": str(groups[1].pk),
        "memberships-0-user": str(alice.pk),
        "memberships-0-DELETE": "on",
    }
    page.post(f"/admin/accounts/group/{groups[0].pk}/change/", sent)
    theirs.refresh_from_db()
    assert theirs.user == bob and theirs.group == groups[1]
    assert Group.objects.get(pk=groups[1].pk).name == "Kimia"


def test_rows_of_a_list_are_changed_only_where_the_list_says(page, world):
    """The same by the table of providers, whose rows are edited in the list."""
    other = Provider.objects.create(kind="openai", name="Other", base_url="https://api.openai.com")
    rows = list(Provider.objects.order_by("order", "name"))
    sent = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        sent |= {f"form-{number}-id": str(row.pk), f"form-{number}-order": 7}
        sent |= {f"form-{number}-is_active": "on", f"form-{number}-base_url": "http://evil.example"}
        sent |= {f"form-{number}-sealed_key": "x", f"form-{number}-kind": "ollama"}
    page.post("/admin/llm/provider/", sent)
    after = Provider.objects.get(pk=other.pk)
    assert (after.base_url, after.kind, after.order) == (other.base_url, "openai", 7)


@pytest.mark.parametrize("key", ["1", NOTHING, "x' OR '1'='1", "../user", "_", "%00", "9" * 99])
def test_an_id_of_nothing_is_a_sentence(page, key, db):
    for label in ADMIN:
        path = f"{start(label)}{key}/change/"
        assert page.get(path).status_code in (302, 403, 404), path


def test_what_is_asked_about_a_list_is_a_filter_of_it(page, world):
    """Django CVE-2025-64459, CVE-2026-1312: names of a query became names in SQL."""
    for query in (
        "?_connector=OR",
        "?password__startswith=a",
        "?user__password__startswith=a",
        "?o=99",
        "?session_stamp=x",
        "?_negated=1",
        "?e=1",
        "?q=%27%29--%25s",
    ):
        for label in ("accounts.User", "accounts.ApiKey", "chat.Session", "llm.Provider"):
            assert page.get(start(label) + query).status_code in (200, 302, 400), label + query


def test_fields_that_complete_themselves_tell_students_nothing(world):
    path = "/admin/autocomplete/"
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "user", "term": "a"}
    for client in (Client(), student(), switched_off()):
        answer = client.get(path, query)
        assert answer.status_code in (302, 403) and world.alice.email not in answer.content.decode()


def test_opening_a_chat_here_is_noted_for_its_student(page, world):
    session = Session.objects.get(pk=world.session.pk)
    assert not session.read_by_others.exists()
    page.get(f"/admin/chat/session/{session.pk}/change/")
    assert session.read_by_others.exists()


def test_students_switch_no_models(world):
    client, model = student(), LanguageModel.objects.get()
    sent = {"action": "switch_off", "_selected_action": [model.pk]}
    client.post("/admin/llm/languagemodel/", sent)
    model.refresh_from_db()
    assert model.is_active
