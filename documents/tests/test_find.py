"""Find in a document, over all its pages."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents import page_search
from documents.models import Page
from documents.tests.pdfs import make_pdf

pytestmark = pytest.mark.django_db
PAGES = ["The knife cuts\nthe leaf.", "Nothing here.", "A KNIFE cuts the leaf. The knife's edge."]


def search(client: Any, document: Any, words: str) -> Any:
    return client.get(f"/api/v1/files/{document.id}/search", {"q": words}).json()


def test_words_are_found_on_every_page_over_line_breaks_and_case(
    alice: Any, api: Any, ingest: Any
) -> None:
    document = ingest(alice, make_pdf(PAGES))
    found = search(api(alice), document, "  knife   cuts the ")
    assert (found["total"], found["truncated"]) == (2, False)
    assert [match["page"] for match in found["matches"]] == [1, 3]
    first = found["matches"][0]
    text = Page.objects.get(document=document, number=1).text
    assert text[first["start"] : first["end"]] == first["match"] == ("knife cuts\nthe")
    assert (first["before"], first["after"]) == ("The ", " leaf.")
    rects = api(alice).get(
        f"/api/v1/files/{document.id}/pages/1",
        {"start": first["start"], "end": first["end"]},
    )
    assert len(rects.json()["rects"]) == 2  # two lines


def test_signs_are_words_and_not_patterns(alice: Any, api: Any, ingest: Any) -> None:
    document = ingest(alice, make_pdf(PAGES))
    for words, total in (("knife’s", 1), (".*", 0), ("(a+)+$", 0), ("%", 0), ("leaf.", 2)):
        if len(words) > 1:
            assert search(api(alice), document, words)["total"] == total, words


@pytest.mark.parametrize("words", ["", "a", "x" * 201])
def test_too_little_and_too_much_is_refused(alice: Any, api: Any, ingest: Any, words: str) -> None:
    document = ingest(alice, make_pdf(["One."]))
    answer = api(alice).get(f"/api/v1/files/{document.id}/search", {"q": words})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "q"


def test_a_long_book_is_searched_in_one_query(alice: Any, ingest: Any) -> None:
    document = ingest(alice, make_pdf(["One."]))
    Page.objects.filter(document=document).delete()
    Page.objects.bulk_create(
        Page(document=document, number=n, text="palm leaf " * 300, width=1, height=1)
        for n in range(1, 1001)
    )
    Page.objects.filter(document=document, number=777).update(text="A rare candlenut.")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert [p.page for p in page_search.find(alice, document.id, "candlenut").places] == [777]
    assert len([q for q in queries if "documents_page" in q["sql"]]) <= 2
    many = page_search.find(alice, document.id, "palm leaf")
    assert (len(many.places), many.truncated) == (page_search.MOST, True)


def test_head_says_what_get_would_and_sends_nothing(alice: Any, api: Any, upload: Any) -> None:
    data = make_pdf(PAGES)
    path = f"/api/v1/files/{upload(alice, data).id}/download"
    answer = api(alice).head(path, headers={"Range": "bytes=-10"})
    assert (answer.status_code, answer["Content-Length"]) == (206, "10")
    assert answer["Content-Range"] == f"bytes {len(data) - 10}-{len(data) - 1}/{len(data)}"
    assert not answer.streaming and answer.content == b""
    etag = answer["ETag"]
    for tags, status in ((f'"x", W/{etag}', 304), ("*", 304), (f'"y{etag[1:]}', 200)):
        assert api(alice).head(path, headers={"If-None-Match": tags}).status_code == status
