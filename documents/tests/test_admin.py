"""The Django admin: lists, search, filters and actions go through the services."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from documents.models import Chunk, Collection, Document
from documents.tests.pdfs import make_pdf

PDF = make_pdf(["Lontar leaves."])
BASE = "/admin/documents"


@pytest.mark.parametrize(
    "path",
    [
        "document/",
        "document/?q=lontar",
        "document/?status__exact=FAILED",
        "collection/?q=alice",
        "chunk/",
        "chunk/?q=file.pdf",
    ],
)
def test_lists_open_and_can_be_searched(
    admin: Any, alice: Any, api: Any, ingest: Any, path: str
) -> None:
    ingest(alice, PDF)
    assert api(admin).get(f"{BASE}/{path}").status_code == 200


def test_each_row_opens(admin: Any, alice: Any, api: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    chunk = Chunk.objects.get()
    for path in (
        f"document/{document.id}/change/",
        f"chunk/{chunk.id}/change/",
        f"collection/{document.collection_id}/change/",
        "collection/add/",
    ):
        assert api(admin).get(f"{BASE}/{path}").status_code == 200


def test_students_stay_outside(alice: Any, api: Any) -> None:
    assert api(alice).get(f"{BASE}/document/").status_code in (302, 403)


def test_the_retry_action_queues_failed_documents(
    admin: Any, alice: Any, api: Any, upload: Any
) -> None:
    failed, waiting = upload(alice, PDF), upload(alice, PDF + b" ")
    Document.objects.filter(id=failed.id).update(status="FAILED", error_code="internal")
    form = {"action": "retry", "_selected_action": [str(failed.id), str(waiting.id)]}
    assert _form(api(admin), f"{BASE}/document/", form).status_code == 302
    failed.refresh_from_db()
    assert (failed.status, failed.error_code) == ("UPLOADED", "")


def test_deleting_in_the_admin_removes_the_file(
    admin: Any, api: Any, ingest: Any, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    document = ingest(admin, PDF)
    with django_capture_on_commit_callbacks(execute=True):
        answer = _form(api(admin), f"{BASE}/document/{document.id}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Document.objects.exists()
    assert not [path for path in media.glob("**/*") if path.is_file()]


def test_an_admin_adds_a_shared_collection(admin: Any, api: Any) -> None:
    no_shares = {"shares-TOTAL_FORMS": "0", "shares-INITIAL_FORMS": "0"}
    form = {"name": "Kelas A", "description": "", "is_open": "on", "owner": "", **no_shares}
    answer = _form(api(admin), f"{BASE}/collection/add/", form)
    assert answer.status_code == 302, answer.context["errors"]
    assert Collection.objects.get().kind == "shared"


def _form(client: Any, path: str, data: dict[str, Any]) -> Any:
    return Client.post(client, path, data)
