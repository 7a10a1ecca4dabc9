"""The optional reranker: off, on, failing, slow, compared before it is used."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from core.db import come_to_rest
from core.errors import Conflict, Forbidden, NotFound
from documents.models import Collection
from llm import services as llm_services
from llm.base import Endpoint
from llm.errors import LLMError, llm_error
from llm.models import LanguageModel, ModelCall, Provider
from llm.providers.fake import ScriptedModel, says
from llm.providers.reranking import HTTPReranker
from llm.queries import current_embedding_model
from rag import rerankers, reranking, tasks
from rag.evaluation import sets, work
from rag.models import EvaluationRun, EvaluationSet, Reranker
from rag.search import Findings, Ranking, look_up
from rag.tests.library import collection, document
from rag.tests.test_evaluation import axes, shelf

__all__ = ["axes", "shelf"]
pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = ["Leaves make sugar.", "The heart pumps blood.", "Water boils."]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A service that turns every list round, or does what `does` says; `asked` counts."""
    told: dict[str, Any] = {"asked": 0, "does": None}

    async def answer(request: httpx2.Request) -> httpx2.Response:
        told["asked"] += 1
        if told["does"]:
            return await told["does"]()
        texts = json.loads(request.content)["documents"]
        rows = [{"index": n, "relevance_score": n} for n in range(len(texts))]
        return httpx2.Response(200, json={"results": rows})

    def made(where: Endpoint, name: str) -> HTTPReranker:
        assert where.base_url == "https://rerank.test/v1" and name == "rerank-1"
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        return HTTPReranker(where, name, http)

    monkeypatch.setattr(llm_services, "_reranker", made)
    return told


@pytest.fixture
def by(db: None) -> Reranker:
    provider = Provider.objects.create(
        kind="openai_compatible", name="Service", base_url="https://rerank.test/v1"
    )
    return Reranker.objects.create(name="Turner", provider=provider, model_name="rerank-1")


@pytest.fixture
def shelved(alice: User) -> None:
    for axis, text in enumerate(TEXTS):
        document(collection(alice), alice, f"{'abc'[axis]}.txt", [text], [axis])


def found(user: User, query: str = "Sugar?", **options: Any) -> Findings:
    return asyncio.run(look_up(user, query, **options))


def names(findings: Findings) -> list[str]:
    return [hit.filename for hit in findings.hits]


def put_to_use(by: Reranker) -> None:
    by.status = Reranker.Status.ON
    by.save()
    reranking.forget()


@pytest.mark.usefixtures("shelved")
def test_it_is_off_until_somebody_wants_it(
    alice: User, by: Reranker, service: dict[str, Any]
) -> None:
    before = found(alice)
    assert names(before)[0] == "a.txt" and not before.reranked and not service["asked"]
    put_to_use(by)
    after = found(alice)
    assert names(after) == names(before)[::-1] and after.reranked
    assert after.likelihood == before.likelihood
    # The best of those it ordered, not those of the best that was found.
    assert names(found(alice, top_k=1)) == names(before)[-1:]
    # The halves are there to be compared with.
    assert not found(alice, ranking=Ranking.VECTORS).reranked


async def slow() -> Any:
    await asyncio.Event().wait()


async def refusing() -> Any:
    return httpx2.Response(500, text="away")


async def babbling() -> Any:
    return httpx2.Response(200, text="I think the second one.")


@pytest.mark.usefixtures("shelved")
@pytest.mark.parametrize(
    ("does", "code"), [(slow, "timeout"), (refusing, "unavailable"), (babbling, "malformed")]
)
def test_when_it_fails_the_order_is_the_searchs(
    alice: User, api: Any, by: Reranker, service: dict[str, Any], does: Any, code: str
) -> None:
    before = names(found(alice))
    by.seconds = 0.2
    put_to_use(by)
    service["does"] = does
    after = found(alice)
    assert names(after) == before and not after.reranked
    come_to_rest(20)
    call = ModelCall.objects.get(model_name="rerank-1")
    assert (call.kind, call.user_id, call.provider) == ("query", alice.pk, "Service")
    assert call.outcome == ("stopped" if code == "timeout" else code)
    shown = api(alice).get("/api/v1/rag/health").json()["reranker"]
    assert shown == {"name": "Turner", "trouble": code}
    with pytest.raises(LLMError) as met:  # a measurement would measure something else
        found(alice, model=current_embedding_model(), reranker=by)
    assert met.value.code == code


