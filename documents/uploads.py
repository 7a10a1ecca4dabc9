"""Files on their way in: streamed to disk while they are hashed, stopped when too large."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from core.errors import TooLarge, Unavailable
from documents import quota
from documents.storage import CHUNK, Incoming, told_when_full

# Boundaries and form fields around the file itself.
ENVELOPE = 64 * 1024


def limit() -> int:
    """The largest file in bytes."""
    return int(settings.MAX_UPLOAD_MB) * 1024 * 1024


def too_large() -> TooLarge:
    return TooLarge(
        _("This file is larger than %(limit)d MB. Upload a smaller one, or split it.")
        % {"limit": settings.MAX_UPLOAD_MB}
    )


class ArrivedFile(UploadedFile):
    """What the form parser hands to the view: the file is on disk already."""

    def __init__(self, incoming: Incoming, name: str, content_type: str) -> None:
        super().__init__(None, name, content_type, incoming.size)
        self.incoming = incoming

    def close(self) -> None:
        """Drop the file unless it was kept: called when the request ends, however it ends."""
        self.incoming.discard()


class StreamingUpload(FileUploadHandler):
    """Writes each file of a form to storage as it arrives; memory holds one chunk at a time."""

    chunk_size = CHUNK

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.incoming: Incoming | None = None
        self.total = 0
        # What the person may keep, once that is known: see upload_api.
        self.use: quota.Use | None = None

    def most(self) -> int:
        """Bytes that may come in."""
        return limit()

    def too_large(self) -> TooLarge:
        return too_large()

    def check_length(self, declared: str | None) -> None:
        """Refuse by Content-Length, before a byte of the body is read; raises TooLarge."""
        if declared and declared.isdigit() and int(declared) > self.most() + ENVELOPE:
            raise self.too_large()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.incoming = Incoming()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.incoming is None:
            raise ValueError("data before the start of a file")
        # All files of one form together: many files must not pass where one would not.
        self.total += len(raw_data)
        if self.total > self.most():
            self.upload_interrupted()
            raise self.too_large()
        if self.use and self.use.room is not None and self.total > self.use.room:
            self.upload_interrupted()
            raise quota.full(self.use)
        try:
            with told_when_full():
                self.incoming.write(raw_data)
        except Unavailable:
            self.upload_interrupted()
            raise

    def file_complete(self, file_size: int) -> ArrivedFile:
        if self.incoming is None:
            raise ValueError("end before the start of a file")
        incoming, self.incoming = self.incoming, None
        return ArrivedFile(incoming, self.file_name or "", self.content_type or "")

    def upload_interrupted(self) -> None:
        if self.incoming is not None:
            self.incoming.discard()
            self.incoming = None
