"""What is in the archive: written one chat and one file at a time, so memory stays flat."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat import export
from chat.models import Session
from chat.queries import branch, every_message
from chat.sharing import shares
from core.errors import NotFound
from documents import pictures
from documents.models import Collection, Document, Page, Picture
from documents.names import clean
from documents.services import original
from llm.models import ModelCall

PIECE = 1024 * 1024
LONGEST_NAME = 80
# Those of a format that is compressed already would only cost time.
STORED = (".pdf", ".docx", ".pptx", ".zip", ".png", ".jpg", ".jpeg")


def count(user: User) -> int:
    """Chats, files and pictures, the steps of `write`."""
    mine = (Document.objects.filter(owner=user), Picture.objects.filter(owner=user))
    return user.chat_sessions.count() + sum(rows.count() for rows in mine)


def write(user: User, target: Path, step: Callable[[], None]) -> None:
    """Write the archive of a person's own things; `step` is called after each chat and file.

    Raises whatever `step` raises, and OSError when the disk is full.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        archive.writestr("README.md", _readme(user))
        _json(archive, "account.json", _account(user))
        _lines(archive, "usage.jsonl", _usage(user))
        for number, pk in enumerate(_ids(Session.objects.filter(user=user)), 1):
            _chat(archive, number, pk)
            step()
        _lines(archive, "files.jsonl", _files(user))
        for number, pk in enumerate(_ids(Document.objects.filter(owner=user)), 1):
            _file(archive, number, pk)
            step()
        for number, pk in enumerate(_ids(Picture.objects.filter(owner=user)), 1):
            _picture(archive, number, pk)
            step()


def _ids(rows: Any) -> list[UUID]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _readme(user: User) -> str:
    return _(
        "# What Lontar keeps of %(name)s\n\n"
        "- account.json: your account, groups, collections, keys (without their secrets) and "
        "shared links\n"
        "- chats/: each chat as Markdown (the branch that is shown) and as JSON (all branches, "
        "sources, feedback)\n"
        "- files.jsonl and files/: what you uploaded, with its originals; of a file whose original "
        "was not kept, the text that was read from it\n"
        "- pictures/: what you brought to your questions, named in the chats\n"
        "- usage.jsonl: when a model was asked for you, and what that used\n"
    ) % {"name": user.get_full_name()}


def _account(user: User) -> dict[str, Any]:
    keys = user.api_keys.values("name", "prefix", "scopes", "created_at", "used_at", "revoked_at")
    links = shares(user).values("title", "created_at", "expires_at", "revoked_at")
    owned = Collection.objects.filter(owner=user).values("id", "name", "description", "kind")
    return {
        "id": user.pk,
        "email": user.email,
        "full_name": user.full_name,
        "role": user.role,
        "language": user.language,
        "theme": user.theme,
        "created_at": user.created_at,
        "last_active_at": user.last_active_at,
        "groups": list(user.course_groups.values_list("name", flat=True)),
        "collections": list(owned),
        "keys": list(keys),
        "shared_links": list(links),
    }


def _usage(user: User) -> Iterator[dict[str, Any]]:
    fields = "created_at kind provider model_name input_tokens output_tokens cost outcome".split()
    yield from ModelCall.objects.filter(user=user).order_by("pk").values(*fields).iterator()


def _files(user: User) -> Iterator[dict[str, Any]]:
    fields = "id original_filename title media_type file_size sha256 status uploaded_at".split()
    yield from Document.objects.filter(owner=user).order_by("pk").values(*fields).iterator()


def _chat(archive: zipfile.ZipFile, number: int, pk: UUID) -> None:
    session = Session.objects.select_related("model", "assistant_version").filter(pk=pk).first()
    if session is None:
        return  # deleted meanwhile
    every = every_message(session)
    name = f"chats/{number:04d} {_short(session.title or 'chat')}"
    shown = branch(every, session.leaf_id)
    archive.writestr(f"{name}.md", export.as_markdown(session, shown))
    _json(archive, f"{name}.json", export.structured(session, every))


def _file(archive: zipfile.ZipFile, number: int, pk: UUID) -> None:
    document = Document.objects.filter(pk=pk).first()
    if document is None:
        return
    name = f"files/{number:04d} {_short(document.original_filename)}"
    source_path = original(document)
    if source_path is None:
        _text(archive, f"{name}.txt", document)
        return
    how = zipfile.ZIP_STORED if name.lower().endswith(STORED) else zipfile.ZIP_DEFLATED
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = how
    with source_path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target, PIECE)


def _picture(archive: zipfile.ZipFile, number: int, pk: UUID) -> None:
    picture = Picture.objects.filter(pk=pk).first()
    if picture is None:
        return
    name = f"pictures/{number:04d} {_short(pictures.file_name(picture))}"
    with suppress(NotFound):  # its file is gone; the chat still names it
        archive.writestr(name, pictures.content(picture), zipfile.ZIP_STORED)


def _text(archive: zipfile.ZipFile, name: str, document: Document) -> None:
    pages = Page.objects.filter(document=document).order_by("number")
    with archive.open(name, "w", force_zip64=True) as target:
        for text in pages.values_list("text", flat=True).iterator(chunk_size=50):
            target.write(f"{text}\n\n".encode())


def _short(name: str) -> str:
    """A name that is no path and that every system can unpack."""
    name = re.sub(r'[<>:"/\\|?*]', " ", clean(name.replace("/", " ")))
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[:LONGEST_NAME].strip()}.{ending}"
    return name[:LONGEST_NAME].strip() or "unnamed"


def _json(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def _lines(archive: zipfile.ZipFile, name: str, rows: Iterator[dict[str, Any]]) -> None:
    with archive.open(name, "w", force_zip64=True) as target:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, default=_plain)
            target.write(f"{line}\n".encode())


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
