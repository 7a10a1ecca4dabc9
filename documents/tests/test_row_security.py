"""The second wall: what PostgreSQL shows when the application's own filter is taken out."""

from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from accounts.models import Group, User
from accounts.services import set_active
from core.testing import person
from documents import checks, collections
from documents.asking import reading_as
from documents.knowledge.models import KnowledgeEntry
from documents.models import Chunk, Collection, Document
from documents.tests.pdfs import make_pdf
from documents.web.models import WebSource

TABLES = [
    "documents_document",
    "documents_page",
    "documents_chunk",
    "documents_chunkvector",
    "documents_posting",
]
# Where a collection with documents has no row of its own.
SOURCES = ["documents_knowledgeentry", "documents_websource", "documents_webpage"]
PICTURES = "documents_picture"
WALLED = {*TABLES, *SOURCES, PICTURES, "documents_collection", "documents_pendingvector"}
# Tables of this room that tell of documents and hold none of their words.
WITHOUT_TEXT: set[str] = set()


def rows(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def counts(user: User) -> dict[str, int]:
    """Rows of each table by a plain `select`, in the user's name."""
    with reading_as(user):
        return {table: rows(f"select count(*) from {table}")[0][0] for table in TABLES}


def sees(user: User) -> bool:
    """Whether the user sees anything: of all tables the same."""
    answers = {count > 0 for count in counts(user).values()}
    assert len(answers) == 1
    return answers.pop()


@pytest.fixture
def hers(alice: Any, ingest: Any) -> Collection:
    found = collections.create_collection(actor=alice, name="Kelas A")
    ingest(alice, make_pdf(["The kunang-kunang glows.", "Page two."]), collection=found)
    return found


def test_the_role_is_subject_to_the_rules(db: None) -> None:
    [(is_super, bypasses)] = rows(
        "select rolsuper, rolbypassrls from pg_roles where rolname = current_user"
    )
    assert not is_super and not bypasses
    for table in WALLED:
        assert rows("select row_security_active(%s)", table) == [(True,)]
    assert checks.role_is_subject_to_row_security(databases=["default"]) == []


def test_a_role_that_passes_by_the_rules_is_told(monkeypatch: Any) -> None:
    class Cursor:
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None: ...
        def execute(self, *_: Any) -> None: ...
        def fetchone(self) -> Any:
            return "postgres", True, True

    class Connection:
        cursor = Cursor

    monkeypatch.setattr(checks, "connections", {"default": Connection()})
    [told] = checks.role_is_subject_to_row_security(databases=["default"])
    assert "superuser" in told.msg


def test_every_table_with_words_of_documents_is_behind_the_wall(db: None) -> None:
    """A new table with a document or a collection calls row_security.protect in its migration."""
    words = {"text", "content", "vector", "chunk_ids", "original_filename", "answer", "url"}
    found = {
        model._meta.db_table
        for model in apps.get_app_config("documents").get_models()
        if (names := {field.name for field in model._meta.get_fields()}) & words
        and names & {"document", "collection", "source"}
    }
    forced = rows(
        "select relname from pg_class where relrowsecurity and relforcerowsecurity and "
        "relname like 'documents_%%'"
    )
    assert {name for (name,) in forced} >= WALLED
    assert found - WITHOUT_TEXT <= {name for (name,) in forced}


def test_raw_selects_show_each_only_their_own(
    alice: Any, bob: Any, charlie: Any, admin: Any, hers: Collection
) -> None:
    assert sees(alice) and sees(admin)
    assert not sees(bob) and not sees(charlie)
    text = "select text from documents_chunk union all select text from documents_page"
    with reading_as(bob):
        assert rows(text) == []
    with reading_as(alice):
        assert any("kunang-kunang" in found for (found,) in rows(text))


def test_questions_and_addresses_are_seen_with_their_collection(
    alice: Any, bob: Any, charlie: Any, admin: Any, hers: Collection
) -> None:
    KnowledgeEntry.objects.create(
        document=hers.documents.get(), collection=hers, question="Who?", answer="Nobody."
    )
    source = WebSource.objects.create(url="https://a.example", collection=hers, added_by=admin)
    source.pages.create(url="https://a.example/1")

    def seen(user: User) -> list[int]:
        with reading_as(user):
            return [rows(f"select count(*) from {table}")[0][0] for table in SOURCES]

    collections.update_collection(actor=alice, collection_id=hers.pk, users=[bob.email])
    assert seen(alice) == seen(bob) == seen(admin) == [1, 1, 1]
    assert seen(charlie) == [0, 0, 0]
    collections.update_collection(actor=alice, collection_id=hers.pk, users=[])
    assert seen(bob) == [0, 0, 0]
    set_active(actor=admin, user=alice, active=False)
    assert seen(alice) == [0, 0, 0]


def test_open_shared_and_grouped_are_seen_and_withdrawn_at_once(
    alice: Any, bob: Any, charlie: Any, admin: Any, hers: Collection
) -> None:
    change = {"actor": admin, "collection_id": hers.pk}
    collections.update_collection(**change, users=[bob.email])
    assert sees(bob) and not sees(charlie)
    collections.update_collection(**change, users=[])
    group = Group.objects.create(name="7A")
    member = group.memberships.create(user=bob)
    collections.update_collection(**change, groups=[group.pk])
    assert sees(bob) and not sees(charlie)
    member.delete()
    assert not sees(bob)
    collections.update_collection(**change, is_open=True)
    assert sees(bob) and sees(charlie)
    set_active(actor=admin, user=charlie, active=False)
    assert not sees(charlie)
    collections.update_collection(**change, is_open=False)
    assert not sees(bob) and sees(alice)


def test_the_wall_and_the_queries_say_the_same(
    alice: Any, bob: Any, charlie: Any, admin: Any, hers: Collection
) -> None:
    collections.update_collection(actor=alice, collection_id=hers.pk, users=[bob.email])
    Collection.objects.create(name="Open", is_open=True)
    collections.personal_collection(charlie)
    Group.objects.create(name="7A").memberships.create(user=charlie)
    Group.objects.get().collections.add(hers)
    inactive = person("gone", is_active=False)
    with reading_as(inactive):
        assert rows("select id from documents_collection") == []
    with reading_as(admin):
        [(everything,)] = rows("select count(*) from documents_collection")
    assert everything == Collection.objects.count()
    for user in (alice, bob, charlie):
        with reading_as(user):
            [(listed,)] = rows("select lontar_reads()")
            there = [row for (row,) in rows("select id from documents_collection")]
        assert sorted(listed) == sorted(there)
        asked = Collection.objects.visible_to(user).values_list("pk", flat=True)
        assert sorted(listed) == sorted(asked) and listed


def test_a_connection_that_says_nothing_sees_nothing(hers: Collection) -> None:
    for value in ("", "00000000-0000-0000-0000-000000000000"):
        with transaction.atomic():
            rows("select set_config('lontar.reader', %s, true)", value)
            assert [rows(f"select * from {table}") for table in WALLED] == [[]] * len(WALLED)
            rows("select set_config('lontar.reader', 'system', true)")


def test_readers_write_nothing(alice: Any, hers: Collection) -> None:
    with reading_as(alice):
        assert Document.objects.count() == 1
        assert Document.objects.update(title="x") == 0
        assert Chunk.objects.all()._raw_delete("default") == 0
    with pytest.raises(ProgrammingError, match="row-level security"), reading_as(alice):
        Document.objects.create(
            collection=hers, owner=alice, original_filename="x", sha256="x", file_size=1
        )


def test_names_end_with_their_block(alice: Any, bob: Any, hers: Collection) -> None:
    with reading_as(alice):
        with reading_as(bob):
            assert not Document.objects.exists()
        assert Document.objects.exists()
        with pytest.raises(ZeroDivisionError), reading_as(bob):
            raise ZeroDivisionError
        assert Document.objects.exists()
    assert rows("select current_setting('lontar.reader')") == [("system",)]


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_reader_stays_on_a_connection(alice: Any) -> None:
    with reading_as(alice):
        assert rows("select current_setting('lontar.reader')") == [(str(alice.pk),)]
    assert rows("select current_setting('lontar.reader')") == [("system",)]
    with pytest.raises(ZeroDivisionError), reading_as(alice):
        raise ZeroDivisionError
    assert rows("select current_setting('lontar.reader')") == [("system",)]
