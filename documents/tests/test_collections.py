"""Who reads which collection, who may say so, and what ends with a right."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Group
from accounts.services import set_active
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.testing import person
from documents import collections, queries, quota, services
from documents.ingest import pipeline
from documents.models import Chunk, ChunkVector, Collection, Document, Posting, Share
from documents.tests.pdfs import make_pdf

PDF = make_pdf(["Lontar leaves."])
URL = "/api/v1/collections"


@pytest.fixture
def course(alice: Any, upload: Any) -> Collection:
    """alice's collection with one file."""
    made = collections.create_collection(actor=alice, name="Kelas A")
    upload(alice, PDF, collection=made)
    return made


def reads(user: Any, collection: Collection) -> bool:
    """Asked of the collection, of its file and of what a search goes through: they agree."""
    user.refresh_from_db()
    answers = {
        Collection.objects.visible_to(user).filter(pk=collection.pk).exists(),
        Collection.objects.meant_for(user).filter(pk=collection.pk).exists(),
        Document.objects.visible_to(user).filter(collection=collection).exists(),
        Document.objects.meant_for(user).filter(collection=collection).exists(),
    }
    assert len(answers) == 1
    return answers.pop()


def test_what_is_not_shared_is_its_owners_alone(
    alice: Any, bob: Any, charlie: Any, course: Collection
) -> None:
    assert reads(alice, course)
    assert not reads(bob, course) and not reads(charlie, course)


def test_a_person_reads_until_the_share_is_withdrawn(
    alice: Any, bob: Any, charlie: Any, course: Collection
) -> None:
    change = {"actor": alice, "collection_id": course.pk}
    collections.update_collection(**change, users=["BOB@example.org "])
    assert reads(bob, course) and not reads(charlie, course)
    with pytest.raises(Forbidden):
        collections.update_collection(actor=bob, collection_id=course.pk, name="Mine")
    with pytest.raises(NotFound):
        collections.update_collection(actor=charlie, collection_id=course.pk, name="Mine")
    collections.update_collection(**change, users=[])
    assert not reads(bob, course)


def test_members_of_a_group_read_until_they_leave_it(
    admin: Any, bob: Any, charlie: Any, course: Collection
) -> None:
    group = Group.objects.create(name="Biologi 7A")
    mine = group.memberships.create(user=bob)
    collections.update_collection(actor=admin, collection_id=course.pk, groups=[group.pk])
    assert reads(bob, course) and not reads(charlie, course)
    mine.delete()
    assert not reads(bob, course)
    group.memberships.create(user=bob)
    collections.update_collection(actor=admin, collection_id=course.pk, groups=[])
    assert not reads(bob, course)


def test_whoever_is_switched_off_reads_nothing(
    admin: Any, alice: Any, bob: Any, course: Collection
) -> None:
    collections.update_collection(actor=alice, collection_id=course.pk, users=[bob.email])
    Collection.objects.create(name="Open", is_open=True)
    set_active(actor=admin, user=bob, active=False)
    assert not reads(bob, course)
    assert not Collection.objects.visible_to(bob).exists()


def test_what_was_shared_can_be_given_back(alice: Any, bob: Any, api: Any, course: Any) -> None:
    collections.update_collection(actor=alice, collection_id=course.pk, users=[bob.email])
    assert api(bob).post(f"{URL}/{course.pk}/leave").status_code == 204
    assert not reads(bob, course)
    assert api(bob).post(f"{URL}/{course.pk}/leave").status_code == 404
    assert api(alice).post(f"{URL}/{course.pk}/leave").status_code == 204
    assert reads(alice, course)


def test_sharing_does_not_tell_who_has_an_account(
    alice: Any, bob: Any, api: Any, course: Collection
) -> None:
    client, answers = api(alice), []
    for email in (bob.email, "nobody@example.org"):
        answer = client.patch(f"{URL}/{course.pk}", {"users": [email]}, "application/json")
        again = client.get(f"{URL}/{course.pk}")
        assert answer.status_code == again.status_code == 200
        answers.append(tuple(one.content.replace(email.encode(), b"?") for one in (answer, again)))
    assert answers[0] == answers[1]
    assert answers[0][0] == answers[0][1]


