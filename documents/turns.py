"""Whose file is read next, when more wait than can be read at once.

Celery gives out messages of a lower number first. Who has few files waiting goes before who has
many: nobody waits behind another person's folder, and a folder is read in its order.
"""

from uuid import UUID

from django.db.models import Subquery

from documents.models import Document
from documents.queries import UNFINISHED

# Files of the same person that wait or are read already → the priority of the next one. Celery
# keeps a list for each of 0, 3, 6 and 9; the last is for what nobody waits for.
FIRST, SOON, LATER = 0, 3, 6
FEW, MANY = 3, 20


def priority(document_id: UUID) -> int:
    owner = Document.objects.filter(id=document_id).values("owner")
    others = Document.objects.filter(status__in=UNFINISHED, owner=Subquery(owner[:1]))
    before = others.exclude(id=document_id).count()
    return FIRST if before < FEW else SOON if before < MANY else LATER
