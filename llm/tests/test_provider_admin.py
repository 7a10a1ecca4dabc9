"""Providers and models in the admin: keys go in, lists and actions work."""

import json

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry

from core.redis import key, sync_client
from llm import credentials, services
from llm.models import Fallback, LanguageModel, Provider
from llm.tests.lists import Lists

PROVIDERS, MODELS = "/admin/llm/provider/", "/admin/llm/languagemodel/"
SECRET = "sk-very-secret-0123456789wxyz"
ROW = {"name": "Ours", "base_url": "http://gpu:8000/v1", "order": "5", "is_active": "on"}


@pytest.fixture(autouse=True)
def _settings(db, settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.PROVIDER_KEYS = {}
    settings.PROVIDER_BASE_URLS = {}


@pytest.fixture
def page(client, admin):
    sync_client().delete(key("llm", "questions", admin.pk))
    client.force_login(admin)
    return client


@pytest.fixture
def provider(page):
    form = {**ROW, "kind": "openai_compatible", "api_key": SECRET}
    answer = page.post(f"{PROVIDERS}add/", form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return Provider.objects.get(name="Ours")


def change(page, provider, **fields):
    return page.post(f"{PROVIDERS}{provider.pk}/change/", {**ROW, **fields})


def stored(provider):
    provider.refresh_from_db()
    return credentials.provider_key(provider)


def test_a_key_goes_in_and_is_shown_nowhere(page, provider):
    """Langfuse CVE-2026-41487, LiteLLM CVE-2024-9606, Flowise CVE-2026-46443, LibreChat
    CVE-2026-44653."""
    assert stored(provider) == SECRET
    change(page, provider, api_key=SECRET, order="6")
    for path in (
        PROVIDERS,
        f"{PROVIDERS}{provider.pk}/change/",
        f"{PROVIDERS}{provider.pk}/history/",
    ):
        text = page.get(path).content.decode()
        assert SECRET not in text and provider.api_key_encrypted not in text
    assert "ends in wxyz" in page.get(PROVIDERS).content.decode()
    history = json.dumps(list(LogEntry.objects.values("change_message", "object_repr")))
    assert SECRET not in history and LogEntry.objects.count() == 2


def test_a_form_that_is_refused_does_not_repeat_the_key(page, provider):
    answer = change(page, provider, api_key=SECRET, base_url="nonsense")
    assert answer.status_code == 200 and SECRET not in answer.content.decode()
    answer = change(page, provider, api_key="two words")
    assert "Copy it again" in answer.content.decode()


def test_the_key_stays_unless_the_address_changes(page, provider):
    """Lobe Chat CVE-2024-37895, LiteLLM CVE-2024-6587, LibreChat CVE-2026-54033: the stored key
    was sent to a new address."""
    change(page, provider, name="Renamed")
    assert stored(provider) == SECRET
    change(page, provider, base_url="http://other/v1", api_key="sk-new-0123456789abcd")
    assert stored(provider) == "sk-new-0123456789abcd"
    change(page, provider, base_url="https://evil.example/v1")
    assert stored(provider) == "" and provider.api_key_encrypted == ""


def test_the_key_can_be_taken_out(page, provider):
    change(page, provider, remove_key="on")
    assert provider.pk and stored(provider) == ""


def test_without_an_encryption_key_the_form_says_so(page, provider, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    answer = change(page, provider, api_key="sk-new-0123456789abcd")
    assert answer.status_code == 200 and "FIELD_ENCRYPTION_KEYS" in answer.content.decode()
    assert "enter it again" in page.get(PROVIDERS).content.decode()


def test_rows_edited_in_the_list_keep_their_keys(page, provider):
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(provider.pk),
        "form-0-order": "77",
        "_save": "Save",
    }
    assert page.post(PROVIDERS, form).status_code == 302
    assert stored(provider) == SECRET and (provider.order, provider.is_active) == (77, False)


def test_the_same_address_twice_is_a_sentence(page, provider):
    form = {**ROW, "kind": "openai_compatible"}
    assert page.post(f"{PROVIDERS}add/", form).status_code == 200
    assert Provider.objects.filter(base_url=ROW["base_url"]).count() == 1


def test_the_kind_stays_and_the_built_in_is_not_deleted(page, provider):
    change(page, provider, kind="openai")
    provider.refresh_from_db()
    assert provider.kind == "openai_compatible"
    services.sync_registry()
    builtin = Provider.objects.get(kind="builtin")
    assert page.post(f"{PROVIDERS}{builtin.pk}/delete/", {"post": "yes"}).status_code == 403


def test_actions_check_and_fetch(page, provider):
    def act(name):
        chosen = {"action": name, "_selected_action": [str(provider.pk)]}
        return page.post(PROVIDERS, chosen, follow=True).content.decode()

    with Lists().running() as lists:
        Provider.objects.filter(pk=provider.pk).update(base_url=lists.address)
        provider.refresh_from_db()
        services.save_provider(actor=_Admin(), provider=provider, api_key=SECRET)
        lists.offer("a", "b")
        assert "It accepted the key." in act("check_now")
        assert "Models listed: 2, new: 2" in act("fetch_models")
        lists.answer = (401, {"error": SECRET})
        said = act("check_now")
        assert "refused the key" in said and SECRET not in said
    act("switch_off")
    provider.refresh_from_db()
    assert not provider.is_active and provider.check_ok is False


class _Admin:
    pk, is_active, is_admin = None, True, True


def test_a_model_with_its_fallbacks_tasks_and_own_prices(page, provider):
    a, b, c = (
        LanguageModel.objects.create(provider=provider, name=name, display_name=name)
        for name in "abc"
    )
    path = f"{MODELS}{a.pk}/change/"
    assert page.get(path).status_code == 200
    form = {
        "provider": str(provider.pk),
        "name": "a",
        "display_name": "A",
        "order": "1",
        "context_window": "8192",
        "parameters": "{}",
        "tasks": ["creative", "factual"],
        "input_price": "1.5",
        "is_active": "on",
        "fallback_rows-TOTAL_FORMS": "2",
        "fallback_rows-INITIAL_FORMS": "0",
        "fallback_rows-0-fallback": str(c.pk),
        "fallback_rows-0-task": "",
        "fallback_rows-0-position": "0",
        "fallback_rows-1-fallback": str(b.pk),
        "fallback_rows-1-task": "",
        "fallback_rows-1-position": "1",
    }
    answer = page.post(path, form)
    assert answer.status_code == 302, answer.context["errors"]
    a.refresh_from_db()
    assert (a.tasks, a.price_source, a.input_price) == (["creative", "factual"], "own", 1.5)
    order = Fallback.objects.filter(model=a).order_by("position")
    assert [row.fallback for row in order] == [c, b]
    form["fallback_rows-TOTAL_FORMS"] = "1"
    form["fallback_rows-0-fallback"] = str(a.pk)
    form["fallback_rows-0-position"] = "2"
    assert "its own fallback" in page.post(path, form).content.decode()
    form["fallback_rows-0-fallback"] = str(c.pk)
    form["fallback_rows-TOTAL_FORMS"] = "2"
    form["fallback_rows-1-fallback"] = str(c.pk)
    form["fallback_rows-1-position"] = "3"
    assert page.post(path, form).status_code == 200, "the same twice is refused with a sentence"


@pytest.mark.parametrize("query", ["", "?q=our", "?is_active__exact=1", "?check_ok__exact=0"])
def test_lists_can_be_searched_and_filtered(page, provider, query):
    assert page.get(PROVIDERS + query).status_code == 200
    if "check" not in query:
        assert page.get(MODELS + query).status_code == 200