def test_an_address_is_looked_up_again_when_it_is_sent_again(
    alice: Any, course: Collection
) -> None:
    change = {"actor": alice, "collection_id": course.pk, "users": ["late@example.org"]}
    collections.update_collection(**change)
    late = person("late")
    # Whoever signs up with an address nobody checked gets nothing that was meant for its owner.
    assert not reads(late, course)
    collections.update_collection(**change)
    assert reads(late, course)
    assert Share.objects.count() == 1


def test_groups_are_for_those_who_may(alice: Any, api: Any, course: Any, settings: Any) -> None:
    own, other = (Group.objects.create(name=name) for name in ("7A", "7B"))
    own.memberships.create(user=alice)
    path, client = f"{URL}/{course.pk}", api(alice)

    def share(*groups: Group) -> Any:
        ids = [str(group.pk) for group in groups]
        return client.patch(path, {"groups": ids}, "application/json")

    assert (share(own).status_code, share(own).json()["code"]) == (403, "sharing_off")
    settings.STUDENT_SHARING = "groups"
    assert share(own).json()["groups"] == [{"id": str(own.pk), "name": "7A"}]
    assert client.get("/api/v1/auth/me").json()["groups"] == [{"id": str(own.pk), "name": "7A"}]
    unknown = client.patch(path, {"groups": [str(alice.pk)]}, "application/json")
    assert share(other).status_code == unknown.status_code == 422
    assert share(other).content == unknown.content
    settings.STUDENT_SHARING = "none"
    assert share(own).status_code == 200  # it was there before
    assert share().json()["groups"] == []
    refused = client.patch(path, {"users": ["bob@example.org"]}, "application/json")
    assert refused.status_code == 403


def test_ones_own_documents_are_not_shared_as_a_whole(alice: Any) -> None:
    mine = collections.personal_collection(alice)
    with pytest.raises(Conflict):
        collections.update_collection(actor=alice, collection_id=mine.pk, users=["bob@example.org"])


def test_readers_are_not_told_who_else_reads(
    alice: Any, bob: Any, charlie: Any, admin: Any, api: Any, course: Collection
) -> None:
    both = [bob.email, charlie.email]
    collections.update_collection(actor=alice, collection_id=course.pk, users=both)
    body = api(bob).get(f"{URL}/{course.pk}").json()
    assert (body["users"], body["groups"], body["can_change"]) == ([], [], False)
    assert body["owner_name"] == "Alice"
    assert api(alice).get(f"{URL}/{course.pk}").json()["users"] == [{"email": e} for e in both]
    told = api(admin).get(f"{URL}/{course.pk}").json()["users"]
    assert told[0] == {"email": bob.email, "id": str(bob.pk), "full_name": "Bob"}


@pytest.mark.parametrize(
    "body",
    [
        {"users": "bob@example.org"},
        {"users": ["no address"]},
        {"users": [{"$ne": 1}]},
        {"groups": ["7A"]},
        {"name": "a\nb"},
        {"name": " "},
        {},
    ],
)
def test_bad_changes_get_a_sentence(alice: Any, api: Any, course: Any, body: Any) -> None:
    answer = api(alice).patch(f"{URL}/{course.pk}", body, "application/json")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_collection_is_made_with_its_readers_in_one_request(
    alice: Any, bob: Any, api: Any
) -> None:
    made = api(alice).post(URL, {"name": "Kelas B", "users": [bob.email]})
    assert made.status_code == 201
    assert Collection.objects.meant_for(bob).get().name == "Kelas B"
    refused = api(alice).post(URL, {"name": "Kelas C", "is_open": True})
    assert refused.status_code == 403
    assert not Collection.objects.filter(name="Kelas C").exists()


def test_lists_are_paged_searched_and_without_chats(alice: Any, bob: Any, api: Any) -> None:
    for name in ("Biologi", "Fisika", "Kimia"):
        collections.create_collection(actor=alice, name=name)
    Collection.objects.create(name="A chat", owner=alice, kind="chat")
    body = api(alice).get(f"{URL}?limit=2").json()
    assert (body["total"], body["page"], body["page_size"]) == (3, 1, 2)
    assert [row["name"] for row in body["collections"]] == ["Biologi", "Fisika"]
    found = api(alice).get(f"{URL}?search=fis").json()["collections"]
    assert [row["name"] for row in found] == ["Fisika"]
    assert api(alice).get(f"{URL}?kind=chat").json()["total"] == 1
    assert api(bob).get(URL).json()["total"] == 0
    assert api(alice).get(f"{URL}?kind=x").status_code == 422


