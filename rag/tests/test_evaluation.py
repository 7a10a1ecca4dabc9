"""Questions are uploaded, asked in the background, compared, and heard before a model changes."""

import json
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from accounts.models import User
from documents.models import ChunkVector, Collection, Document, ReembedJob
from llm.errors import llm_error
from llm.models import EmbeddingModel
from rag import tasks
from rag.evaluation import gate, sets, sheets, work
from rag.models import EvaluationRun, EvaluationSet, Question, Result
from rag.tests.library import DIMENSIONS, collection, direction, document, embedding_model

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/v1/evaluations"
TEXTS = ["Leaves make sugar.", "The heart pumps blood.", "Water boils at 100 degrees."]


@pytest.fixture
def shelf(admin: User) -> Collection:
    """a.txt, b.txt and c.txt: one page each, on an axis of its own."""
    where = collection(None)
    for axis, text in enumerate(TEXTS):
        row = document(where, admin, f"{'abc'[axis]}.txt", [text], [axis])
        Document.objects.filter(pk=row.pk).update(page_count=1)
    return where


@pytest.fixture(autouse=True)
def axes(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The direction of each question: axis, by its first word; others lie nowhere."""
    known = {"Sugar?": 0, "Blood?": 1, "Boiling?": 2, "Alpha": 0, "Beta": 1, "Gamma": 2}

    async def query_vector(model: EmbeddingModel, text: str, _caller: Any = None) -> Any:
        return direction(known.get(text.split(maxsplit=1)[0], 9))

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    return known


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    ids: list[Any] = []
    monkeypatch.setattr(tasks.evaluate, "apply_async", lambda args, **_o: ids.append(args[0]))
    return ids


CSV = "question;document;page\nSugar?;a.txt;1\nBlood?;B.TXT;1\nXylophone?;c.txt;1\n"


@pytest.fixture
def asked(admin: User, shelf: Collection) -> EvaluationSet:
    return sets.create(actor=admin, name="Exam", collection_id=shelf.pk, data=CSV.encode())


def run_it(admin: User, asked: EvaluationSet, **options: Any) -> EvaluationRun:
    run = sets.start(actor=admin, evaluation_set=asked, settings=sets.Settings(**options))
    while work.work(run.pk):
        pass
    run.refresh_from_db()
    return run


def test_each_bad_line_is_named_and_nothing_is_kept(
    admin: User, api: Callable[..., Any], shelf: Collection
) -> None:
    data = (
        "question,document,page\nSugar?,a.txt,1\n,a.txt,1\nBlood?,nowhere.pdf,1\n"
        "Boiling?,c.txt,7\nBoiling?,c.txt,two\nBlood?,,1\n"
    )
    body = {"collection_id": str(shelf.pk), "questions": data, "preview": True}
    shown = api(admin).post(PATH, body).json()
    assert [row["question"] for row in shown["questions"]] == ["Sugar?"]
    assert [row["line"] for row in shown["errors"]] == [3, 4, 5, 6, 7]
    assert "nowhere.pdf" in shown["errors"][1]["message"]
    refused = api(admin).post(PATH, {**body, "preview": False})
    assert refused.status_code == 422 and "Line 4" in refused.json()["detail"]
    assert not EvaluationSet.objects.exists()


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (CSV.encode(), 3),
        (b'\xef\xbb\xbfPertanyaan,Dokumen,Halaman\n"Sugar, you say?",a.txt,1; 1\n', 1),
        (b'{"question": "Sugar?", "expected": [["a.txt", 1], ["b.txt", 1]]}\n\n', 1),
        (b"question,document,page\nSugar?,a.txt,1\nSugar?,b.txt,1\n", 1),
    ],
)
def test_the_forms_questions_come_in(shelf: Collection, data: bytes, count: int) -> None:
    sheet = sheets.read(data, sets.page_counts(shelf))
    assert (len(sheet.questions), sheet.errors) == (count, [])


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01\x02", b"a,b,c\n1,2,3\n", b"{", b'{"question": {}}', b"question,document,page",
     b'{"question":"x","expected":' + b"[" * 5000, b"{\"question\": \"x\"}\n[1]"],
)  # fmt: skip
def test_a_broken_file_is_a_sentence(shelf: Collection, data: bytes) -> None:
    sheet = sheets.read(data, sets.page_counts(shelf))
    assert not sheet.questions and sheet.errors and all(s for _line, s in sheet.errors)


def test_a_run_is_asked_measured_and_kept(
    admin: User, api: Callable[..., Any], asked: EvaluationSet, sent: list[Any]
) -> None:
    started = api(admin).post(f"{PATH}/{asked.pk}/runs", {"top_k": 2, "ranking": "vectors"})
    assert started.status_code == 202 and sent == [started.json()["id"]]
    tasks.evaluate(sent[0])
    run = api(admin).get(f"{PATH}/runs/{sent[0]}").json()
    assert (run["status"], run["done"], run["total"]) == ("DONE", 3, 3)
    assert run["settings"] == {
        "top_k": 2, "ranking": "vectors", "embedding_id": embedding_model().pk,
        "embedding_model": "all-MiniLM-L6-v2",
        "reranker": "",
    }  # fmt: skip
    assert run["measures"]["hit@1"]["mean"] == pytest.approx(2 / 3, abs=0.001)
    (miss,) = run["misses"]
    there = str(Document.objects.get(original_filename="c.txt").pk)
    assert miss["question"] == "Xylophone?" and miss["expected"] == [
        {"document": "c.txt", "page": 1, "document_id": there}
    ]
    assert [hit["document"] for hit in miss["found"]] == ["a.txt", "b.txt"]
    rows = api(admin).get(f"{PATH}/runs/{sent[0]}/results").content.decode()
    assert rows.count("\n") == 4 and "Xylophone?,c.txt p. 1,0.0" in rows


def test_a_killed_worker_loses_nothing_and_asks_nothing_twice(
    admin: User, asked: EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sets.start(actor=admin, evaluation_set=asked, settings=sets.Settings())
    asks = work._ask

    def dies(run: EvaluationRun, question: Question, row: Any) -> None:
        if question.number == 2:
            raise KeyboardInterrupt
        asks(run, question, row)

    monkeypatch.setattr(work, "_ask", dies)
    with pytest.raises(KeyboardInterrupt):
        work.work(run.pk)
    assert work.work(run.pk) is False  # the dead worker's lease
    assert work.unfinished() == []
    EvaluationRun.objects.update(lease_until="2020-01-01T00:00Z")
    assert work.unfinished() == [run.pk]
    monkeypatch.setattr(work, "_ask", asks)
    work.work(run.pk)
    run.refresh_from_db()
    assert (run.status, run.done, Result.objects.count()) == ("DONE", 3, 3)


def test_a_canceled_run_is_not_written_to(
    admin: User, api: Callable[..., Any], asked: EvaluationSet
) -> None:
    run = sets.start(actor=admin, evaluation_set=asked, settings=sets.Settings())
    assert api(admin).delete(f"{PATH}/runs/{run.pk}").status_code == 204
    work.work(run.pk)
    run.refresh_from_db()
    assert run.status == "CANCELED" and not Result.objects.exists()


def test_an_embedder_that_fails_is_tried_again_and_then_given_up(
    admin: User, asked: EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def query_vector(*_args: Any) -> Any:
        raise llm_error("unavailable")

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    run = sets.start(actor=admin, evaluation_set=asked, settings=sets.Settings())
    for _ in range(work.MOST_FAILURES):
        work.work(run.pk)
        EvaluationRun.objects.update(lease_until=None)
    run.refresh_from_db()
    assert run.status == "FAILED" and run.error_code


def other_model(asked: EvaluationSet, shift: int) -> EmbeddingModel:
    """Vectors side by side; `shift` turns every passage away from its question."""
    model = EmbeddingModel.objects.create(kind="local", name="other", dimensions=DIMENSIONS)
    for row in ChunkVector.objects.filter(collection=asked.collection):
        axis = int(numpy.argmax(list(row.vector)))
        ChunkVector.objects.create(
            embedding_model=model, chunk_id=row.chunk_id, collection_id=row.collection_id,
            document_id=row.document_id, vector=direction(axis + shift),
        )  # fmt: skip
    return model


@pytest.fixture
def many(admin: User, shelf: Collection) -> EvaluationSet:
    lines = [
        json.dumps({"question": f"{word} {n}", "document": f"{'abc'[axis]}.txt", "page": 1})
        for n in range(10)
        # Words that no passage has: only vectors can find them.
        for axis, word in enumerate(("Alpha", "Beta", "Gamma"))
    ]
    data = "\n".join(lines).encode()
    return sets.create(actor=admin, name="Many", collection_id=shelf.pk, data=data)


def test_two_runs_are_compared_in_a_sentence(
    admin: User, api: Callable[..., Any], many: EvaluationSet
) -> None:
    worse = other_model(many, shift=20)
    first = run_it(admin, many, top_k=1)
    second = run_it(admin, many, top_k=1, embedding_model=worse, ranking="vectors")
    again = run_it(admin, many, top_k=1)

    def against(one: Any, other: Any) -> Any:
        return api(admin).get(f"{PATH}/runs/{one.pk}/against/{other.pk}").json()

    found = against(first, second)
    assert (found["verdict"], found["questions"]) == ("worse", 30)
    assert found["sentence"].startswith("The second run is worse: nDCG@10 -")
    assert found["differences"]["hit@1"]["high"] < 0
    assert against(second, first)["verdict"] == "better"
    assert against(first, again)["verdict"] == "no_difference"
    lone = EvaluationRun.objects.create(evaluation_set=many, embedding_name="x")
    refused = api(admin).get(f"{PATH}/runs/{first.pk}/against/{lone.pk}")
    assert refused.status_code == 409


def test_a_change_of_the_model_that_makes_searches_worse_is_objected_to(
    admin: User, many: EvaluationSet
) -> None:
    worse = other_model(many, shift=20)
    job = ReembedJob.objects.create(model=worse, started_by=admin)
    asks = []
    (objection,) = gate.worse_sets(job, lambda: asks.append(1))
    assert objection["name"] == "Many" and "worse" in objection["sentence"]
    assert EvaluationRun.objects.filter(purpose__startswith=str(job.pk)).count() == 2
    assert len(asks) == 60
    # Asked again, nothing is run anew.
    assert gate.worse_sets(job, lambda: asks.append(1)) == [objection]
    assert len(asks) == 60


def test_a_change_that_is_no_worse_is_not(admin: User, many: EvaluationSet) -> None:
    job = ReembedJob.objects.create(model=other_model(many, shift=0), started_by=admin)
    assert gate.worse_sets(job, lambda: None) == []


def test_students_have_no_say(alice: User, api: Callable[..., Any], asked: EvaluationSet) -> None:
    for path in (PATH, f"{PATH}/{asked.pk}"):
        assert api(alice).get(path).status_code == 403
    assert api(alice).post(f"{PATH}/{asked.pk}/runs", {}).status_code == 403