@pytest.mark.usefixtures("shelved")
def test_the_api_says_whether_it_was_used(
    alice: User, api: Any, by: Reranker, service: dict[str, Any]
) -> None:
    path = "/api/v1/rag/search?query=Sugar%3F"
    assert api(alice).post(path).json()["reranked"] is False
    put_to_use(by)
    body = api(alice).post(path).json()
    assert body["reranked"] is True and body["results"][-1]["filename"] == "a.txt"
    assert api(alice).get("/api/v1/rag/config").json()["reranker"] == "Turner"


@pytest.mark.usefixtures("shelved")
def test_a_chat_model_judges(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LanguageModel.objects.create(
        provider=Provider.objects.create(kind="ollama", name="Own", base_url="http://127.0.0.1:1"),
        name="judge",
        display_name="Judge",
    )
    judge = ScriptedModel(says("<think>1 looks good</think>3, 99, 2"), [llm_error("auth")])
    callers = []

    def chat_model(row: LanguageModel, caller: Any) -> Any:
        callers.append((row, caller.user_id, caller.kind))
        return judge

    monkeypatch.setattr(reranking, "chat_model", chat_model)
    before = names(found(alice))
    put_to_use(Reranker.objects.create(name="Judge", language_model=model))
    assert names(found(alice)) == [before[2], before[1], before[0]]
    assert callers == [(model, alice.pk, "query")]
    [asked] = judge.requests
    assert "[3] " in asked.messages[0].text and "no" in asked.system
    after = found(alice)
    assert names(after) == before and not after.reranked


@pytest.mark.parametrize(
    ("said", "scores"),
    [
        ("2, 1", [1.0, 2.0, 0.0]),
        ("[3] then [3] then [1]", [1.0, 0.0, 2.0]),
        ("2.", [0.0, 1.0, 0.0]),
    ],
)
def test_numbers_of_a_judge(said: str, scores: list[float]) -> None:
    assert reranking.order_of(said, 3) == scores


@pytest.mark.parametrize("said", ["", "None of them.", "0, 4", "<think>1, 2"])
def test_a_judge_that_names_none(said: str) -> None:
    with pytest.raises(LLMError):
        reranking.order_of(said, 3)


def test_a_row_is_of_one_kind(by: Reranker) -> None:
    with pytest.raises(ValidationError, match="not both"):
        Reranker(name="x").full_clean()
    with pytest.raises(ValidationError, match="name of the service"):
        Reranker(name="x", provider=by.provider).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Reranker.objects.create(name="x")


# --- The comparison before it is used ---------------------------------------------------------

CSV = "question;document;page\nSugar?;a.txt;1\nBlood?;b.txt;1\nBoiling?;c.txt;1\n"


@pytest.fixture
def exam(admin: User, shelf: Collection) -> EvaluationSet:
    return sets.create(actor=admin, name="Exam", collection_id=shelf.pk, data=CSV.encode())


@pytest.fixture
def page(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def act(page: Client, action: str, by: Reranker) -> str:
    data = {"action": action, "_selected_action": [str(by.pk)]}
    return page.post("/admin/rag/reranker/", data, follow=True).content.decode()


def work_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What the workers do with what is sent, in this process."""
    waiting: list[Any] = []
    monkeypatch.setattr(tasks, "enqueue", waiting.append)

    def run() -> None:
        while waiting:
            tasks.evaluate(str(waiting.pop(0)))

    return run


def test_one_that_is_worse_waits_for_a_decision(
    alice: User, page: Client, by: Reranker, exam: EvaluationSet, service: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = work_off(monkeypatch)
    assert "is compared" in act(page, "use", by)
    assert reranking.current() is None
    assert "in use already" in act(page, "use", by)
    assert "0 / 6" in page.get("/admin/rag/reranker/").content.decode()
    run()
    shown = page.get("/admin/rag/reranker/").content.decode()
    assert "Waiting for your decision" in shown and "Exam: The second run is worse" in shown
    reranking.forget()
    assert reranking.current() is None
    lines = page.get(f"/admin/rag/evaluationset/{exam.pk}/change/").content.decode()
    assert "<td>Turner</td>" in lines and "<td>–</td>" in lines
    assert "is in use" in act(page, "approve", by)
    assert reranking.current() == by
    # What was compared is what is used.
    form = page.get(f"/admin/rag/reranker/{by.pk}/change/").content.decode()
    assert 'name="pool"' not in form
    assert "do without" in act(page, "stop", by)
    assert reranking.current() is None


def test_one_that_is_not_worse_is_used_at_once_after_it(
    page: Client, by: Reranker, exam: EvaluationSet, service: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def as_they_were() -> Any:
        rows = [{"index": n, "relevance_score": -n} for n in range(3)]
        return httpx2.Response(200, json={"results": rows})

    service["does"] = as_they_were
    run = work_off(monkeypatch)
    act(page, "use", by)
    run()
    reranking.forget()
    assert reranking.current() == by and by.objections == []
    old, new = EvaluationRun.objects.order_by("reranker_name")
    assert (old.reranker_name, new.reranker_name) == ("", "Turner")
    assert new.summary["ndcg@10"] == old.summary["ndcg@10"]


def test_one_that_does_not_answer_waits_for_a_decision(
    page: Client, by: Reranker, exam: EvaluationSet, service: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    service["does"] = refusing
    run = work_off(monkeypatch)
    act(page, "use", by)
    run()
    while unfinished := work.unfinished() or still_running():
        EvaluationRun.objects.update(lease_until=None)
        for pk in unfinished:
            tasks.evaluate(str(pk))
    by.refresh_from_db()
    assert by.status == Reranker.Status.WORSE
    assert "did not answer" in by.objections[0]["sentence"]


def still_running() -> list[Any]:
    return list(EvaluationRun.objects.filter(status="RUNNING").values_list("pk", flat=True))


def test_without_sets_or_the_question_it_is_used_at_once(
    admin: User, by: Reranker, exam: EvaluationSet, settings: Any
) -> None:
    settings.EVALUATE_BEFORE_SWITCH = False
    assert rerankers.use(actor=admin, reranker_id=by.pk) == []
    assert reranking.current() == by
    other = Reranker.objects.create(name="Other", provider=by.provider, model_name="rerank-2")
    rerankers.use(actor=admin, reranker_id=other.pk)
    assert reranking.current() == other
    by.refresh_from_db()
    assert by.status == Reranker.Status.OFF


def test_stopping_ends_a_comparison(
    admin: User, by: Reranker, exam: EvaluationSet, service: dict[str, Any]
) -> None:
    runs = rerankers.use(actor=admin, reranker_id=by.pk)
    rerankers.stop(actor=admin, reranker_id=by.pk)
    assert set(EvaluationRun.objects.values_list("status", flat=True)) == {"CANCELED"}
    for run in runs:
        assert not work.work(run)
    rerankers.settle()
    by.refresh_from_db()
    assert by.status == Reranker.Status.OFF and not service["asked"]


def test_only_admins_decide(alice: User, admin: User, by: Reranker) -> None:
    for service in (rerankers.use, rerankers.approve, rerankers.stop):
        with pytest.raises(Forbidden):
            service(actor=alice, reranker_id=by.pk)
        with pytest.raises(NotFound):
            service(actor=admin, reranker_id="nothing")
    with pytest.raises(Conflict):
        rerankers.approve(actor=admin, reranker_id=by.pk)
