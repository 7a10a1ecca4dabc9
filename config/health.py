"""/health says what works and what does not; /ready says whether to send people here."""

import asyncio
import contextlib
import ipaddress
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from core.db import in_thread
from core.redis import async_client, key
from documents.queries import recognition_trouble
from llm import health as model_health
from llm.queries import usable_models

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[dict[str, Any]]]

STARTED = time.monotonic()
SILENT = 30.0  # seconds without a heartbeat after which a worker counts as gone
FRESH = 1.0  # seconds an answer is used again: asking often must not become a load
PATIENCE = 4.0  # seconds for each check
LEAST_DISK = 500 * 1024 * 1024  # bytes; below it an upload of the default size may not fit
LEAST_MEMORY = 100 * 1024 * 1024  # bytes
VITAL = ("database", "redis", "workers", "disk")


@csrf_exempt
@never_cache
@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """200 or 503 with each component's `ok`; figures only for admins and on this machine.

    `status` is healthy, degraded (people can work, something is amiss) or unhealthy (503).
    """
    parts = ("database", "redis", "workers", "providers", "disk", "memory")
    found = await look((*parts, "ocr") if settings.OCR else parts)
    if any(not found[name]["ok"] for name in VITAL):
        status = "unhealthy"
    else:
        status = "healthy" if all(part["ok"] for part in found.values()) else "degraded"
    if not await may_see_details(request):
        found = {name: {"ok": part["ok"]} for name, part in found.items()}
    return JsonResponse({"status": status, **found}, status=503 if status == "unhealthy" else 200)


@csrf_exempt
@never_cache
@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """200 when this process reaches its database and Redis, else 503."""
    found = await look(("database", "redis"))
    fine = all(part["ok"] for part in found.values())
    return JsonResponse({"status": "ready" if fine else "not ready"}, status=200 if fine else 503)


_last: dict[str, tuple[float, dict[str, Any]]] = {}


async def look(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """What each of CHECKS finds, by its name: `ok`, and its figures."""
    return dict(zip(names, await asyncio.gather(*map(_checked, names)), strict=True))


async def _checked(name: str) -> dict[str, Any]:
    """One check, within its time, remembered for a moment; a failure is an answer too."""
    when, found = _last.get(name, (0.0, {}))
    if time.monotonic() - when < FRESH:
        return found
    try:
        found = await asyncio.wait_for(CHECKS[name](), PATIENCE)
    except Exception as error:  # noqa: BLE001  whatever it is, this component does not work
        log.warning("health: %s: %s", name, error or type(error).__name__)
        found = {"ok": False}
    _last[name] = (time.monotonic(), found)
    return found


async def _database() -> dict[str, Any]:
    return await in_thread(_database_versions)


def _database_versions() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'),"
            " (SELECT extversion FROM pg_extension WHERE extname = 'vector')"
        )
        server, vector = cursor.fetchone()
    return {"ok": vector is not None, "version": server, "pgvector": vector}


async def _redis() -> dict[str, Any]:
    version = (await async_client().info("server"))["redis_version"]
    return {"ok": True, "version": version}


async def _workers() -> dict[str, Any]:
    """Workers heard of lately. In the first moments after a start none needs to be there yet."""
    count = await async_client().zcount(key("workers"), time.time() - SILENT, "+inf")
    starting = not count and time.monotonic() - STARTED < SILENT
    return {"ok": bool(count) or starting, "count": count, "starting": starting}


async def _providers() -> dict[str, Any]:
    """Kinds of providers with a model that can be asked now, and which models fail."""
    models = await in_thread(lambda: list(usable_models()))
    states = await model_health.read(models)
    failing = [
        {"model": model.name, "provider": model.provider.name, "code": states[model.pk].code}
        for model in models
        if states[model.pk].status == "failing"
    ]
    well = sum(state.status == "ok" for state in states.values())
    kinds = sorted({model.provider.kind for model in models})
    return {"ok": bool(kinds) and not failing, "usable": kinds, "well": well, "failing": failing}


async def _disk() -> dict[str, Any]:
    usage = await in_thread(shutil.disk_usage, settings.LONTAR_HOME)
    return {"ok": usage.free >= LEAST_DISK, "free_bytes": usage.free, "total_bytes": usage.total}


async def _memory() -> dict[str, Any]:
    """What the kernel could still hand out; unknown outside Linux, which is no fault."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
        return {"ok": available >= LEAST_MEMORY, "available_bytes": available}
    return {"ok": True, "available_bytes": None}


async def _ocr() -> dict[str, Any]:
    """Asked only where OCR is on: without Tesseract scans stay unread, everything else works."""
    trouble = await in_thread(recognition_trouble)
    return {"ok": not trouble, "trouble": trouble}


CHECKS: dict[str, Check] = {
    "database": _database,
    "redis": _redis,
    "workers": _workers,
    "providers": _providers,
    "disk": _disk,
    "memory": _memory,
    "ocr": _ocr,
}


async def may_see_details(request: HttpRequest) -> bool:
    """On this machine itself, or an admin. Behind a proxy every caller looks local: not then."""
    if not any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback:
                return True
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        user = await request.auser()
    except Exception as error:  # noqa: BLE001  without a database nobody can be recognised
        log.warning("health: caller unknown: %s", error)
        return False
    return bool(getattr(user, "is_admin", False))
