"""Read side of the prompts."""

from django.db.models import Q, QuerySet

from prompts.models import Prompt


def active_prompt() -> Prompt | None:
    """The one a new session gets when it names none."""
    return Prompt.objects.filter(is_active=True).first()


def listed_prompts(search: str = "") -> QuerySet[Prompt]:
    """Prompts that can still be chosen, newest first; every word of `search` must occur."""
    prompts = Prompt.objects.current()
    for word in search.replace("\x00", " ").split()[:10]:
        prompts = prompts.filter(
            Q(name__icontains=word) | Q(description__icontains=word) | Q(content__icontains=word)
        )
    return prompts