def test_its_files_are_listed_to_its_readers(
    alice: Any, bob: Any, api: Any, upload: Any, course: Collection
) -> None:
    upload(alice, PDF + b" ", "elsewhere.pdf")
    body = api(alice).get(f"{URL}/{course.pk}/files").json()
    assert (body["total"], body["files"][0]["original_filename"]) == (1, "file.pdf")
    assert api(bob).get(f"{URL}/{course.pk}/files").status_code == 404


def test_a_reader_adds_no_files(alice: Any, bob: Any, api: Any, course: Collection) -> None:
    collections.update_collection(actor=alice, collection_id=course.pk, users=[bob.email])
    form = {"file": SimpleUploadedFile("b.pdf", PDF + b"  ")}
    assert Client.post(api(bob), f"{URL}/{course.pk}/files", form).status_code == 403


def test_deleting_asks_what_becomes_of_the_files(
    alice: Any, admin: Any, api: Any, upload: Any, course: Collection
) -> None:
    upload(admin, PDF + b" by a lecturer", collection=course)
    path = f"{URL}/{course.pk}"
    asked = api(alice).delete(path)
    assert (asked.status_code, asked.json()["documents"]) == (409, 2)
    assert "documents=keep" in asked.json()["detail"]
    assert api(alice).delete(f"{path}?documents=perhaps").status_code == 422
    assert api(alice).delete(f"{path}?documents=keep").status_code == 204
    kept = {document.owner: document.collection for document in Document.objects.all()}
    # Each goes back to whoever brought it, so nobody comes to read what nobody gave them.
    assert kept[alice].kind == kept[admin].kind == "personal"
    assert kept[admin].owner == admin


def test_deleting_with_its_files_leaves_nothing(alice: Any, api: Any, course: Any) -> None:
    assert api(alice).delete(f"{URL}/{course.pk}?documents=delete").status_code == 204
    assert not Document.objects.exists()


def test_a_document_moves_with_all_that_was_read_from_it(
    alice: Any, bob: Any, api: Any, ingest: Any
) -> None:
    document = ingest(alice, PDF)
    target = collections.create_collection(actor=alice, name="Shared", users=[bob.email])
    path = f"/api/v1/files/{document.pk}"
    assert api(bob).get(path).status_code == 404
    body = {"collection_id": str(target.pk)}
    answer = api(alice).patch(path, body, "application/json")
    assert (answer.status_code, answer.json()["collection_id"]) == (200, str(target.pk))
    for model in (Document, Chunk, ChunkVector, Posting):
        rows = model.objects.all()
        assert rows.exists()
        assert set(rows.values_list("collection_id", flat=True)) == {target.pk}
    assert api(bob).get(path).status_code == 200
    assert api(bob).patch(path, body, "application/json").status_code == 403


def test_a_move_while_the_file_is_read_is_not_forgotten(
    alice: Any, upload: Any, embedder: Any, monkeypatch: Any
) -> None:
    document = upload(alice, PDF)
    target = collections.create_collection(actor=alice, name="Shared")
    store = pipeline.store

    def moved_first(lease: Any, read: Document, reading: Any) -> None:
        services.move(actor=alice, document_id=document.pk, collection_id=target.pk)
        store(lease, read, reading)

    monkeypatch.setattr(pipeline, "store", moved_first)
    pipeline.run(document.id)
    for model in (Document, Chunk, ChunkVector, Posting):
        assert {row.collection_id for row in model.objects.all()} == {target.pk}


def test_a_document_moves_only_where_its_owner_may_write(
    alice: Any, bob: Any, upload: Any, course: Collection
) -> None:
    document = upload(alice, PDF)
    his = collections.create_collection(actor=bob, name="His")
    with pytest.raises(NotFound):
        services.move(actor=alice, document_id=document.pk, collection_id=his.pk)
    collections.update_collection(actor=bob, collection_id=his.pk, users=[alice.email])
    with pytest.raises(Forbidden):
        services.move(actor=alice, document_id=document.pk, collection_id=his.pk)
    with pytest.raises(Conflict):  # the same file is in it
        services.move(actor=alice, document_id=document.pk, collection_id=course.pk)


