"""Providers in the registry: written, checked and asked for their models by administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from core import sealing
from core.errors import AppError, Conflict, NotFound
from llm import asking, audit, credentials, sync
from llm.base import Endpoint
from llm.limits import count_question
from llm.models import Provider
from llm.rules import Actor, check, fill, invalid, require_admin

WRITABLE = frozenset({"kind", "name", "base_url", "is_active", "order"})
LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class Checked:
    """What a live check found; ``code`` is "ok" or one of ``llm.asking.TROUBLES``."""

    ok: bool
    code: str
    sentence: str
    models: int | None
    at: datetime


def get_provider(*, actor: Actor, provider_id: UUID) -> Provider:
    require_admin(actor)
    provider = Provider.objects.filter(pk=provider_id).first()
    if provider is None:
        raise NotFound
    return provider


def create_provider(*, actor: Actor, api_key: str = "", **fields: Any) -> Provider:
    """A provider's own host gets the models known beforehand; others are asked later."""
    require_admin(actor)
    with transaction.atomic():
        provider = Provider(order=sync.ORDER.get(str(fields.get("kind")), 100))
        fill(provider, fields, WRITABLE)
        save_provider(actor=actor, provider=provider, api_key=api_key or None)
        audit.record(actor, provider, audit.ADDITION)
    return provider


def update_provider(
    *, actor: Actor, provider_id: UUID, api_key: str | None = None, **fields: Any
) -> Provider:
    """``api_key``: None leaves the key, "" takes it out. Another address drops the key, unless a
    new one comes with it."""
    require_admin(actor)
    with transaction.atomic():
        provider = _locked(provider_id)
        if fields.get("base_url") == credentials.base_url(provider):
            del fields["base_url"]  # sent back as it was read, where the row says "the usual one"
        changed = fill(provider, fields, WRITABLE)
        changed += save_provider(actor=actor, provider=provider, api_key=api_key)
        audit.record(actor, provider, audit.CHANGE, changed)
    return provider


@sensitive_variables("api_key", "new_key")
def save_provider(*, actor: Actor, provider: Provider, api_key: str | None) -> list[str]:
    """Save a row somebody filled in, and keep its key and its address together.

    Answers ["key"] when the key changed. What was found out about another address or key is
    forgotten.
    """
    require_admin(actor)
    with transaction.atomic():
        before = Provider.objects.select_for_update().filter(pk=provider.pk).first()
        provider.base_url = provider.base_url.strip()
        _check_kind(provider, before)
        check(provider)
        moved = before is not None and before.base_url != provider.base_url
        new_key = "" if moved and api_key is None else api_key
        provider.api_key_encrypted = before.api_key_encrypted if before else ""
        provider.key_hint = before.key_hint if before else ""
        changed = _set_key(provider, new_key)
        if changed or moved:
            provider.checked_at, provider.check_ok, provider.check_sentence = None, None, ""
        provider.save()
        if before is None:
            sync.add_seeds(provider)
            sync.refresh_prices(provider, [])
    return changed


def delete_provider(*, actor: Actor, provider_id: UUID) -> None:
    """With its models."""
    require_admin(actor)
    with transaction.atomic():
        provider = _locked(provider_id)
        if provider.kind == Provider.Kind.BUILTIN:
            raise Conflict(
                _("The built-in provider stays. Switch it off if nobody should use it."),
                code="builtin",
            )
        audit.record(actor, provider, audit.DELETION)
        try:
            with transaction.atomic():
                provider.delete()
        except ProtectedError as error:
            raise Conflict(
                _("Chats were held with its models. Switch it off instead of deleting it."),
                code="provider_in_use",
            ) from error


def provider_of_kind(*, actor: Actor, kind: str, address: str) -> Provider:
    """The provider of this kind at this address ("" for the usual one), made when missing."""
    require_admin(actor)
    if kind not in Provider.Kind.values:
        kinds = ", ".join(Provider.Kind.values)
        raise invalid({"provider": [_("Give one of these, or a provider's id: %s") % kinds]})
    if kind == Provider.Kind.OPENAI_COMPATIBLE and not address:
        raise invalid({"api_endpoint": [_("Give the address of the server.")]})
    found = Provider.objects.filter(kind=kind, base_url=address).first()
    if found is not None:
        return found
    name = address or str(Provider.Kind(kind).label)
    try:
        return create_provider(actor=actor, kind=kind, base_url=address, name=name[:100])
    except AppError as error:
        rows = error.extra.get("errors", [])
        told = [row["message"] for row in rows if row["field"] == "base_url"]
        raise invalid({"api_endpoint": told}) if told else error from error


