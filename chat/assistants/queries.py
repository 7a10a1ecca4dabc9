"""Reading assistants: who may use which, what is wrong with one, who answers in its chats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from chat.assistants.models import Assistant, AssistantVersion
from chat.assistants.tools import KNOWN
from core.errors import NotFound
from core.rows import row_of
from documents.models import Collection
from llm.models import LanguageModel
from llm.queries import fallback_chain, usable_models
from prompts.models import Prompt


def usable_by(user: User) -> QuerySet[Assistant]:
    """The assistants a user can begin a chat with, by name."""
    return Assistant.objects.usable_by(user)


def usable_prompts(user: User) -> QuerySet[Prompt]:
    """Those a chat can be begun with by their id: the active one, and those of the assistants
    that are open to the user. To admins all are."""
    found = Prompt.objects.current()
    if user.is_admin:
        return found
    through = usable_by(user).order_by().values("prompt")
    return found.filter(Q(is_active=True) | Q(pk__in=through))


def listed(user: User, search: str = "", archived: bool | None = False) -> QuerySet[Assistant]:
    """Admins also see what is switched off, and for True (None: with the others) the archive;
    every word of `search` must occur."""
    found = Assistant.objects.visible_to(user)
    if user.is_active and user.is_admin and archived is not False:
        found = Assistant.objects.exclude(archived_at=None) if archived else Assistant.objects.all()
    for word in search.replace("\x00", " ").split()[:10]:
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return found.select_related("prompt").prefetch_related("groups", "users")


def one(user: User, assistant_id: UUID) -> Assistant:
    """Raises NotFound alike for what is unknown and for what is not open to the user; admins also
    look at archived ones."""
    return row_of(listed(user, archived=None), assistant_id)


def usable(user: User, named: str) -> Assistant:
    """By id or name; raises NotFound for whatever is not open to the user."""
    found = usable_by(user)
    try:
        return row_of(found, UUID(named))
    except ValueError:
        by_name = found.filter(name__iexact=named).first()
    if by_name is None:
        raise NotFound
    return by_name


def answering(version: AssistantVersion) -> LanguageModel | None:
    """The model of an assistant, or who stands in for it; None when none of them can be asked."""
    if version.model_id is None:
        return usable_models().first()
    return next(iter(_chosen([version.model_id, *version.fallbacks])), None) or next(
        iter([] if version.fallbacks else chain(version, version.model_id)), None
    )


def chain(version: AssistantVersion | None, model_id: UUID, task: str = "") -> list[LanguageModel]:
    """Whom to ask after a model: the assistant's own list, or else the model's."""
    if version is not None and version.fallbacks:
        return [one for one in _chosen(version.fallbacks) if one.pk != model_id]
    model = LanguageModel(pk=model_id)
    return fallback_chain(model, task)


def _chosen(ids: Sequence[UUID]) -> list[LanguageModel]:
    found = {model.pk: model for model in usable_models().filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


@dataclass(frozen=True)
class Surroundings:
    """What assistants lean on, as it stands now, for one reader: read once for a whole list."""

    models: dict[UUID, LanguageModel]
    usable: set[UUID]
    collections: dict[UUID, Collection]
    readable: set[UUID]

    def name_of(self, written: Assistant | AssistantVersion, key: UUID) -> str:
        """The name of a model or a collection, also of one that is gone."""
        if key in self.models:
            return str(self.models[key].display_name)
        if key in self.collections:
            return self.collections[key].label
        return str(written.labels.get(str(key), key))


def surroundings(
    user: User,
    assistants: Iterable[Assistant | AssistantVersion],
    usable: Iterable[LanguageModel] | None = None,
    *,
    named: bool = True,
) -> Surroundings:
    """`usable` is what `usable_models` gives, where the caller has asked for that already; without
    `named` models and collections are left out, and only whether they can be used is told."""
    found = list(assistants)
    if usable is None:
        usable = usable_models().order_by()
    models = {key for one in found for key in (one.model_id, *one.fallbacks) if key}
    wanted = {key for one in found for key in one.collections}
    mine = Collection.objects.visible_to(user).filter(pk__in=wanted).order_by()
    return Surroundings(
        models=LanguageModel.objects.in_bulk(models) if named else {},
        usable={model.pk for model in usable},
        collections=Collection.objects.prefetch_related("groups").in_bulk(wanted) if named else {},
        readable=set(mine.values_list("pk", flat=True)),
    )


def known_tools(written: Any) -> list[str]:
    return [name for name in written.tools if name in KNOWN]
