"""manage.py evaluate on small folders: read by the ordinary way, asked by the ordinary search."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

import rag.search
from documents.ingest import extract, reading
from documents.models import Chunk, Collection, Document
from documents.quota_models import UploadQuota
from documents.tasks import ingest
from llm.models import EmbeddingModel
from rag.models import Reranker
from rag.tests.library import DIMENSIONS, embedding_model
from rag.tests.test_reranking import by, refusing, service

__all__ = ["by", "service"]

# The command works in threads of the shared pool, which see committed rows only.
pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = {
    "p1": "The heart pumps blood through the arteries of the body.",
    "p2": "Leaves make sugar from light, water and carbon dioxide.",
}


class Letters:
    """Embeds a text as the counts of its letters."""

    async def embed(self, texts: Any, _kind: str) -> Any:
        rows = np.full((len(texts), DIMENSIONS), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:26] += [text.lower().count(chr(97 + n)) for n in range(26)]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    embedding_model()
    monkeypatch.setattr(ingest, "apply_async", lambda **_options: None)
    monkeypatch.setattr(reading, "embedder", lambda _model, _caller=None: Letters())

    async def vector(_model: Any, text: str, _caller: Any = None) -> Any:
        return (await Letters().embed([text], "query"))[0]

    monkeypatch.setattr(rag.search, "query_vector", vector)


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def passages(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    write(folder, "corpus.jsonl", [{"id": i, "title": "", "text": t} for i, t in TEXTS.items()])
    questions = [
        {"qid": "q1", "question": "What pumps blood?"},
        {"qid": "q2", "question": "What do leaves make?"},
    ]
    write(folder, "queries.jsonl", questions)
    write(folder, "unanswerable.jsonl", [{"qid": "q3", "question": "Who was Hammurabi?"}])
    (folder / "qrels.tsv").write_text("q1\tp1\t1\nq2\tp2\t1\n")
    return folder


def evaluate(*arguments: Any) -> str:
    out = StringIO()
    call_command("evaluate", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_passages_are_found_and_written_as_a_run(passages: Path, tmp_path: Path) -> None:
    shown = evaluate(passages, "--run", tmp_path / "out.jsonl")
    assert "ndcg@10    1.000" in shown and "n=2" in shown and "vectors" in shown
    run = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["qid"] for row in run] == ["q1", "q2", "q3"]
    assert run[0]["ranked"][0] == "p1" and run[1]["ranked"][0] == "p2"


def test_a_reranker_is_shown_under_the_search_it_orders_again(
    passages: Path, tmp_path: Path, by: Reranker, service: dict[str, Any]
) -> None:
    shown = evaluate(passages, "--run", tmp_path / "out.jsonl", "--reranker", by.name)
    search, *_rest, reranked, _recall, _mrr = shown.splitlines()
    assert "ndcg@10    1.000" in search and "words" in search and "reranked" not in search
    # The service turns each list round: the passage is the second of two.
    assert "ndcg@10    0.631" in reranked and "search 1.000" in reranked
    assert "reranked by Turner, against the search -0.369" in reranked
    rows = [
        [json.loads(line)["ranked"] for line in (tmp_path / name).read_text().splitlines()]
        for name in ("out.jsonl", "out-reranked.jsonl")
    ]
    assert rows[0][0] == ["p1", "p2"] and rows[1][0] == ["p2", "p1"]


def test_without_its_name_no_reranker_is_asked_even_one_in_use(
    passages: Path, by: Reranker, service: dict[str, Any]
) -> None:
    Reranker.objects.update(status=Reranker.Status.ON)
    assert "reranked" not in evaluate(passages, "--fused-only") and not service["asked"]


def test_a_reranker_that_fails_or_is_unknown_ends_the_run_with_a_sentence(
    passages: Path, by: Reranker, service: dict[str, Any]
) -> None:
    with pytest.raises(CommandError, match="no reranker called Nobody"):
        evaluate(passages, "--reranker", "Nobody")
    service["does"] = refusing
    with pytest.raises(CommandError, match=r"Turner did not order .*unavailable"):
        evaluate(passages, "--fused-only", "--reranker", by.name)


def test_no_process_is_started_for_a_paragraph_but_for_a_strange_file(
    passages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = extract._start

    def counted(path: Path, kind: str, *rest: Any) -> Any:
        started.append(kind)
        return start(path, kind, *rest)

    monkeypatch.setattr(extract, "_start", counted)
    evaluate(passages, "--fused-only")
    assert Chunk.objects.count() == len(TEXTS) and not started
    folder = tmp_path / "odd"
    write(folder, "MANIFEST.jsonl", [{"file": "a.txt", "expect": "text"}])
    (folder / "files").mkdir()
    (folder / "files" / "a.txt").write_text("Enough words to be read.")
    evaluate(folder)
    assert started == ["text"]


def test_a_database_that_was_only_migrated_will_do(passages: Path) -> None:
    EmbeddingModel.objects.all().delete()
    call_command("evaluate", str(passages), stdout=StringIO())
    assert EmbeddingModel.objects.get(is_current=True).kind == "local"


def test_a_set_may_hold_more_files_than_a_person(passages: Path) -> None:
    UploadQuota.objects.update_or_create(id=1, defaults={"files": 1})
    assert "n=2" in evaluate(passages, "--fused-only")


def test_a_second_run_reads_nothing_again_and_new_content_does(passages: Path) -> None:
    evaluate(passages, "--fused-only")
    first = set(Document.objects.values_list("id", flat=True))
    evaluate(passages, "--fused-only")
    assert set(Document.objects.values_list("id", flat=True)) == first
    write(passages, "corpus.jsonl", [{"id": "p1", "text": TEXTS["p1"]}])
    evaluate(passages, "--fused-only")
    assert not first & set(Document.objects.values_list("id", flat=True))
    assert Collection.objects.count() == 1


def test_scratch_collections_are_nobodys_and_can_be_removed(passages: Path, bob: Any) -> None:
    evaluate(passages, "--fused-only")
    assert not Collection.objects.visible_to(bob).exists()
    assert "1 scratch" in evaluate("--remove")
    assert not Document.objects.exists()


def test_files_are_told_by_how_they_ended(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    write(folder, "MANIFEST.jsonl", [{"file": n, "expect": "text"} for n in ("a.txt", "b.bin")])
    (folder / "files").mkdir()
    (folder / "files" / "a.txt").write_text("Enough words to be read.")
    (folder / "files" / "b.bin").write_bytes(bytes(range(256)))
    shown = evaluate(folder)
    assert "1 of 2" in shown and "b.bin: text expected, ended as wrong_type" in shown


def test_an_unknown_folder_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="known"):
        evaluate(tmp_path)
