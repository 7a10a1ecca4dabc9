"""Every text a prompt ever had: kept, compared, brought back."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from core.errors import Forbidden, NotFound
from prompts.models import WRITTEN, Prompt, PromptVersion

# Words, and the blanks between them: joined they give the text back.
WORDS = re.compile(r"\s+|\S+")
Kind = Literal["same", "added", "removed"]


@dataclass(frozen=True)
class Part:
    kind: Kind
    text: str


def record(prompt: Prompt, writer: User | None, restored: int | None = None) -> PromptVersion:
    """Keep what `prompt` says now; nothing new where the newest version says the same.

    The caller holds the row's lock or has just made it: numbers are taken one after the other.
    """
    newest = latest(prompt)
    if newest is not None and all(
        getattr(newest, name) == getattr(prompt, name) for name in WRITTEN
    ):
        return newest
    return PromptVersion.objects.create(
        prompt=prompt,
        number=(newest.number if newest else 0) + 1,
        restored=restored,
        created_by=writer,
        **{name: getattr(prompt, name) for name in WRITTEN},
    )


def _says_the_same(version: PromptVersion, prompt: Prompt) -> bool:
    return all(getattr(version, name) == getattr(prompt, name) for name in WRITTEN)


def latest(prompt: Prompt) -> PromptVersion | None:
    return PromptVersion.objects.filter(prompt=prompt).order_by("-number").first()


def listed(*, actor: User, prompt_id: UUID) -> QuerySet[PromptVersion]:
    """Newest first; of an archived prompt too."""
    if not actor.is_admin:
        raise Forbidden
    if not Prompt.objects.filter(pk=prompt_id).exists():
        raise NotFound
    return PromptVersion.objects.filter(prompt_id=prompt_id).select_related("created_by")


def one(*, actor: User, prompt_id: UUID, number: int) -> PromptVersion:
    found = listed(actor=actor, prompt_id=prompt_id).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def restore(*, actor: User, prompt_id: UUID, number: int) -> Prompt:
    """Make the prompt say what it said then, as a new version: nothing is taken away."""
    version = one(actor=actor, prompt_id=prompt_id, number=number)
    with transaction.atomic():
        prompt = Prompt.objects.select_for_update().current().filter(pk=prompt_id).first()
        if prompt is None:
            raise NotFound
        for name in WRITTEN:
            setattr(prompt, name, getattr(version, name))
        prompt.save()
        record(prompt, actor, restored=number)
    return prompt


def differences(old: PromptVersion, new: PromptVersion) -> dict[str, list[Part]]:
    """Word by word, for each field that changed: {field: [Part]}."""
    return {
        name: compare(getattr(old, name), getattr(new, name))
        for name in WRITTEN
        if getattr(old, name) != getattr(new, name)
    }


def compare(old: str, new: str) -> list[Part]:
    """`removed` and `same` parts joined give `old`; `added` and `same` give `new`."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    parts: list[Part] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for _tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if before[i1:i2] == after[j1:j2]:
            parts.append(Part("same", "".join(before[i1:i2])))
            continue
        if i1 < i2:
            parts.append(Part("removed", "".join(before[i1:i2])))
        if j1 < j2:
            parts.append(Part("added", "".join(after[j1:j2])))
    return _readable(parts)


def _readable(parts: list[Part]) -> list[Part]:
    """Changes with but a blank between them as one: "Be brief" → "Use words", not word by word."""
    found: list[Part] = []
    changed: list[Part] = []
    for part in [*parts, Part("same", "")]:
        if part.kind != "same" or (changed and part.text and not part.text.strip(" ")):
            changed.append(part)
            continue
        # A blank behind the last change is none between two.
        behind = [changed.pop()] if changed and changed[-1].kind == "same" else []
        removed = "".join(row.text for row in changed if row.kind != "added")
        added = "".join(row.text for row in changed if row.kind != "removed")
        now = [Part("removed", removed), Part("added", added), *behind, part]
        found += [row for row in now if row.text]
        changed = []
    return found
