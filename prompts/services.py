"""Write side of the prompts. Admins only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Invalid, NotFound
from core.rights import require_admin
from prompts import variables, versions
from prompts.defaults import TUTOR
from prompts.models import WRITTEN, Prompt, PromptVersion

# What of it the model is told.
TOLD = ("content", "task", "persona", "mission_objective")
# What {course} says where no assistant was chosen; instructions are in English.
NO_COURSE = "this course"
# Any number no other advisory lock of this product uses.
ACTIVATION_LOCK = 7_203_003


def get_prompt(*, actor: User, prompt_id: UUID) -> Prompt:
    require_admin(actor)
    prompt = Prompt.objects.filter(pk=prompt_id).first()
    if prompt is None:
        raise NotFound
    return prompt


def create_prompt(*, actor: User, **fields: Any) -> Prompt:
    require_admin(actor)
    with transaction.atomic():
        return _write(Prompt(created_by=actor), fields, actor)


def update_prompt(
    *, actor: User, prompt_id: UUID, version: int | None = None, **fields: Any
) -> Prompt:
    """`version` is the number of the version that was read: where there is a newer one this raises
    Conflict (code changed_meanwhile) and changes nothing."""
    with transaction.atomic():
        prompt = _locked(actor, prompt_id)
        require_unchanged(prompt, version)
        return _write(prompt, fields, actor)


def require_unchanged(prompt: Prompt, version: int | None) -> None:
    """The caller holds the row's lock."""
    newest = versions.latest(prompt)
    now = newest.number if newest else 0
    if version is not None and version != now:
        raise Conflict(
            _("Somebody else has changed this prompt meanwhile. Look at it again first."),
            code="changed_meanwhile",
            extra={"version": now},
        )


def activate_prompt(*, actor: User, prompt_id: UUID) -> Prompt:
    """Make this the one active prompt. Of several at once the last one wins, never two."""
    require_admin(actor)
    with transaction.atomic():
        _one_activation_at_a_time()
        prompt = _locked(actor, prompt_id)
        Prompt.objects.filter(is_active=True).exclude(pk=prompt.pk).update(is_active=False)
        prompt.is_active = True
        prompt.save(update_fields=["is_active", "updated_at"])
    return prompt


def delete_prompt(*, actor: User, prompt_id: UUID) -> None:
    """Delete it, or archive it when sessions were held with it: they keep their instruction."""
    require_admin(actor)
    with transaction.atomic():
        _one_activation_at_a_time()
        prompt = _locked(actor, prompt_id)
        if prompt.is_active:
            raise Conflict(
                _("This prompt is the active one. Activate another one first, then delete it."),
                code="prompt_active",
            )
        try:
            with transaction.atomic():
                prompt.delete()
        except ProtectedError:
            Prompt.objects.filter(pk=prompt_id).update(archived_at=timezone.now())


@dataclass(frozen=True)
class Preview:
    """The four fields filled in, in the order in which the model is told them; which names were
    used and by what; which stand for nothing, with a sentence about each."""

    fields: dict[str, str]
    variables: list[dict[str, str]]
    unknown: list[str]
    problems: list[str]


def preview(*, actor: User, prompt_id: UUID, values: Mapping[str, str]) -> Preview:
    """What the model would be told; a value that is not given is that of the one who asks.

    Texts among the values (TOLD) take the place of the prompt's own, to look at before saving.
    """
    prompt = get_prompt(actor=actor, prompt_id=prompt_id)
    given = {
        "student_name": actor.full_name,
        "course": NO_COURSE,
        "language": language_name(actor.language or get_language() or ""),
        **values,
    }
    texts = {name: values.get(name, getattr(prompt, name)) for name in TOLD}
    whole = "\n".join(texts.values())
    return Preview(
        fields={name: variables.fill(text, given) for name, text in texts.items()},
        variables=[
            {"name": name, "value": given[name], "meaning": str(variables.VARIABLES[name])}
            for name in variables.used(whole)
        ],
        unknown=variables.unknown(whole),
        problems=variables.problems(whole),
    )


def version_of(prompt: Prompt) -> PromptVersion:
    """What the prompt says now, as sessions keep it."""
    # A prompt that was put into the database by hand has none yet.
    return versions.latest(prompt) or versions.record(prompt, None)


def told(
    version: PromptVersion, *, student_name: str, course: str, language: str
) -> dict[str, str]:
    """The four fields of a version with the names in braces filled in; `language` is a code."""
    values = {
        "student_name": student_name,
        "course": course or NO_COURSE,
        "language": language_name(language),
    }
    return {name: variables.fill(getattr(version, name), values) for name in TOLD}


def language_name(code: str) -> str:
    """The language's English name, as instructions are read best in English."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code


def ensure_default_prompt() -> Prompt:
    """Called on every start: a prompt is active afterwards; a choice already made is kept."""
    with transaction.atomic():
        _one_activation_at_a_time()
        active = Prompt.objects.filter(is_active=True).first()
        if active is not None:
            return active
        prompt = Prompt.objects.current().filter(name=TUTOR["name"]).first() or Prompt(**TUTOR)
        prompt.is_active = True
        prompt.save()
        versions.record(prompt, None)
    return prompt


def _locked(actor: User, prompt_id: UUID) -> Prompt:
    require_admin(actor)
    prompt = Prompt.objects.select_for_update().current().filter(pk=prompt_id).first()
    if prompt is None:
        raise NotFound
    return prompt


def _one_activation_at_a_time() -> None:
    # Without it two activations each clear the rows they see and then meet in the constraint:
    # one of two correct requests would fail. The lock ends with the transaction.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ACTIVATION_LOCK])


def _write(prompt: Prompt, fields: dict[str, Any], writer: User) -> Prompt:
    unknown = fields.keys() - set(WRITTEN)
    if unknown:
        raise TypeError(f"A prompt has no field {', '.join(sorted(unknown))}.")
    for name, value in fields.items():
        setattr(prompt, name, value.strip())
    try:
        prompt.clean_fields()
    except ValidationError as error:
        raise Invalid(
            _("Some fields need another value."),
            extra={
                "errors": [
                    {"field": name, "message": " ".join(messages)}
                    for name, messages in error.message_dict.items()
                ]
            },
        ) from error
    prompt.save()
    versions.record(prompt, writer)
    return prompt