def check_provider(*, actor: Actor, provider_id: UUID) -> Checked:
    """Ask the provider, now, and remember what came of it. Never raises for what it answers."""
    provider = get_provider(actor=actor, provider_id=provider_id)
    count_question(actor)
    try:
        models, sentence = _look(provider)
        code = "ok"
    except asking.Trouble as error:
        models, sentence, code = None, error.sentence, error.code
    now = timezone.now()
    found = {"checked_at": now, "check_ok": code == "ok", "check_sentence": sentence}
    # What was found out is about this address and this key: neither may have changed meanwhile.
    same = {"base_url": provider.base_url, "api_key_encrypted": provider.api_key_encrypted}
    Provider.objects.filter(pk=provider.pk, **same).update(**found)
    return Checked(code == "ok", code, sentence, models, now)


def fetch_models(*, actor: Actor, provider_id: UUID) -> sync.Fetched:
    """Fill the registry with what the provider lists; models it no longer lists are not offered.

    Raises AppError 424 with what is wrong when it does not answer.
    """
    provider = get_provider(actor=actor, provider_id=provider_id)
    count_question(actor)
    if provider.kind == Provider.Kind.BUILTIN:
        sync.sync_registry()
        return sync.Fetched(1, offered=1)
    try:
        listed = asking.ask(_endpoint(provider))
    except asking.Trouble as error:
        raise AppError(error.sentence, code=error.code, status=424) from error
    fetched = sync.take(provider, listed)
    audit.record(actor, provider, audit.CHANGE, ["models"])
    return fetched


def _look(provider: Provider) -> tuple[int, str]:
    if provider.kind == Provider.Kind.BUILTIN:
        return 1, _("The built-in answerer needs no network and no key.")
    where = _endpoint(provider)
    count = len(asking.ask(where))
    found = ngettext(
        "The provider was reached and lists %(count)s model.",
        "The provider was reached and lists %(count)s models.",
        count,
    ) % {"count": count}
    if not where.key:
        return count, found
    open_to_all = provider.kind in credentials.LISTS_OPENLY
    if open_to_all and not asking.accepts_key(where):
        return count, found + " " + _("Whether the key is right shows with the first question.")
    return count, found + " " + _("It accepted the key.")


def _endpoint(provider: Provider) -> Endpoint:
    """Raises ``Trouble`` for what can be told without asking."""
    where = credentials.endpoint(provider)
    if not where.base_url:
        raise asking.Trouble("no_address")
    if credentials.key_state(provider) == "unreadable":
        raise asking.Trouble("unreadable_key")
    if not where.key and credentials.needs_key(provider):
        raise asking.Trouble("no_key")
    return where


def _locked(provider_id: UUID) -> Provider:
    provider = Provider.objects.select_for_update().filter(pk=provider_id).first()
    if provider is None:
        raise NotFound
    return provider


def _check_kind(provider: Provider, before: Provider | None) -> None:
    if before is not None and before.kind != provider.kind:
        raise invalid({"kind": [_("The kind stays. Add another provider instead.")]})
    if before is None and provider.kind == Provider.Kind.BUILTIN:
        raise invalid({"kind": [_("The built-in provider is there already.")]})
    if provider.kind == Provider.Kind.OPENAI_COMPATIBLE and not provider.base_url:
        raise invalid({"base_url": [_("Give the address of the server.")]})


@sensitive_variables()
def _set_key(provider: Provider, key: str | None) -> list[str]:
    if key is None or (not key and not provider.api_key_encrypted):
        return []
    try:
        credentials.store_key(provider, sound_key(key))
    except sealing.NoKey as error:
        raise invalid({"api_key": [no_place()]}) from error
    return ["key"]


@sensitive_variables()
def sound_key(key: str) -> str:
    """The key without blanks around it; raises Invalid, never repeating it."""
    key = key.strip()
    if (
        len(key) > LONGEST_KEY
        or not key.isascii()
        or any(not "!" <= letter <= "~" for letter in key)
    ):
        raise invalid({"api_key": [_("This does not look like a key. Copy it again.")]})
    return key


def no_place() -> str:
    return _(
        "Keys cannot be stored, because FIELD_ENCRYPTION_KEYS is not set. Set it, or put the "
        "provider's key into the environment."
    )
