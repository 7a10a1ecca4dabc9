"""The admin's first page: right figures, sentences of what is wrong, few queries, admins only."""

import re
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.models import User
from chat.models import Citation, Message, Session
from config import health, queues
from config.dashboard import status, unsafe
from config.dashboard.figures import DAYS, figures
from core import redis
from core.errors import Forbidden
from core.testing import person
from documents.collections import default_collection
from documents.models import Document
from llm.models import EmbeddingModel, ModelCall, Provider

SECRET = "kunang-kunang"


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    health._last.clear()
    monkeypatch.setattr(health, "STARTED", -1e9)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def ask(user, days_ago=0, questions=1, cited=False):
    """A chat of so many questions, each with an answer."""
    chat = Session.objects.create(user=user, title=SECRET)
    when = timezone.now() - timedelta(days=days_ago)
    Session.objects.filter(pk=chat.pk).update(started_at=when)
    for number in range(questions):
        said = [
            Message(session=chat, position=2 * number + 1, role="user", content=SECRET),
            Message(session=chat, position=2 * number + 2, role="assistant", content=SECRET),
        ]
        Message.objects.bulk_create(said)
        Message.objects.filter(pk__in=[m.pk for m in said]).update(created_at=when)
        if cited:
            Citation.objects.create(
                message=said[1], number=1, document_name="a.pdf", excerpt=SECRET, cited=True
            )
    return chat


def bring(owner, number, state):
    Document.objects.create(
        collection=default_collection(),
        owner=owner,
        original_filename=f"{SECRET} {number}.pdf",
        sha256=f"{number}",
        file_size=1,
        status=state,
    )


# --- figures ----------------------------------------------------------------------------------
def test_activity_is_counted_by_day(admin, alice, bob):
    ask(alice, questions=3)
    ask(bob)
    ask(bob, days_ago=1)
    ask(bob, days_ago=DAYS - 1)
    ask(bob, days_ago=DAYS)  # too long ago
    found = figures(actor=admin)
    assert len(found.days) == DAYS
    today = found.today
    assert (today.people, today.chats, today.questions) == (2, 2, 4)
    assert found.days[-2].questions == found.days[0].questions == 1
    assert sum(day.questions for day in found.days) == 6
    assert found.questions_of_week == 5
    assert (found.chats.today, found.chats.week, found.chats.ever) == (2, 3, 5)


def test_people_are_counted_while_they_are_here(admin, alice, bob, charlie):
    now = timezone.now()
    for user, days, active in ((alice, 0, True), (bob, 6, True), (charlie, 0, False)):
        User.objects.filter(pk=user.pk).update(
            last_active_at=now - timedelta(days=days), is_active=active
        )
    people = figures(actor=admin).people
    assert (people.today, people.week, people.everybody) == (1, 2, 3)


def test_documents_by_state_without_questions_and_answers(admin, alice):
    for number, state in enumerate(["PROCESSED"] * 3 + ["FAILED"] * 2 + ["PROCESSING", "UPLOADED"]):
        bring(alice, number, state)
    Document.objects.filter(sha256="0").update(kind="qa")
    found = figures(actor=admin).documents
    assert (found.ready, found.failed, found.reading, found.waiting) == (2, 2, 1, 1)


def test_cost_of_today_and_of_this_month(admin, alice):
    now = timezone.now()
    before = now.replace(day=1) - timedelta(days=1)
    for cost, when in ((Decimal("0.5"), now), (None, now), (Decimal(7), before)):
        ModelCall.objects.create(
            user=alice, provider="P", model_name="m", cost=cost, created_at=when
        )
    found = figures(actor=admin).cost
    assert (found.today, found.month, found.unpriced) == (Decimal("0.5"), Decimal("0.5"), 1)


def test_an_answer_has_material_when_it_cites_a_passage(admin, alice):
    ask(alice, questions=2, cited=True)
    bare = ask(alice, questions=1)
    stopped = ask(alice)
    stopped.messages.filter(role="assistant").update(status="stopped")
    Citation.objects.create(
        message=bare.messages.get(role="assistant"), number=1, document_name="a", excerpt="x"
    )  # found, not cited
    answers = figures(actor=admin).answers
    assert (answers.whole, answers.bare) == (3, 1)


def test_only_an_admin_is_told(alice, charlie):
    for user in (alice, charlie):
        with pytest.raises(Forbidden):
            figures(actor=user)


# --- page -------------------------------------------------------------------------------------
def test_students_are_not_let_in(alice, charlie):
    for user in (alice, charlie):
        answer = signed_in(user).get("/admin/")
        assert answer.status_code in (302, 403) and b"figures" not in answer.content
    assert Client().get("/admin/").status_code == 302


def test_the_page_shows_counts_and_nothing_anybody_wrote(admin, alice):
    ask(alice, questions=2)
    bring(alice, 1, "FAILED")
    html = signed_in(admin).get("/admin/").content.decode()
    assert SECRET not in html and alice.email not in html and alice.full_name not in html
    assert html.count('<svg class="chart"') == 2 and html.count('<rect class="chart-bar"') == 60
    assert html.count('<th scope="row">') >= DAYS
    assert "style=" not in html
    for words in ("Bring material", "Add a student", "Set a provider&#x27;s key"):
        assert words in html
    assert 'href="/admin/documents/document/?status__exact=FAILED"' in html


def test_the_page_of_an_empty_house(admin):
    html = signed_in(admin).get("/admin/").content.decode()
    assert "0 of 0 in 30 days cite no passage" in html and "See failed documents" not in html


def test_it_costs_as_many_queries_with_much_as_with_little(admin, alice):
    client = signed_in(admin)
    client.get("/admin/")
    numbers = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        numbers.append(len(queries))
        for number in range(5):
            ask(person(f"p{number}-{_round}"), days_ago=number, cited=True)
            bring(alice, f"{number}-{_round}", "FAILED")
    assert numbers[0] == numbers[1] <= 20


