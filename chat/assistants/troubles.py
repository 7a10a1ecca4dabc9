"""What is wrong with an assistant, in sentences: for those who can mend it, and for who asks it."""

from collections.abc import Iterator
from uuid import UUID

from django.utils.translation import gettext as _

from chat.assistants.models import Assistant
from chat.assistants.queries import Surroundings, chain
from chat.assistants.tools import DOCUMENT_SEARCH, KNOWN


def for_admins(assistant: Assistant, around: Surroundings) -> list[str]:
    """`assistant` with its prompt and groups loaded."""
    return [
        *_models(assistant, around),
        *_prompt(assistant),
        *_collections(assistant, around),
        *_tools(assistant),
        *_access(assistant, around),
    ]


def for_asker(assistant: Assistant, around: Surroundings) -> str:
    """Why an answer will not come, or rest on nothing; empty when all is well."""
    if not _can_answer(assistant, around):
        return _(
            "The model of this assistant cannot be asked right now. Choose another assistant or a "
            "model, or tell your lecturer."
        )
    searches = assistant.collections and DOCUMENT_SEARCH in assistant.tools
    if searches and not around.readable.intersection(assistant.collections):
        return _(
            "None of the material of this assistant is open to you, so it finds nothing. Ask your "
            "lecturer to open it to you."
        )
    return ""


def _can_answer(assistant: Assistant, around: Surroundings) -> bool:
    if assistant.model_id is None:
        return bool(around.usable)
    if around.usable.intersection([assistant.model_id, *assistant.fallbacks]):
        return True
    return not assistant.fallbacks and bool(chain(None, assistant.model_id))


def _models(assistant: Assistant, around: Surroundings) -> Iterator[str]:
    for key in filter(None, (assistant.model_id, *assistant.fallbacks)):
        name = {"model": around.name_of(assistant, key)}
        if key not in around.models:
            yield _("The model “%(model)s” was deleted. Choose another one.") % name
        elif key not in around.usable:
            yield (
                _(
                    "The model “%(model)s” cannot be asked: it is switched off, or its key is "
                    "missing."
                )
                % name
            )
    if not _can_answer(assistant, around):
        yield _("None of its models can be asked, so nobody gets an answer from it.")


def _prompt(assistant: Assistant) -> Iterator[str]:
    if assistant.prompt is not None and assistant.prompt.archived_at is not None:
        yield _(
            "The prompt “%(prompt)s” is archived. Chats go on with what it said last; choose "
            "another one."
        ) % {"prompt": assistant.prompt.name}


def _collections(assistant: Assistant, around: Surroundings) -> Iterator[str]:
    for key in assistant.collections:
        if key not in around.collections:
            yield _(
                "The collection “%(collection)s” was deleted. Nothing of it is found any more."
            ) % {"collection": around.name_of(assistant, key)}


def _tools(assistant: Assistant) -> Iterator[str]:
    for name in assistant.tools:
        if name not in KNOWN:
            yield _("There is no tool “%(tool)s” any more.") % {"tool": name}
    if assistant.collections and DOCUMENT_SEARCH not in assistant.tools:
        yield _("It has collections, but may not search: give it the tool for that.")


def _access(assistant: Assistant, around: Surroundings) -> Iterator[str]:
    """An assistant opens no collection: whoever may ask it must be able to read them, too."""
    if not assistant.is_active:
        yield _("It is switched off: nobody can ask it.")
    groups = list(assistant.groups.all())
    if not (assistant.is_open or groups or assistant.users.all()):
        yield _("It is open to nobody yet.")
    for key in assistant.collections:
        collection = around.collections.get(key)
        if collection is None or collection.is_open:
            continue
        names = {"collection": collection.label}
        if assistant.is_open:
            yield (
                _(
                    "Everybody may ask it, but the collection “%(collection)s” is not open to "
                    "everybody: the others find nothing of it."
                )
                % names
            )
        reading: set[UUID] = {group.pk for group in collection.groups.all()}
        for group in groups:
            if group.pk not in reading:
                yield _(
                    "The group “%(group)s” may ask it, but cannot read the collection "
                    "“%(collection)s”: its members find nothing of it."
                ) % {**names, "group": group.name}
