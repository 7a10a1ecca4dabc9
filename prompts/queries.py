"""Read side of the prompts."""

from django.db.models import OuterRef, Q, QuerySet, Subquery

from prompts.models import Prompt, PromptVersion


def active_prompt() -> Prompt | None:
    """The one a new session gets when it names none."""
    return Prompt.objects.filter(is_active=True).first()


def listed_prompts(search: str = "") -> QuerySet[Prompt]:
    """Prompts that can still be chosen, newest first, with the number of their newest `version`;
    every word of `search` must occur."""
    newest = PromptVersion.objects.filter(prompt=OuterRef("pk")).order_by("-number")
    prompts = Prompt.objects.current().annotate(version=Subquery(newest.values("number")[:1]))
    for word in search.replace("\x00", " ").split()[:10]:
        prompts = prompts.filter(
            Q(name__icontains=word) | Q(description__icontains=word) | Q(content__icontains=word)
        )
    return prompts
