"""Pages of the admin: selects in words; tables to take along, safe to open, of no words said."""

import csv
import io
import re

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse

from accounts.models import Group, User
from core import admin_pages
from core.testing import person
from documents.models import Document
from llm.models import ModelCall
from tests.shared_world import _beneath, built, kept
from tests.world import SECRET

__all__ = ["_beneath", "built", "kept"]
EVIL = '=HYPERLINK("http://evil.example","x")'
LISTS = {
    "accounts_user": "email address",
    "accounts_group": "name",
    "documents_document": "file name",
    "llm_modelcall": "asked",
    "chat_session": "chat",
    "chat_assistant": "name",
}


@pytest.fixture
def world(built):
    made, alice = built, built.alice
    User.objects.filter(pk=alice.pk).update(full_name=EVIL)
    Group.objects.update(description=EVIL)
    Document.objects.update(original_filename=EVIL)
    ModelCall.objects.create(user=alice, provider=EVIL, model_name="m", cost="1.5")
    return made


@pytest.fixture
def client(superadmin):
    client = Client()
    client.force_login(superadmin)
    return client


def take(client, name, ids):
    address = reverse(f"admin:{name}_changelist")
    return client.post(address, {"action": "export_csv", "_selected_action": ids})


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(("name", "first"), LISTS.items())
def test_a_list_is_taken_along(client, world, name, first):
    model = next(
        m for m in django_admin.site._registry if m._meta.label_lower == name.replace("_", ".")
    )
    answer = take(client, name, [str(row.pk) for row in model._default_manager.all()])
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = rows_of(answer)
    assert len(rows) == model._default_manager.count()
    assert next(iter(rows[0])) == first[0].upper() + first[1:]


@pytest.mark.parametrize(
    "name", ["accounts_user", "accounts_group", "documents_document", "llm_modelcall"]
)
def test_no_cell_is_a_formula(client, world, name):
    """Gradio CVE-2022-24770: a cell that is run by the table's program."""
    model = next(
        m for m in django_admin.site._registry if m._meta.label_lower == name.replace("_", ".")
    )
    answer = take(client, name, [str(row.pk) for row in model._default_manager.all()])
    cells = [cell for row in rows_of(answer) for cell in row.values()]
    assert f"'{EVIL}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_of_chats_nothing_is_taken_that_was_said(client, world):
    text = take(client, "chat_session", [str(world.session.pk)]).content.decode()
    assert world.alice.email in text and str(world.session.pk) in text
    assert SECRET not in text and world.session.title not in text


def test_too_many_rows_are_refused_in_words(client, world, monkeypatch):
    monkeypatch.setattr(admin_pages, "MOST_ROWS", 1)
    ids = [str(row.pk) for row in User.objects.all()]
    answer = take(client, "accounts_user", ids)
    assert answer.status_code == 302
    assert "at most 1 rows" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_students_take_nothing(world, name):
    student = Client()
    student.force_login(person("eve"))
    answer = take(student, name, [str(world.alice.pk)])
    assert answer.status_code == 302 and "login" in answer["Location"]


def _pages():
    for model in django_admin.site._registry:
        if model.__module__.split(".")[0] in {"allauth", "django"}:
            continue
        yield from (
            f"{model._meta.app_label}_{model._meta.model_name}_{page}"
            for page in ("changelist", "add")
        )


@pytest.mark.parametrize("name", list(_pages()))
def test_no_select_shows_dashes(client, world, name):
    answer = client.get(reverse(f"admin:{name}"), follow=True)
    if answer.status_code == 403:
        return  # nobody adds one by hand
    html = answer.content.decode()
    assert answer.status_code == 200 and not re.search(r">\s*-{3,}\s*<", html)


def test_the_admin_has_no_login_of_its_own(db):
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))
