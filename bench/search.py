"""How long a search takes, what row-level security costs it, and what the index misses.

    python -m bench search                       # 1,000, 10,000 and 100,000 passages
    python -m bench search 1000 10000 300000

Each size is searched across the collections made so far, in a Lontar of its own that is removed
afterwards; `python -m bench.search SIZE...` does it in the database of DATABASE_URL instead, in
scratch collections. What is printed for each size:

- a search end to end, and embedding the query and the bare SQL of the same plan, in turns in one
  run: the ratio of their 95th percentiles (goal: at most 1.5);
- the same SQL with and without row-level security, and its processor time in the server, which a
  busy machine does not stretch;
- where the index is used: how many of the nearest 10 and 50 it finds, as it is and behind filters
  that leave few, each beside the exact way, and how long both take.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from bench.installation import Installation
from launch.options import ROOT

SIZES = [1_000, 10_000, 100_000]
ROUNDS, WARM = 60, 5
RECALL_ROUNDS = 30
# Shares of the passages that a filter leaves; the last is five of ten thousand.
FILTERS = (1.0, 0.05, 0.001, 0.0005)
TABLES = ("collection", "document", "chunk", "chunkvector", "posting")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="bench search",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    given = parser.parse_args(arguments)
    with Installation() as lontar:
        lontar.start()
        subprocess.run(
            [sys.executable, "-m", "bench.search", *map(str, given.sizes)],
            cwd=ROOT, env={**os.environ, **lontar.run_env()}, check=True, start_new_session=True,
        )  # fmt: skip


def here(sizes: Sequence[int]) -> None:
    """In the database of DATABASE_URL."""
    from accounts.models import User  # noqa: PLC0415
    from bench import passages  # noqa: PLC0415
    from documents import collections  # noqa: PLC0415
    from rag.search import Scope  # noqa: PLC0415

    user, _created = User.objects.get_or_create(
        email="bench@lontar.invalid", defaults={"full_name": "Bench"}
    )
    made: list[Any] = []
    try:
        for size in sorted(sizes):
            part = collections.create_collection(actor=user, name=f"bench {size}")
            passages.fill(part, user, size - sum(each.size for each in made), seed=size)
            part.size = size - sum(each.size for each in made)
            made.append(part)
            passages.tidy()
            measure(user, Scope(collections=[each.pk for each in made]), size)
    finally:
        for part in made:
            collections.delete_collection(actor=user, collection_id=part.pk, documents="delete")


def measure(user: Any, scope: Any, size: int) -> None:
    from rag import candidates  # noqa: PLC0415

    whole, bare = asyncio.run(_turns(user, scope))
    show(size, "search", spread(whole))
    show(size, "embedding and bare SQL", spread(bare))
    show(size, "ratio of p95 (goal at most 1.5)", f"{_p95(whole) / _p95(bare):.2f}")
    _walls(user, scope, size)
    if size > candidates.EXACT_LIMIT:
        _misses(user, scope, size)


async def _turns(user: Any, scope: Any) -> tuple[list[float], list[float]]:
    from bench import passages  # noqa: PLC0415
    from documents.lexical import query_terms  # noqa: PLC0415
    from llm.queries import current_embedding_model  # noqa: PLC0415
    from llm.services import embedder  # noqa: PLC0415
    from rag.search import Wanted, look_up  # noqa: PLC0415

    model = await asyncio.to_thread(current_embedding_model)
    sql = await asyncio.to_thread(_bare, user, scope)
    chance, whole, bare = random.Random(11), [], []
    for turn in range(ROUNDS + WARM):
        queries = [passages.some_words(chance, 8) for _ in range(2)]
        begin = time.perf_counter()
        await look_up(user, queries[0], scope=scope)
        middle = time.perf_counter()
        vector = (await embedder(model).embed([queries[1]], "query"))[0]
        await asyncio.to_thread(sql, Wanted(query_terms(queries[1]), vector, model.pk))
        end = time.perf_counter()
        if turn >= WARM:
            whole.append((middle - begin) * 1000)
            bare.append((end - middle) * 1000)
    return whole, bare


def _bare(user: Any, scope: Any) -> Callable[[Any], Any]:
    """The statements of a search, and nothing before or after them."""
    from documents.asking import reading_as  # noqa: PLC0415
    from rag.candidates import measured, scored  # noqa: PLC0415
    from rag.search import _readable  # noqa: PLC0415

    readable = _readable(user, scope)

    def run(wanted: Any) -> Any:
        with reading_as(user):
            return scored(measured(readable), wanted)

    return run


def _walls(user: Any, scope: Any, size: int) -> None:
    """With row-level security and, in a transaction that is undone, for the owner without it."""
    from django.db import connection, transaction  # noqa: PLC0415

    sql, asked = _bare(user, scope), _questions(ROUNDS, near=False)
    with transaction.atomic(), connection.cursor() as cursor:
        behind = [_timed(sql, each) for each in asked]
        for table in TABLES:
            cursor.execute(f"alter table documents_{table} no force row level security")
        free = [_timed(sql, each) for each in asked]
        transaction.set_rollback(True)
    for name, times in (("bare SQL", behind), ("the same without row security", free)):
        on_cpu = [cpu for _wall, cpu in times]
        text = f"{spread([wall for wall, _cpu in times])}; processor {spread(on_cpu)}"
        show(size, name, text)
    ratio = statistics.median(c for _, c in behind) / statistics.median(c for _, c in free)
    show(size, "processor time with / without", f"{ratio:.2f}")


def _misses(user: Any, scope: Any, size: int) -> None:
    """What the index alone finds of the exact best, and what both cost; the product goes the exact
    way wherever a filter leaves no more than candidates.EXACT_LIMIT."""
    from rag import candidates  # noqa: PLC0415

    asked = _questions(RECALL_ROUNDS, near=True, words=False)
    for share in FILTERS:
        sql = _bare(user, _narrowed(scope, share))
        with (
            mock.patch.object(candidates, "EXACT_LIMIT", 0),
            mock.patch.object(candidates, "EXACT_AT_MOST", 0),
        ):
            by_index = [(_timed(sql, each), _nearest(sql(each))) for each in asked]
        with mock.patch.object(candidates, "EXACT_LIMIT", size * 2):
            exactly = [(_timed(sql, each), _nearest(sql(each))) for each in asked]
        found = [
            statistics.mean(
                len(set(a[:count]) & set(b[:count])) / len(b[:count])
                for (_, a), (_, b) in zip(by_index, exactly, strict=True)
            )
            for count in (10, 50)
        ]
        show(size, f"{share:.2%} left, index: recall@10, @50", "{:.3f}, {:.3f}".format(*found))
        for name, rows in (("index", by_index), ("exact", exactly)):
            wall, cpu = zip(*(times for times, _ in rows), strict=True)
            show(size, f"{share:.2%} left, {name}", f"{spread(wall)}; processor {spread(cpu)}")


def _questions(count: int, *, near: bool, words: bool = True) -> list[Any]:
    """Beside stored passages, or anywhere; with words that are as common as those of the texts."""
    import numpy as np  # noqa: PLC0415

    from bench import passages  # noqa: PLC0415
    from documents.lexical import query_terms  # noqa: PLC0415
    from documents.models import ChunkVector  # noqa: PLC0415
    from llm.queries import current_embedding_model  # noqa: PLC0415
    from rag.search import Wanted  # noqa: PLC0415

    model, chance = current_embedding_model(), random.Random(13)
    numbers = np.random.default_rng(13)
    stored = ChunkVector.objects.filter(embedding_model=model).order_by("chunk_id")
    places, out = sorted(chance.sample(range(stored.count()), count)), []
    for place in places:
        terms = query_terms(passages.some_words(chance, 8)) if words else {}
        if near:
            vector = passages.near(numbers, np.array(stored[place].vector))
        else:
            vector = passages.document_vectors(numbers, model.dimensions, 1)[0]
        out.append(Wanted(terms, vector, model.pk))
    return out


def _narrowed(scope: Any, share: float) -> Any:
    """The documents that such a filter leaves, at least one."""
    from dataclasses import replace  # noqa: PLC0415

    from documents.models import Document  # noqa: PLC0415

    if share == 1.0:
        return scope
    ids = list(
        Document.objects.filter(collection__in=scope.collections).values_list("id", flat=True)
    )
    random.Random(17).shuffle(ids)
    return replace(scope, documents=ids[: max(1, round(len(ids) * share))])


def _nearest(found: Any) -> list[int]:
    ordered = sorted(found.candidates, key=lambda each: (-each.cosine, each.chunk_id))
    return [each.chunk_id for each in ordered]


def _timed(sql: Callable[[Any], Any], wanted: Any) -> tuple[float, float]:
    """Milliseconds on the clock, and of the server's processor (Linux; elsewhere nought)."""
    before, begin = _on_processor(), time.perf_counter()
    sql(wanted)
    return (time.perf_counter() - begin) * 1000, _on_processor() - before


def _on_processor() -> float:
    """Milliseconds that this connection's server process has run (proc(5), schedstat)."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


def spread(values: Sequence[float]) -> str:
    return f"p50 {statistics.median(values):.1f}, p95 {_p95(values):.1f} ms"


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def show(size: int, name: str, value: str) -> None:
    print(f"{size:>9,} {name:45} {value}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    here([int(size) for size in sys.argv[1:]] or SIZES)
