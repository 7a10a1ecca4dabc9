"""/metrics, as Prometheus reads it: what processes count, what database and Redis hold."""

import hmac
import time
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from accounts.resolve import bearer
from chat.models import Generation, Session
from config import queues
from config.health import SILENT, may_see_details
from core.db import in_thread
from core.errors import Forbidden, Unauthenticated
from core.http import problem
from core.redis import key, sync_client
from documents.models import Document
from llm.models import ModelCall

FIRST_WORD = (250, 500, 1000, 2500, 5000, 10_000, 30_000)  # milliseconds
TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")


@csrf_exempt
@never_cache
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever brings METRICS_TOKEN as a bearer, for admins, and on the machine itself."""
    brought = bearer(request.headers.get("Authorization", ""))
    if brought is not None:
        wanted = settings.METRICS_TOKEN
        if not wanted or not hmac.compare_digest(brought.encode(), wanted.encode()):
            return problem(Unauthenticated())
    known = settings.SESSION_COOKIE_NAME in request.COOKIES
    if brought is None and not await may_see_details(request):
        return problem(Forbidden() if known else Unauthenticated())
    return HttpResponse(await in_thread(_written), content_type=CONTENT_TYPE_LATEST)


def _written() -> bytes:
    counted = CollectorRegistry()
    multiprocess.MultiProcessCollector(counted)
    held = CollectorRegistry()
    held.register(Held())
    return bytes(generate_latest(counted) + generate_latest(held))


class Held:
    """Figures of the whole installation, the same whichever process is asked."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _calls()
        yield _first_words()
        yield from _work()
        yield from _queues()


def _calls() -> Iterator[Metric]:
    by = ["provider", "model", "outcome"]
    calls = CounterMetricFamily("lontar_llm_calls", "Calls of models.", labels=by)
    tokens = CounterMetricFamily(
        "lontar_llm_tokens", "Tokens.", labels=["provider", "model", "kind"]
    )
    cost = CounterMetricFamily("lontar_llm_cost_usd", "US dollars.", labels=by[:2])
    rows = ModelCall.objects.values("provider", "model_name", "outcome").annotate(
        calls=Count("pk"), spent=Sum("cost"), **{f"sum_{name}": Sum(name) for name in TOKENS}
    )
    spent: dict[tuple[str, str], float] = {}
    said: dict[tuple[str, str, str], int] = {}
    for row in rows.order_by():
        who = (row["provider"], row["model_name"])
        calls.add_metric([*who, row["outcome"]], row["calls"])
        spent[who] = spent.get(who, 0.0) + float(row["spent"] or 0)
        for name in TOKENS:
            kind = (*who, name.removesuffix("_tokens"))
            said[kind] = said.get(kind, 0) + (row[f"sum_{name}"] or 0)
    for who, dollars in spent.items():
        cost.add_metric(who, dollars)
    for kind, count in said.items():
        tokens.add_metric(kind, count)
    yield from (calls, tokens, cost)


def _first_words() -> Metric:
    found = ModelCall.objects.filter(first_token_ms__isnull=False).aggregate(
        total=Sum("first_token_ms"),
        count=Count("pk"),
        **{f"to_{most}": Count("pk", filter=Q(first_token_ms__lte=most)) for most in FIRST_WORD},
    )
    buckets = [(str(most / 1000), float(found[f"to_{most}"])) for most in FIRST_WORD]
    buckets.append(("+Inf", float(found["count"])))
    family = HistogramMetricFamily(
        "lontar_first_token_seconds", "Seconds until a model says its first word."
    )
    family.add_metric([], buckets, (found["total"] or 0) / 1000)
    return family


def _work() -> Iterator[Metric]:
    running = Generation.objects.filter(status=Generation.Status.RUNNING).count()
    yield GaugeMetricFamily("lontar_active_streams", "Answers being written.", running)
    active = Session.objects.filter(status=Session.Status.ACTIVE).count()
    yield GaugeMetricFamily("lontar_active_sessions", "Chats that are not completed.", active)
    files = GaugeMetricFamily("lontar_documents", "Documents by status.", labels=["status"])
    counted = Document.objects.values_list("status").annotate(Count("pk")).order_by()
    there = dict(counted)
    for status in Document.Status.values:
        files.add_metric([status], there.get(status, 0))
    yield files
    read = Document.objects.filter(processed_at__isnull=False).aggregate(
        count=Count("pk"), seconds=Sum(F("processed_at") - F("uploaded_at"))
    )
    spent = read["seconds"].total_seconds() if read["seconds"] else 0.0
    done = CounterMetricFamily("lontar_ingested_documents", "Documents read.", read["count"])
    took = CounterMetricFamily(
        "lontar_ingestion_seconds", "From upload to ready, summed up.", spent
    )
    yield from (done, took)


def _queues() -> Iterator[Metric]:
    depth = GaugeMetricFamily("lontar_queue_depth", "Tasks that wait.", labels=["queue"])
    for name, length in queues.waiting().items():
        depth.add_metric([name], length)
    yield depth
    alive = sync_client().zcount(key("workers"), time.time() - SILENT, "+inf")
    yield GaugeMetricFamily("lontar_workers", "Workers heard of lately.", alive)
