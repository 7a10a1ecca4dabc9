"""Actions of the admin that ask for one thing more: documents move, people join a class."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Group
from chat.models import Feedback
from documents.collections import create_collection
from documents.models import Document
from tests.world import SECRET, build


@pytest.fixture
def client(superadmin):
    client = Client()
    client.force_login(superadmin)
    return client


def ask(client, name, action, rows, **given):
    address = reverse(f"admin:{name}_changelist")
    sent = {"action": action, "_selected_action": [str(row.pk) for row in rows], **given}
    return client.post(address, sent, follow=True)


def test_documents_move_to_the_collection_that_is_chosen(client, superadmin, alice):
    document = Document.objects.get(pk=build(alice).document.pk)
    target = create_collection(actor=superadmin, name="Zoology")
    asked = ask(client, "documents_document", "move", [document])
    assert str(document.pk) in asked.text
    assert str(target.pk) in asked.text
    document.refresh_from_db()
    assert document.collection_id != target.pk  # asking moves nothing
    done = ask(client, "documents_document", "move", [document], chosen=str(target.pk))
    document.refresh_from_db()
    assert document.collection_id == target.pk
    assert "1 document is moved." in done.text


def test_somebodys_own_documents_are_no_place_to_move_to(client, alice, bob):
    document = build(alice).document
    own = document.collection
    ask(client, "documents_document", "move", [document], chosen="not-an-id")
    answer = ask(client, "documents_document", "move", [document])
    offered = answer.context["form"].fields["chosen"].queryset
    assert own not in offered


def test_people_join_a_group_once(client, alice, bob):
    group = Group.objects.create(name="Biologi 2A")
    group.memberships.create(user=alice)
    asked = ask(client, "accounts_user", "add_to_group", [alice, bob])
    assert "2 rows are chosen" in asked.text
    done = ask(client, "accounts_user", "add_to_group", [alice, bob], chosen=str(group.pk))
    assert "1 person added to Biologi 2A." in done.text
    assert set(group.memberships.values_list("user", flat=True)) == {alice.pk, bob.pk}


def test_all_rows_stay_all_rows_of_the_filter(client, superadmin, alice, bob):
    group = Group.objects.create(name="Biologi 2A")
    address = reverse("admin:accounts_user_changelist") + f"?q={alice.email}"
    sent = {"action": "add_to_group", "_selected_action": [str(alice.pk)], "select_across": "1"}
    asked = client.post(address, sent)
    assert f"q={alice.email}" in asked.context["request"].get_full_path()
    client.post(address, {**sent, "chosen": str(group.pk)})
    assert list(group.memberships.values_list("user", flat=True)) == [alice.pk]


def test_a_row_tells_its_columns_on_a_narrow_screen(client, alice):
    page = client.get(reverse("admin:accounts_user_changelist")).text
    assert 'data-label="Email address"' in page
    assert 'data-label="&lt;' not in page  # the box that selects a row has no heading


def test_an_empty_list_says_so(client):
    listed = reverse("admin:chat_feedback_changelist")
    assert "Nothing here yet." in client.get(listed).text
    assert "Nothing here fits" in client.get(listed, {"q": "no such words"}).text


def test_chats_are_completed_many_at_a_time(client, alice):
    session = build(alice).session
    done = ask(client, "chat_session", "complete", [session])
    session.refresh_from_db()
    assert session.status == "COMPLETED"
    assert session.ended_at
    assert "1 chat completed." in done.text
    assert "0 chats completed." in ask(client, "chat_session", "complete", [session]).text


def test_feedback_is_taken_along_without_who_gave_it(client, alice):
    message = build(alice).message
    feedback = Feedback.objects.create(message=message, value=-1, reason="The wrong page")
    table = ask(client, "chat_feedback", "export_csv", [feedback]).text
    assert "The wrong page" in table
    assert alice.email not in table
    assert SECRET not in table
    assert message.session.title in client.get(reverse("admin:chat_feedback_changelist")).text
