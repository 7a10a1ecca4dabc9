"""The doors of assistants: what everybody sees, what admins change, and on one page."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Group, User
from chat import services as chat_services
from chat.assistants import services
from chat.assistants.models import Assistant
from chat.assistants.queries import usable_by
from chat.models import Session
from chat.opening import SQL
from core.errors import Forbidden
from core.ids import new_id
from documents.collections import personal_collection
from documents.models import Collection
from llm.models import LanguageModel, Provider
from prompts import services as prompts

pytestmark = pytest.mark.django_db
PATH = "/api/v1/assistants"


@pytest.fixture
def model() -> LanguageModel:
    provider = Provider.objects.create(kind="builtin", name="Built in")
    return LanguageModel.objects.create(
        provider=provider, name="quotes", display_name="Quotes", context_window=8000
    )


@pytest.fixture
def tutor(admin: User, alice: User, model: LanguageModel) -> Assistant:
    group = Group.objects.create(name="Biology")
    group.memberships.create(user=alice)
    mine = Collection.objects.create(name="Cells")
    mine.groups.add(group)
    hidden = Collection.objects.create(name="Exam questions")
    prompt = prompts.create_prompt(actor=admin, name="Socratic", content="Never tell.")
    return services.create_assistant(
        actor=admin,
        name="Cell tutor",
        description="About cells",
        model_id=model.pk,
        prompt_id=prompt.pk,
        collections=[mine.pk, hidden.pk],
        tools=["document_search"],
        groups=[group.pk],
    )


def test_a_student_learns_no_more_than_may_be_known(
    api: Any, alice: User, bob: User, admin: User, tutor: Assistant
) -> None:
    """Open WebUI CVE-2026-45351: prompts of the system shown to ordinary users."""
    shown = api(alice).get(PATH).json()
    assert (shown["total"], shown["page"], shown["page_size"]) == (1, 1, 20)
    (row,) = shown["assistants"]
    assert row["name"] == "Cell tutor" and row["model"]["name"] == "Quotes"
    assert [one["name"] for one in row["collections"]] == ["Cells"]
    assert not {"prompt_id", "groups", "users", "fallbacks", "problems"} & row.keys()
    one = api(alice).get(f"{PATH}/{tutor.pk}").json()
    assert one == row
    for secret in ("Exam questions", "Socratic", "Never tell", str(tutor.prompt_id), "Biology"):
        assert secret not in str(shown)
    assert api(bob).get(PATH).json()["total"] == 0
    assert api(bob).get(f"{PATH}/{tutor.pk}").status_code == 404
    config = api(alice).get("/api/v1/chat/config").json()["assistants"]
    assert config == [
        {"id": str(tutor.pk), "name": "Cell tutor", "description": "About cells", "note": ""}
    ]
    assert api(bob).get("/api/v1/chat/config").json()["assistants"] == []
    full = api(admin).get(f"{PATH}/{tutor.pk}").json()
    assert [one["name"] for one in full["collections"]] == ["Cells", "Exam questions"]
    assert full["groups"][0]["name"] == "Biology" and full["version"] == 1
    assert any("Exam questions" in sentence for sentence in full["problems"])


def test_a_session_by_the_api(api: Any, alice: User, bob: User, tutor: Assistant) -> None:
    body = {"assistant_id": str(tutor.pk)}
    refused = api(bob).post("/api/v1/chat/sessions", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_assistant")
    unknown = api(bob).post("/api/v1/chat/sessions", {"assistant_id": str(new_id())})
    assert unknown.json()["detail"] == refused.json()["detail"]
    made = api(alice).post("/api/v1/chat/sessions", body).json()
    assert made["assistant_id"] == str(tutor.pk)
    shown = api(alice).get(f"/api/v1/chat/sessions/{made['id']}").json()
    named = {"id": str(tutor.pk), "name": "Cell tutor", "version": 1}
    assert shown["assistant"] == {**named, "note": ""}
    alice.memberships.all().delete()
    shown = api(alice).get(f"/api/v1/chat/sessions/{made['id']}").json()
    assert "not open to you any more" in shown["assistant"]["note"]


@pytest.mark.parametrize("body", [{}, None])
def test_who_may_ask_changes_only_by_what_is_sent(
    api: Any, admin: User, tutor: Assistant, body: object
) -> None:
    answer = api(admin).post(f"{PATH}/{tutor.pk}/access", body, content_type="application/json")
    assert answer.status_code == 422 and "at least one" in answer.json()["detail"]


@pytest.mark.parametrize("field", ["model_id", "prompt_id", "fallbacks", "collections", "groups"])
def test_ids_of_what_is_not_there_are_refused(
    api: Any, admin: User, tutor: Assistant, field: str
) -> None:
    value: Any = str(new_id())
    body = {field: value if field.endswith("_id") else [value]}
    door = f"{PATH}/{tutor.pk}" if field != "groups" else f"{PATH}/{tutor.pk}/access"
    ask = api(admin).patch if field != "groups" else api(admin).post
    answer = ask(door, body, content_type="application/json")
    assert answer.status_code == 422 and "unknown" in answer.json()["code"]
    tutor.refresh_from_db()
    assert tutor.version == 1


def test_what_is_somebodys_own_is_not_given_to_many(
    api: Any, alice: User, admin: User, tutor: Assistant
) -> None:
    own = str(personal_collection(alice).pk)
    answer = api(admin).patch(
        f"{PATH}/{tutor.pk}", {"collections": [own]}, content_type="application/json"
    )
    assert answer.json()["code"] == "not_shareable"
    for body in ({"fallbacks": [str(tutor.model_id)]}, {"tools": ["shell"]}, {"version": 1}, {}):
        answer = api(admin).patch(f"{PATH}/{tutor.pk}", body, content_type="application/json")
        assert answer.status_code == 422, body


def test_a_stale_version_is_refused(api: Any, admin: User, tutor: Assistant) -> None:
    client = api(admin)
    first = client.patch(
        f"{PATH}/{tutor.pk}",
        {"description": "New", "version": 1},
        content_type="application/json",
    )
    assert first.json()["version"] == 2
    late = client.patch(
        f"{PATH}/{tutor.pk}", {"name": "Late", "version": 1}, content_type="application/json"
    )
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    taken = client.post(PATH, {"name": "CELL tutor"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


def test_opening_it_can_open_its_collections(
    api: Any, bob: User, admin: User, tutor: Assistant
) -> None:
    group = Group.objects.create(name="Chemistry")
    group.memberships.create(user=bob)
    before = set(Collection.objects.get(name="Cells").groups.all())
    body = {"groups": [str(group.pk)], "users": [bob.email], "open_collections": True}
    shown = api(admin).post(f"{PATH}/{tutor.pk}/access", body).json()
    assert shown["problems"] == []
    for name in ("Cells", "Exam questions"):
        found = Collection.objects.get(name=name)
        assert group in found.groups.all() and found.shares.get().user == bob
    assert before < set(Collection.objects.get(name="Cells").groups.all())
    assert [one.pk for one in usable_by(bob)] == [tutor.pk]
    people = api(admin).get(f"{PATH}/{tutor.pk}/people").json()
    assert [row["email"] for row in people["users"]] == [bob.email]
    unknown = api(admin).post(f"{PATH}/{tutor.pk}/access", {"users": ["who@example.org"]})
    assert unknown.json()["code"] == "unknown_people"


def test_statistics(api: Any, alice: User, admin: User, tutor: Assistant) -> None:
    client = api(admin)
    shown = client.get(f"{PATH}/{tutor.pk}/stats").json()
    nothing = {"users": 0, "may_ask": 1, "documents": 0, "chats": 0, "messages": 0}
    assert shown == {**nothing, "last_used_at": None}
    session = chat_services.create_session(actor=alice, assistant_id=tutor.pk)
    for _ in range(2):
        generation = chat_services.post_message(actor=alice, session_id=session.pk, text="Why?")
        type(generation).objects.update(status="complete")
    chat_services.create_session(actor=alice, assistant_id=tutor.pk)  # nothing was asked in it
    shown = client.get(f"{PATH}/{tutor.pk}/stats").json()
    assert (shown["users"], shown["chats"], shown["messages"]) == (1, 1, 2)
    assert shown["last_used_at"] is not None


def test_what_is_gone_is_told(
    api: Any, alice: User, admin: User, tutor: Assistant, model: LanguageModel
) -> None:
    assert tutor.prompt_id is not None
    prompts.delete_prompt(actor=admin, prompt_id=tutor.prompt_id)
    Collection.objects.all().delete()
    model.delete()
    told = " ".join(api(admin).get(f"{PATH}/{tutor.pk}").json()["problems"])
    for name in ("“Quotes” was deleted", "“Socratic” is archived", "“Cells” was deleted"):
        assert name in told
    (row,) = api(alice).get(PATH).json()["assistants"]
    assert "cannot be asked" in row["note"] and row["model"] is None
    # Another change is possible all the same.
    answer = api(admin).patch(
        f"{PATH}/{tutor.pk}", {"description": "x"}, content_type="application/json"
    )
    assert [one["name"] for one in answer.json()["collections"]] == ["Cells", "Exam questions"]


def test_both_rules_of_access_agree(
    alice: User, bob: User, charlie: User, admin: User, deactivated: User, tutor: Assistant
) -> None:
    """The one in Python, and the one in the statement that opens a turn."""
    assert "chat_may_ask" in SQL
    services.set_access(actor=admin, assistant_id=tutor.pk, users=[bob.email])
    versions = tutor.versions.get()
    for user in (alice, bob, charlie, admin):
        session = Session.objects.create(
            user=user, assistant=tutor, assistant_version=versions, title="x"
        )
        usable = usable_by(user).exists()
        try:
            chat_services.post_once(actor=user, session_id=session.pk, text="Why?")
            opened = True
        except Forbidden:
            opened = False
        assert usable == opened == (user != charlie)
    assert not usable_by(deactivated).exists()


def page_fields(tutor: Assistant, page: Client) -> dict[str, Any]:
    """What the form of the page would send as it stands."""
    form = page.get(f"/admin/chat/assistant/{tutor.pk}/change/").context["adminform"].form
    sent = {}
    for bound in form:
        value = bound.value()
        if value not in (None, False, ""):
            sent[bound.name] = value
    sent["groups"] = [group.pk for group in tutor.groups.all()]
    sent["users"] = [user.pk for user in tutor.users.all()]
    return sent


def test_on_one_page(admin: User, bob: User, tutor: Assistant, model: LanguageModel) -> None:
    page = Client()
    page.force_login(admin)
    new = {
        "name": "Algebra",
        "is_active": "on",
        "everything": "on",
        "chosen_tools": ["document_search"],
        "users": [bob.pk],
    }
    answer = page.post("/admin/chat/assistant/add/", new)
    assert answer.status_code == 302
    made = Assistant.objects.get(name="Algebra")
    assert (made.version, made.created_by, made.collections) == (1, admin, [])
    assert list(made.users.all()) == [bob]
    address = f"/admin/chat/assistant/{tutor.pk}/change/"
    shown = page.get(address).content.decode()
    for part in ("Exam questions", "Alice (alice@example.org)", "1 person, and every admin"):
        assert part in shown
    sent = page_fields(tutor, page)
    answer = page.post(address, {**sent, "description": "Other"})
    assert answer.status_code == 302
    tutor.refresh_from_db()
    assert (tutor.description, tutor.version) == ("Other", 2)
    late = page.post(address, {**sent, "description": "Late"})
    assert "Somebody else has changed" in late.content.decode()
    # All it searched is gone: it does not search everything for that.
    Collection.objects.all().delete()
    sent = page_fields(tutor, page)
    assert page.post(address, {**sent, "description": "Still"}).status_code == 302
    tutor.refresh_from_db()
    assert len(tutor.collections) == 2
    nothing = {**page_fields(tutor, page), "chosen_collections": []}
    assert "Choose collections" in page.post(address, nothing).content.decode()


def test_the_page_deletes_and_archives(alice: User, admin: User, tutor: Assistant) -> None:
    page = Client()
    page.force_login(admin)
    chat_services.create_session(actor=alice, assistant_id=tutor.pk)
    page.post(f"/admin/chat/assistant/{tutor.pk}/delete/", {"post": "yes"})
    tutor.refresh_from_db()
    assert tutor.archived_at is not None
    assert page.get(f"/admin/chat/assistant/{tutor.pk}/change/").status_code == 200
    assert page.get("/admin/chat/assistant/").status_code == 200


@pytest.fixture
def archived(alice: User, admin: User, tutor: Assistant) -> Assistant:
    chat_services.create_session(actor=alice, assistant_id=tutor.pk)
    services.delete_assistant(actor=admin, assistant_id=tutor.pk)
    tutor.refresh_from_db()
    assert tutor.archived_at is not None
    return tutor


def test_an_archived_one_comes_back_by_the_api(
    api: Any, alice: User, admin: User, archived: Assistant
) -> None:
    one = f"{PATH}/{archived.pk}"
    assert api(admin).get(PATH).json()["total"] == 0
    (row,) = api(admin).get(PATH, {"archived": "true"}).json()["assistants"]
    assert row["archived_at"] and api(admin).get(one).json()["archived_at"]
    assert api(alice).get(PATH, {"archived": "any"}).json()["total"] == 0
    assert api(alice).get(one).status_code == 404
    assert api(alice).post(f"{one}/unarchive").status_code == 403
    back = api(admin).post(f"{one}/unarchive")
    assert (back.status_code, back.json()["archived_at"]) == (200, None)
    assert api(admin).post(f"{one}/unarchive").status_code == 200
    assert api(alice).get(one).status_code == 200
    assert api(admin).get(PATH, {"archived": "maybe"}).status_code == 422
    assert api(admin).post(f"{PATH}/{new_id()}/unarchive").status_code == 404


def test_it_does_not_come_back_to_a_name_that_is_taken(
    api: Any, admin: User, archived: Assistant
) -> None:
    services.create_assistant(actor=admin, name="CELL tutor", tools=[])
    answer = api(admin).post(f"{PATH}/{archived.pk}/unarchive")
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    page = Client()
    page.force_login(admin)
    chosen = {"action": "unarchive", "_selected_action": archived.pk}
    told = page.post("/admin/chat/assistant/", chosen, follow=True).content.decode()
    assert "There is an assistant with this name already" in told
    archived.refresh_from_db()
    assert archived.archived_at is not None


def test_an_archived_one_comes_back_by_the_page(admin: User, archived: Assistant) -> None:
    page = Client()
    page.force_login(admin)
    shown = page.get(f"/admin/chat/assistant/{archived.pk}/change/").content.decode()
    assert "Take out of the archive" in shown
    chosen = {"action": "unarchive", "_selected_action": archived.pk}
    told = page.post("/admin/chat/assistant/", chosen, follow=True).content.decode()
    assert "1 assistant is out of the archive." in told
    archived.refresh_from_db()
    assert archived.archived_at is None
