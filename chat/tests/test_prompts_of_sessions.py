"""Which prompts a chat may be begun with: the active one, those of open assistants; admins any."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.assistants import services as assistants
from chat.models import Session
from core.ids import new_id
from prompts import services
from prompts.models import Prompt

pytestmark = pytest.mark.django_db
Api = Callable[..., Any]
SESSIONS = "/api/v1/chat/sessions"


@pytest.fixture
def active(admin: User) -> Prompt:
    made = services.create_prompt(actor=admin, name="Now", content="Explain.")
    return services.activate_prompt(actor=admin, prompt_id=made.pk)


@pytest.fixture
def draft(admin: User, active: Prompt) -> Prompt:
    return services.create_prompt(actor=admin, name="Exam draft", content="Do not tell.")


def begin(client: Any, prompt: Any) -> Any:
    return client.post(SESSIONS, {"prompt_id": str(prompt)})


def test_the_active_prompt_is_everybodys(alice: User, api: Api, active: Prompt) -> None:
    assert begin(api(alice), active.pk).status_code == 201
    assert Session.objects.get().prompt == active


def test_a_prompt_that_is_not_active_is_as_one_that_is_not_there(
    alice: User, api: Api, draft: Prompt
) -> None:
    answers = [begin(api(alice), one).json() for one in (draft.pk, new_id())]
    assert answers[0] == answers[1]
    assert (answers[0]["status"], answers[0]["code"]) == (422, "unknown_prompt")
    assert not Session.objects.exists()


def test_an_admin_tries_any_that_is_not_archived(admin: User, api: Api, draft: Prompt) -> None:
    assert begin(api(admin), draft.pk).status_code == 201
    services.delete_prompt(actor=admin, prompt_id=draft.pk)
    assert begin(api(admin), draft.pk).status_code == 422


def test_an_assistant_opens_its_prompt_to_whom_it_is_open(
    alice: User, bob: User, charlie: User, admin: User, api: Api, draft: Prompt
) -> None:
    tutor = assistants.create_assistant(
        actor=admin, name="Tutor", prompt_id=draft.pk, tools=[], users=[alice.email]
    )
    assert begin(api(alice), draft.pk).status_code == 201
    assert begin(api(bob), draft.pk).status_code == 422
    assert begin(api(charlie), draft.pk).status_code == 422
    assistants.update_assistant(actor=admin, assistant_id=tutor.pk, is_active=False)
    assert begin(api(alice), draft.pk).status_code == 422
