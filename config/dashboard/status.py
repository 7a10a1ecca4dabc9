"""Whether each part works, and where one does not, what is wrong and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import Min
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from config import health, queues
from config.dashboard import unsafe
from documents.models import Document, ReembedJob
from llm.errors import llm_error
from llm.models import EmbeddingModel, Provider
from llm.queries import reachable_providers

WAITS_TOO_LONG = 15 * 60  # seconds in the queue after which a document is mentioned
FEW_BYTES = 4  # times health.LEAST_DISK: room for some uploads more


@dataclass(frozen=True, slots=True)
class Part:
    """One line. `state` is good, warning or bad; `remedy` is empty where all is well."""

    name: str
    state: str
    said: str
    remedy: str = ""
    address: str = ""


def parts() -> list[Part]:
    """Everything there is to know at a glance; what is wrong comes first."""
    names = ("database", "redis", "workers", "providers", "disk", "memory", "ocr")
    asked = names if settings.OCR else names[:-1]
    found = async_to_sync(health.look)(asked)
    said = [_say(name, found[name]) for name in asked]
    rows = [*said, _embedding(), _mail(), *unsafe_settings()]
    return sorted(rows, key=lambda part: ("bad", "warning", "good").index(part.state))


def unsafe_settings() -> Iterator[Part]:
    troubles = list(unsafe.troubles())
    for trouble in troubles:
        yield Part(_("Settings"), "warning", trouble.said, trouble.remedy)
    if not troubles:
        yield Part(_("Settings"), "good", _("None of them is known to be unsafe."))


def _say(name: str, found: dict[str, Any]) -> Part:
    return SAYING[name](found)


def _database(found: dict[str, Any]) -> Part:
    name = _("Database")
    if found["ok"]:
        said = f"PostgreSQL {found['version'].split()[0]}, pgvector {found['pgvector']}"
        return Part(name, "good", said)
    if "version" in found:
        said = _("PostgreSQL runs without pgvector, so nothing can be found by its meaning.")
        remedy = _("Install pgvector on the server, then start Lontar again.")
        return Part(name, "bad", said, remedy)
    said = _("The database answers too slowly or not at all.")
    return Part(name, "bad", said, _("Check DATABASE_URL and the server's log."))


def _redis(found: dict[str, Any]) -> Part:
    if found["ok"]:
        return Part("Redis", "good", f"Redis {found['version']}")
    said = _("Redis cannot be reached: answers do not stream, and no document is read.")
    return Part("Redis", "bad", said, _("Check REDIS_URL and that Redis runs."))


def _workers(found: dict[str, Any]) -> Part:
    name, waiting = _("Worker"), _waiting()
    if not found["ok"]:
        said = _("No worker has given a sign of life: documents wait and are not read.")
        remedy = _("Start the worker again, and look at its log for why it ended.")
        return Part(name, "bad", f"{said} {waiting}".strip(), remedy)
    if found["starting"]:
        return Part(name, "warning", _("It is starting."), _("Look again in half a minute."))
    late = _late()
    if late:
        remedy = _("Give it time, or run more workers.")
        return Part(name, "warning", f"{late} {waiting}".strip(), remedy)
    count = ngettext("%d worker runs.", "%d workers run.", found["count"]) % found["count"]
    return Part(name, "good", f"{count} {waiting}".strip())


def _waiting() -> str:
    """How long the queue is; nothing where Redis cannot say."""
    try:
        length = sum(queues.waiting().values())
    except (RedisError, OSError):
        return ""
    if not length:
        return _("The queue is empty.")
    return ngettext("%d task waits in the queue.", "%d tasks wait in the queue.", length) % length


def _late() -> str:
    waiting = Document.objects.filter(status=Document.Status.UPLOADED, retry_at=None)
    since = waiting.aggregate(since=Min("uploaded_at"))["since"]
    if since is None or (timezone.now() - since).total_seconds() < WAITS_TOO_LONG:
        return ""
    return _("The oldest document has been waiting for %s.") % timesince(since)


def _providers(found: dict[str, Any]) -> Part:
    name, address = _("Models"), reverse("admin:llm_provider_changelist")
    if not found.get("usable"):
        said = _("No model can be asked, so nobody gets an answer.")
        remedy = _("Set a provider's key, or switch the built-in one on.")
        return Part(name, "bad", said, remedy, address)
    if found["failing"]:
        broken = [
            f"{row['model']} ({row['provider']}): {llm_error(row['code']).message}"
            for row in found["failing"]
        ]
        remedy = _("Look at its key and account, then have it checked again there.")
        return Part(name, "warning", " ".join(broken), remedy, address)
    kinds = dict(Provider.Kind.choices)
    usable = ", ".join(str(kinds[kind]) for kind in found["usable"])
    if found["usable"] == [Provider.Kind.BUILTIN]:
        said = _("Only the built-in answerer is there: it quotes, and explains nothing.")
        return Part(name, "warning", said, _("Set a provider's key."), address)
    return Part(name, "good", usable)


def _disk(found: dict[str, Any]) -> Part:
    name = _("Disk")
    if "free_bytes" not in found:
        said = _("The folder of files cannot be looked at.")
        return Part(name, "bad", said, _("Check LONTAR_HOME and who may read it."))
    free = filesizeformat(found["free_bytes"])
    said = _("%s are free.") % free
    remedy = _("Delete what is not needed, or give Lontar a larger disk.")
    if not found["ok"]:
        return Part(name, "bad", f"{said} " + _("Uploads may not fit any more."), remedy)
    if found["free_bytes"] < FEW_BYTES * health.LEAST_DISK:
        return Part(name, "warning", said, remedy)
    return Part(name, "good", said)


def _memory(found: dict[str, Any]) -> Part:
    name, free = _("Memory"), found.get("available_bytes")
    if free is None:
        return Part(name, "good", _("Not known on this system."))
    said = _("%s are free.") % filesizeformat(free)
    if found["ok"]:
        return Part(name, "good", said)
    remedy = _("End other programs, or give this machine more memory.")
    return Part(name, "warning", said, remedy)


def _ocr(found: dict[str, Any]) -> Part:
    name = _("Text recognition")
    if found["ok"]:
        return Part(name, "good", _("Pages that are pictures are read."))
    said = str(found.get("trouble") or _("It does not answer."))
    return Part(name, "warning", said, _("Until then scanned pages stay unread."))


def _embedding() -> Part:
    name, address = _("Embedding model"), reverse("admin:llm_embeddingmodel_changelist")
    model = EmbeddingModel.objects.select_related("provider").filter(is_current=True).first()
    if model is None:
        said = _("None is in use: searches find by words only, not by meaning.")
        return Part(name, "bad", said, _("Register one and use it."), address)
    if model.provider_id and not reachable_providers().filter(pk=model.provider_id).exists():
        said = _("%s cannot be asked: its provider is switched off or has no key.") % model
        return Part(name, "bad", said, _("Set the provider's key, or use another."), address)
    job = ReembedJob.objects.order_by("-created_at").first()
    if job is not None and _waits_for_you(job):
        said = _("A change to another model found worse results in your evaluation sets.")
        return Part(name, "warning", said, _("Decide whether it is used."), address)
    return Part(name, "good", str(model))


def _waits_for_you(job: ReembedJob) -> bool:
    return job.status == job.Status.RUNNING and bool(job.objections) and not job.approved


def _mail() -> Part:
    name = _("Mail")
    if settings.EMAIL_CONFIGURED:
        return Part(name, "good", _("Letters are sent."))
    said = _("None is sent: nobody can choose a new password alone, and you are told of nothing.")
    return Part(name, "warning", said, _("Set EMAIL_URL and start Lontar again."))


SAYING = {
    "database": _database,
    "redis": _redis,
    "workers": _workers,
    "providers": _providers,
    "disk": _disk,
    "memory": _memory,
    "ocr": _ocr,
}