def test_a_share_of_too_many_is_refused(alice: Any, course: Collection) -> None:
    emails = [f"p{n}@example.org" for n in range(201)]
    with pytest.raises(Invalid):
        collections.update_collection(actor=alice, collection_id=course.pk, users=emails)


def test_admins_see_all_and_search_what_is_meant_for_them(
    admin: Any, alice: Any, course: Collection
) -> None:
    assert queries.collection(admin, course.pk) == course
    assert not Collection.objects.meant_for(admin).filter(pk=course.pk).exists()


def test_a_reader_learns_why_they_may_read(
    api: Any, admin: Any, alice: Any, bob: Any, course: Collection
) -> None:
    group = Group.objects.create(name="Biologi 7A")
    group.memberships.create(user=bob)
    collections.update_collection(actor=alice, collection_id=course.pk, users=[bob.email])
    collections.update_collection(actor=admin, collection_id=course.pk, groups=[group.pk])
    seen = api(bob).get(f"{URL}/{course.pk}").json()
    assert (seen["given_to_me"], seen["my_groups"]) == (True, ["Biologi 7A"])
    assert seen["groups"] == seen["users"] == []
    seen = api(alice).get(f"{URL}/{course.pk}").json()
    assert (seen["given_to_me"], seen["my_groups"]) == (False, [])


def test_an_admin_asks_for_what_is_meant_for_them(api: Any, admin: Any, course: Collection) -> None:
    def names(query: str) -> set[str]:
        return {row["name"] for row in api(admin).get(f"{URL}{query}").json()["collections"]}

    assert course.name in names("") and course.name not in names("?for_me=true")


def test_files_are_found_by_a_part_of_their_name(
    api: Any, alice: Any, bob: Any, course: Collection
) -> None:
    name = course.documents.get().original_filename
    files = f"{URL}/{course.pk}/files"
    assert api(alice).get(f"{files}?search={name[:4].upper()}").json()["total"] == 1
    assert api(alice).get(f"{files}?search=%25").json()["total"] == 0
    assert api(bob).get(f"/api/v1/files?search={name[:4]}").json()["total"] == 0


def test_an_admin_opens_no_personal_collection_and_no_files_of_a_chat(
    alice: Any, admin: Any, api: Any
) -> None:
    chat = collections.chat_collection(alice, "A chat")
    for where in (collections.personal_collection(alice), chat):
        answer = api(admin).patch(f"{URL}/{where.pk}", {"is_open": True}, "application/json")
        assert answer.status_code == 409 and "move the files there" in answer.json()["detail"]
        same = api(admin).patch(f"{URL}/{where.pk}", {"is_open": False}, "application/json")
        assert same.status_code == 200
        with pytest.raises(IntegrityError, match="open_is_for_all"), transaction.atomic():
            Collection.objects.filter(pk=where.pk).update(is_open=True)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_comes_while_its_collection_goes_gets_a_sentence(
    alice: Any, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = collections.create_collection(actor=alice, name="Kelas A")
    admit = quota.admit

    def too_late(*args: Any, **options: Any) -> Any:
        """The upload has found its collection by now."""
        collections.delete_collection(actor=alice, collection_id=where.pk)
        return admit(*args, **options)

    monkeypatch.setattr(quota, "admit", too_late)
    with pytest.raises(NotFound):
        services.upload(actor=alice, file=io.BytesIO(PDF), name="a.pdf", collection=where)
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_collection_that_goes_takes_the_file_that_just_came(alice: Any, sent: Any) -> None:
    where = collections.create_collection(actor=alice, name="Kelas A")

    def delete() -> None:
        collections.delete_collection(actor=alice, collection_id=where.pk, documents="delete")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            services.upload(actor=alice, file=io.BytesIO(PDF), name="a.pdf", collection=where)
            deleting = pool.submit(closing, delete)
            while not deleting.done() and not waits_for_a_lock():
                pass
            assert not deleting.done()
        deleting.result()
    assert not Document.objects.exists()
    assert not Collection.objects.filter(pk=where.pk).exists()


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


def closing(call: Any) -> None:
    try:
        call()
    finally:
        connection.close()
