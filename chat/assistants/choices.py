"""What an assistant may be made of: only what is there, and what may be given to many."""

from collections.abc import Collection as Some
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from chat.assistants.models import Assistant
from chat.assistants.tools import KNOWN
from core.errors import Invalid
from documents.models import Collection
from llm.models import LanguageModel
from prompts.models import Prompt

MOST = 50


def check(fields: dict[str, Any]) -> None:
    """Raises Invalid for the first field that names what is not there."""
    if fields.get("model_id"):
        _models([fields["model_id"]], "model_id")
    if fields.get("fallbacks"):
        _models(fields["fallbacks"], "fallbacks")
    if fields.get("prompt_id"):
        found = Prompt.objects.current().filter(pk=fields["prompt_id"])
        if not found.exists():
            raise _wrong("prompt_id", _("This prompt does not exist."), "unknown_prompt")
    if fields.get("collections"):
        _collections(fields["collections"])
    unknown = sorted(set(fields.get("tools") or []) - KNOWN.keys())
    if unknown:
        sentence = _("There is no tool %(tool)s. Choose from: %(tools)s.")
        names = {"tool": unknown[0], "tools": ", ".join(KNOWN)}
        raise _wrong("tools", sentence % names, "unknown_tool")


def check_together(assistant: Assistant) -> None:
    if assistant.fallbacks and assistant.model_id is None:
        raise _wrong("fallbacks", _("Choose the model that is asked first."), "no_model")
    if assistant.model_id in assistant.fallbacks:
        raise _wrong("fallbacks", _("A model cannot be its own fallback."), "own_fallback")


def labels(assistant: Assistant) -> dict[str, str]:
    """The names of its models and collections by id; of what is gone, the name it had."""
    models = {key for key in (assistant.model_id, *assistant.fallbacks) if key}
    named: dict[UUID, str] = dict(
        LanguageModel.objects.filter(pk__in=models).values_list("pk", "display_name")
    )
    named |= {one.pk: one.name for one in Collection.objects.filter(pk__in=assistant.collections)}
    kept = {str(key) for key in (*models, *assistant.collections)} & assistant.labels.keys()
    before = {key: assistant.labels[key] for key in kept}
    return before | {str(key): name for key, name in named.items()}


def _models(ids: Some[UUID], field: str) -> None:
    _once(ids, field)
    if LanguageModel.objects.filter(pk__in=ids).count() < len(ids):
        raise _wrong(field, _("There is no such model."), "unknown_model")


def _collections(ids: Some[UUID]) -> None:
    _once(ids, "collections")
    found = list(Collection.objects.filter(pk__in=ids))
    if len(found) < len(ids):
        raise _wrong("collections", _("There is no such collection."), "unknown_collection")
    if not all(one.is_shareable for one in found):
        raise _wrong(
            "collections",
            _(
                "Somebody's own documents and the files of a chat cannot be given to an assistant. "
                "Make a collection for them."
            ),
            "not_shareable",
        )


def _once(ids: Some[UUID], field: str) -> None:
    if len(set(ids)) < len(ids) or len(ids) > MOST:
        sentence = _("Name each one once, and at most %d of them.") % MOST
        raise _wrong(field, sentence, "invalid")


def _wrong(field: str, sentence: str, code: str) -> Invalid:
    return Invalid(sentence, code=code, extra={"errors": [{"field": field, "message": sentence}]})
