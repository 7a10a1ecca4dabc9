"""A prompt that sessions were held with is archived, not lost; from every door."""

from django.test import Client

from chat import services as chat_services
from prompts import queries, services
from prompts.models import Prompt


def used_prompt(alice, admin) -> Prompt:
    prompt = services.create_prompt(actor=admin, name="Finance", content="Explain markets.")
    active = queries.active_prompt()
    services.activate_prompt(actor=admin, prompt_id=prompt.pk)
    chat_services.create_session(actor=alice, prompt_id=prompt.pk)
    other = active or services.create_prompt(actor=admin, name="Now", content="Explain.")
    services.activate_prompt(actor=admin, prompt_id=other.pk)
    return prompt


def is_archived(prompt: Prompt) -> bool:
    prompt.refresh_from_db()
    return prompt.archived_at is not None and prompt not in queries.listed_prompts()


def test_by_api(api, alice, admin):
    prompt = used_prompt(alice, admin)
    path = f"/api/v1/prompts/{prompt.pk}"
    assert api(admin).delete(path).status_code == 204
    assert is_archived(prompt)
    assert api(admin).patch(f"{path}/activate").status_code == 404
    body = {"prompt_id": str(prompt.pk)}
    assert api(alice).post("/api/v1/chat/sessions", body).status_code == 422


def test_in_the_admin(alice, admin):
    page = Client()
    page.force_login(admin)
    first, second = used_prompt(alice, admin), used_prompt(alice, admin)
    page.post(f"/admin/prompts/prompt/{first.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": second.pk, "post": "yes"}
    page.post("/admin/prompts/prompt/", chosen)
    assert is_archived(first) and is_archived(second)


def test_a_session_keeps_its_prompt(alice, admin):
    prompt = used_prompt(alice, admin)
    services.delete_prompt(actor=admin, prompt_id=prompt.pk)
    assert alice.chat_sessions.get().prompt == prompt


def test_deleting_a_person_leaves_prompts_and_takes_chats(alice, admin, superadmin):
    prompt = used_prompt(alice, admin)
    page = Client()
    page.force_login(superadmin)
    for person in (alice, admin):
        answer = page.post(f"/admin/accounts/user/{person.pk}/delete/", {"post": "yes"})
        assert answer.status_code == 302
    prompt.refresh_from_db()
    assert prompt.created_by is None
