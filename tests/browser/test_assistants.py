"""Choosing an assistant, holding a chat with it, and losing it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.assistants import services
from chat.assistants.models import Assistant
from core.testing import person
from llm.models import LanguageModel
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]


@pytest.fixture
def tutor(product: str) -> Assistant:
    model = LanguageModel.objects.get()
    return services.create_assistant(
        actor=person("admin", role="admin"),
        name="Cell tutor",
        description="Asks back instead of telling.",
        model_id=model.pk,
        tools=["document_search"],
        is_open=True,
    )


def chosen(page: Any) -> str:
    return str(page.eval_on_selector("#model", "select => select.selectedOptions[0]?.text"))


def test_a_chat_begins_with_an_assistant_and_stays_with_it(
    tutor: Assistant, alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    assert page.locator("#model optgroup").first.get_attribute("label") == "Assistants"
    # Nothing is chosen for a reader: a new chat begins with the first model.
    soon(lambda: chosen(page), "Quotes")
    page.wait_for_selector("#assistant", state="hidden")
    page.select_option("#model", label="Cell tutor")
    page.wait_for_selector("#assistant >> text=Asks back instead of telling.")
    play(["What do you think?"])
    window.ask("What is a cell?")
    assert "What do you think?" in window.answered()
    assert Assistant.objects.get(sessions__user__email="alice@example.org") == tutor
    page.wait_for_selector("#model:disabled")
    page.reload()
    page.wait_for_selector("#model:disabled")
    soon(lambda: chosen(page), "Cell tutor")
    # It was chosen last, and can be changed again in a new chat.
    page.click("[data-new-chat]")
    page.wait_for_selector("#model:enabled")
    soon(lambda: chosen(page), "Cell tutor")
    page.select_option("#model", label="Quotes")
    page.wait_for_selector("#assistant", state="hidden")
    play(["A quote."])
    window.ask("What is a cell?")
    assert "A quote." in window.answered()
    page.wait_for_selector("#model option[value^=assistant]:disabled", state="attached")
    page.wait_for_selector("#model:enabled")
    window.clean()


def test_a_chat_whose_assistant_was_closed_says_so(
    tutor: Assistant, alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    page.select_option("#model", label="Cell tutor")
    play(["What do you think?"])
    window.ask("What is a cell?")
    window.answered()
    admin = User.objects.get(email="admin@example.org")
    services.set_access(actor=admin, assistant_id=tutor.pk, is_open=False)
    window.ask("And now?")
    page.wait_for_selector("#connection >> text=not open to you any more")
    soon(lambda: page.input_value("#say"), "And now?")
    page.reload()
    page.wait_for_selector("#connection >> text=not open to you any more")
    soon(lambda: chosen(page), "Cell tutor")
    page.click("[data-new-chat]")
    page.wait_for_selector("#model:enabled")
    window.has("#model optgroup", 0)
    soon(lambda: chosen(page), "Quotes")
    window.clean()
