"""Postings of an older tokeniser are written again from the stored passages."""

import pytest

from accounts.models import User
from documents import lexical
from documents.ingest.postings import rewrite_outdated
from documents.models import Document, Posting
from rag.tests.library import collection, document

pytestmark = pytest.mark.django_db


def test_old_postings_are_written_again_once(alice: User) -> None:
    row = document(collection(alice), alice, "a.txt", ["The heart pumps.", "Blood."], [0, 1])
    Posting.objects.update(page_numbers=[], page_weights=[])
    Posting.objects.filter(term=lexical.term("blood")).delete()
    assert rewrite_outdated() == 1
    assert Document.objects.get(id=row.pk).lexical_version == lexical.VERSION
    blood = Posting.objects.get(term=lexical.term("blood"))
    assert blood.page_numbers == [2] and 0 < blood.page_weights[0] < 1
    assert rewrite_outdated() == 0
