"""What the model is told."""

from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.context import RULES, conversation, system_prompt
from chat.models import Message
from core.errors import Invalid
from llm.models import LanguageModel, Provider
from prompts.models import Prompt

pytestmark = pytest.mark.django_db


def said(role: str, content: str) -> Message:
    return Message(role=role, content=content)


def test_all_prompt_fields_reach_the_model(alice: User) -> None:
    prompt = Prompt.objects.create(
        name="Tutor",
        content="You tutor.",
        persona="From the prompt",
        task="Explain",
        is_active=True,
    )
    session = services.create_session(
        actor=alice,
        prompt_id=prompt.pk,
        prompt_general="Be brief.",
        persona="A patient teacher",
        mission_objective="Pass the exam",
    )
    text = system_prompt(session)
    order = ["You tutor.", "Be brief.", "Explain", "A patient teacher", "Pass the exam", RULES]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "From the prompt" not in text


def test_braces_and_templates_in_prompts_stay_literal(alice: User) -> None:
    text = "{0.__class__} {{7*7}} ${SECRET_KEY} {% debug %}"
    session = services.create_session(actor=alice, prompt_general=text)
    assert text in system_prompt(session)


def test_the_creation_log_names_the_configuration_without_any_text(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="chat.beginning"):
        services.create_session(actor=alice, persona="secret persona", title="secret title")
    assert "'persona': 14" in caplog.text
    assert "secret" not in caplog.text


def test_old_marks_are_removed_and_sides_alternate() -> None:
    told = conversation(
        [
            said("user", "First"),
            said("assistant", "Answer [1]."),
            said("user", "Second, never answered"),
            said("assistant", ""),
            said("user", "Third"),
        ],
        8000,
    ).messages
    assert [(message.role, message.text) for message in told] == [
        ("user", "First"),
        ("assistant", "Answer."),
        ("user", "Second, never answered\n\nThird"),
    ]


def long_talk(count: int) -> list[Message]:
    sides = ("user", "assistant")
    return [
        Message(role=sides[n % 2], content=f"{n + 1} " + "x" * 900, position=n + 1)
        for n in range(count)
    ]


def test_the_oldest_messages_are_left_out_whole() -> None:
    fitted = conversation(long_talk(41), 9000)
    assert fitted.left_out
    assert fitted.messages[-1].text.startswith("41 ")
    assert 1 < len(fitted.messages) < 41
    assert all(len(message.text) > 900 for message in fitted.messages)


def test_a_summary_stands_for_what_does_not_fit() -> None:
    fitted = conversation(long_talk(41), 9000, summary="They spoke of leaves.", summarised=36)
    told = fitted.messages
    assert not fitted.left_out
    assert "They spoke of leaves." in told[0].text and told[0].role == "user"
    assert [message.text.strip("x ")[:2] for message in told[1:]] == ["38", "39", "40", "41"]
    short = conversation(long_talk(3), 9000, summary="Unused.", summarised=1)
    assert "Unused." not in short.messages[0].text


def test_a_question_longer_than_the_window_is_still_asked() -> None:
    assert len(conversation([said("user", "y" * 90_000)], 4000).messages) == 1


def test_a_question_the_model_cannot_hold_is_refused_with_a_sentence(alice: User) -> None:
    provider = Provider.objects.create(kind="builtin", name="Built in")
    LanguageModel.objects.create(
        provider=provider, name="small", display_name="Small", context_window=1000
    )
    session = services.create_session(actor=alice)
    with pytest.raises(Invalid) as refused:
        services.post_message(actor=alice, session_id=session.pk, text="word " * 2000)
    assert refused.value.code == "message_too_long" and "Small" in str(refused.value.message)
    assert not session.messages.exists()


@pytest.mark.parametrize(
    ("text", "title"),
    [("Why?", "Why?"), ("a " * 60, ("a " * 30).strip() + "…"), ("x" * 80, "x" * 60 + "…")],
)
def test_titles_are_the_question_cut_at_a_word(text: str, title: str, db: Any) -> None:
    assert services.make_title(text) == title
