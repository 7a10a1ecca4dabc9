"""What a search could not look in: files that are still being read, or no material at all.

A student who brings a file and asks at once would be told that nothing is known of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import EmptyResultSet

from accounts.models import User
from documents.asking import reading_as
from documents.models import QA
from documents.queries import UNFINISHED
from rag.scopes import Scope, documents_in

# Enough to say which; a whole shelf may have been brought at once.
NAMED = 5


@dataclass(frozen=True)
class Unread:
    """`names` are of files that were never read before, newest first, at most five of `count`."""

    names: Sequence[str] = ()
    count: int = 0
    # There is nothing to look in, read or not.
    no_material: bool = False


def unread(user: User, scope: Scope, *, found: bool) -> Unread:
    """`found`: the search did find something, so there is material."""
    # In no language yet.
    documents = documents_in(user, replace(scope, language=None))
    with reading_as(user):
        try:
            waiting = documents.filter(status__in=UNFINISHED, processed_at=None).exclude(kind=QA)
            newest = waiting.order_by("-uploaded_at", "-id")
            names = list(newest.values_list("original_filename", flat=True))
            no_material = not (found or names or documents.exists())
        except EmptyResultSet:
            return Unread(no_material=True)
    return Unread(names[:NAMED], len(names), no_material)
