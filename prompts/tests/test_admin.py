"""Prompts in the Django admin."""

import pytest
from django.test import Client

from prompts import services
from prompts.models import Prompt

LIST = "/admin/prompts/prompt/"


@pytest.fixture
def page(admin):
    client = Client()
    client.force_login(admin)
    return client


def test_write_list_and_activate(page, admin):
    services.ensure_default_prompt()
    fields = {"name": "Finance", "content": "Explain.", "is_active": "on"}
    assert page.post(f"{LIST}add/", fields).status_code == 302
    prompt = Prompt.objects.get(name="Finance")
    assert prompt.created_by == admin and not prompt.is_active
    assert b"Finance" in page.get(LIST, {"q": "explain"}).content
    page.post(LIST, {"action": "activate", "_selected_action": prompt.pk})
    prompt.refresh_from_db()
    assert prompt.is_active
    page.post(f"{LIST}{prompt.pk}/delete/", {"post": "yes"})
    assert Prompt.objects.filter(pk=prompt.pk).exists()


def test_activate_takes_exactly_one(page):
    active = services.ensure_default_prompt()
    other = Prompt.objects.create(name="x", content="y")
    chosen = {"action": "activate", "_selected_action": [active.pk, other.pk]}
    assert b"exactly one" in page.post(LIST, chosen, follow=True).content
    assert Prompt.objects.get(is_active=True) == active


def test_an_archived_one_stays_as_it_was(page):
    old = Prompt.objects.create(name="old", content="y", archived_at="2026-01-01T00:00Z")
    page.post(f"{LIST}{old.pk}/change/", {"name": "new", "content": "z"})
    old.refresh_from_db()
    assert old.name == "old"


def test_deleting_several_unused_ones(page):
    rows = [Prompt.objects.create(name=name, content="y") for name in "ab"]
    chosen = [row.pk for row in rows]
    page.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert not Prompt.objects.exists()