def test_in_indonesian_days_are_written_so(admin):
    client = signed_in(admin)
    # Around all of it: a request leaves its language with the thread.
    with translation.override("id"):
        html = client.get("/admin/", headers={"Accept-Language": "id"}).content.decode()
        assert date_format(timezone.localdate()) in html


# --- status -----------------------------------------------------------------------------------
def line(name):
    return next(part for part in status.parts() if part.name == name)


@pytest.mark.django_db(transaction=True)
class TestStatus:
    def test_what_is_wrong_comes_first_and_says_what_to_do(self):
        parts = status.parts()
        order = ["bad", "warning", "good"]
        assert [p.state for p in parts] == sorted((p.state for p in parts), key=order.index)
        assert all(part.said for part in parts)
        assert all(bool(part.remedy) == (part.state != "good") for part in parts)

    def test_without_a_worker(self, monkeypatch):
        redis.sync_client().delete(redis.key("workers"))
        found = line("Worker")
        assert found.state == "bad" and "No worker" in found.said and "Start" in found.remedy

    def test_with_a_worker_and_a_queue(self):
        client, queue = redis.sync_client(), redis.key("celery:ingest\x06\x163")
        client.zadd(redis.key("workers"), {"worker@test": time.time()})
        for left in client.scan_iter(redis.key("celery:*")):  # of tests before this one
            client.delete(left)
        client.rpush(queue, "a", "b")
        try:
            found = line("Worker")
            assert found.state == "good" and "2 tasks wait in the queue." in found.said
        finally:
            client.delete(queue, redis.key("workers"))

    def test_a_document_that_waits_long_is_mentioned(self):
        client = redis.sync_client()
        client.zadd(redis.key("workers"), {"worker@test": time.time()})
        bring(person("alice"), 1, "UPLOADED")
        Document.objects.update(uploaded_at=timezone.now() - timedelta(hours=2))
        try:
            found = line("Worker")
            assert found.state == "warning" and re.search(r"waiting for 2\Whours", found.said)
        finally:
            client.delete(redis.key("workers"))

    def test_redis_that_is_gone(self, monkeypatch):
        async def broken():
            raise ConnectionError

        monkeypatch.setitem(health.CHECKS, "redis", broken)
        monkeypatch.setattr(queues, "sync_client", lambda: (_ for _ in ()).throw(OSError()))
        found = line("Redis")
        assert found.state == "bad" and "REDIS_URL" in found.remedy

    def test_models(self, monkeypatch):
        assert line("Models").state == "bad"

        async def failing():
            row = {"model": "gpt", "provider": "OpenAI", "code": "auth"}
            return {"ok": False, "usable": ["openai"], "well": 0, "failing": [row]}

        health._last.clear()
        monkeypatch.setitem(health.CHECKS, "providers", failing)
        found = line("Models")
        assert found.state == "warning"
        assert found.said.startswith("gpt (OpenAI): The key for this model was refused")

    def test_the_embedding_model(self):
        assert line("Embedding model").state == "bad"
        provider = Provider.objects.create(kind="openai", name="OpenAI")
        model = EmbeddingModel.objects.create(
            kind="openai", name="e", dimensions=8, provider=provider, is_current=True
        )
        found = line("Embedding model")
        assert found.state == "bad" and "has no key" in found.said
        EmbeddingModel.objects.filter(pk=model.pk).update(kind="local", provider=None)
        assert line("Embedding model").state == "good"

    def test_a_full_disk(self, monkeypatch):
        async def short():
            return {"ok": False, "free_bytes": 1000, "total_bytes": 2000}

        monkeypatch.setitem(health.CHECKS, "disk", short)
        assert "Uploads may not fit" in line("Disk").said

    def test_mail(self, settings):
        settings.EMAIL_CONFIGURED = False
        assert line("Mail").state == "warning" and "EMAIL_URL" in line("Mail").remedy
        settings.EMAIL_CONFIGURED = True
        assert line("Mail").state == "good"


SAFE = {
    "DEBUG": False,
    "SECRET_KEY": "".join(map(chr, range(40, 100))),
    "ALLOWED_HOSTS": ["lontar.example"],
    "FIELD_ENCRYPTION_KEYS": ["x"],
    "SERVED_BY_TLS": True,
    "SUPERADMIN_PASSWORD": "",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", True),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("ALLOWED_HOSTS", ["*"]),
        ("FIELD_ENCRYPTION_KEYS", []),
        ("SERVED_BY_TLS", False),
        ("SUPERADMIN_PASSWORD", "x"),
    ],
)
def test_an_unsafe_setting_is_named(settings, monkeypatch, name, value):
    """Dify CVE-2025-56157, Flowise CVE-2026-56269: secrets and passwords as delivered."""
    monkeypatch.setattr(unsafe, "role_is_subject_to_row_security", lambda databases: [])
    settings.HOST = "0.0.0.0"
    for setting, safe in SAFE.items():
        setattr(settings, setting, safe)
    assert list(unsafe.troubles()) == []
    setattr(settings, name, value)
    (found,) = unsafe.troubles()
    assert found.said and found.remedy


def test_without_tls_is_fine_for_who_sits_here(settings, monkeypatch):
    monkeypatch.setattr(unsafe, "role_is_subject_to_row_security", lambda databases: ["above"])
    for setting, safe in SAFE.items():
        setattr(settings, setting, safe)
    settings.SERVED_BY_TLS = False
    for host in ("127.0.0.1", "::1", "localhost"):
        settings.HOST = host
        (found,) = unsafe.troubles()
        assert "row-level security" in found.said
