"""Pictures on their way into a chat: drawn anew by a confined process, kept once, cleared away."""

import io
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image, PngImagePlugin

from accounts.models import User
from core.errors import Invalid, NotFound, TooLarge
from documents import collections, pictures, quota, stock, storage
from documents.asking import reading_as
from documents.ingest import redrawing
from documents.ingest.redrawing import redraw
from documents.models import Collection, Picture, UploadQuota
from documents.tests.conftest import media

__all__ = ["media"]
SECRET = b"kunang-kunang"


def saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def drawing(size: tuple[int, int] = (40, 20), colour: str = "navy", kind: str = "PNG") -> bytes:
    return saved(Image.new("RGB", size, colour), kind)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_each_kind_becomes_png_or_jpeg(kind: str) -> None:
    drawn = redraw(drawing(kind=kind))
    assert (drawn.width, drawn.height) == (40, 20)
    assert drawn.media_type == ("image/jpeg" if kind == "JPEG" else "image/png")
    red, _green, blue = opened(drawn.content).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert blue > red + 60


def test_a_photograph_is_turned_upright_and_tells_no_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "S"
    photo = saved(Image.new("RGB", (60, 30), "teal"), "JPEG", exif=exif, comment=SECRET)
    assert SECRET in photo
    drawn = redraw(photo)
    assert (drawn.width, drawn.height) == (30, 60)
    assert SECRET not in drawn.content and not opened(drawn.content).getexif()


def test_nothing_but_pixels_is_taken_over() -> None:
    """A second file behind the first, words inside, and a page that a browser might run."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>", zip=False)
    polyglot = saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG", pnginfo=info) + b"PK\x03\x04"
    drawn = redraw(polyglot + SECRET)
    assert b"script" not in drawn.content and SECRET not in drawn.content
    # What is clear becomes white: black words on nothing are black on black for a model.
    assert opened(drawn.content).convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_a_large_one_is_made_smaller_and_a_noisy_one_becomes_jpeg() -> None:
    noise = Image.effect_noise((3000, 1500), 90).convert("RGB")
    drawn = redraw(saved(noise, "PNG", compress_level=1))
    assert (drawn.width, drawn.height, drawn.media_type) == (2048, 1024, "image/jpeg")


def bomb(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + rows


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no_picture"),
        (b"%PDF-1.7", "no_picture"),
        (b"", "no_picture"),
        (b"BM" + bytes(60), "no_picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "damaged_picture"),
        (drawing((400, 400))[:60], "damaged_picture"),
        (b"GIF89a" + b"\xff" * 40, "damaged_picture"),
        (bomb(60_000, 60_000), "picture_pixels"),
        (bomb(8_000, 7_000), "picture_pixels"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        redraw(content)
    assert refused.value.code == code and str(refused.value).endswith(".")


def test_a_child_that_dies_is_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrawing.sys, "executable", "/bin/false")
    with pytest.raises(Invalid) as refused:
        redraw(drawing())
    assert refused.value.code == "damaged_picture"


@pytest.fixture
def chat(alice: User) -> Collection:
    return collections.chat_collection(alice, "Sky")


def bring(actor: User, chat: Collection, content: bytes = b"", name: str = "sky.png") -> Picture:
    found, _is_new = pictures.bring(
        actor=actor, collection=chat, name=name, content=content or drawing()
    )
    return found


@pytest.mark.django_db
def test_the_same_bytes_in_one_chat_are_one_picture(alice: User, chat: Collection) -> None:
    first = bring(alice, chat)
    assert bring(alice, chat) == first
    other = bring(alice, collections.chat_collection(alice, "Sea"))
    assert other != first and other.filename != first.filename
    assert pictures.content(first) == pictures.content(other)
    assert storage.path_of(first.filename).stat().st_size == first.file_size


@pytest.mark.django_db
def test_it_counts_towards_what_a_person_may_keep(alice: User, chat: Collection) -> None:
    UploadQuota.objects.create(id=1, files=1)
    bring(alice, chat)
    assert quota.of(alice).files == 1 and quota.of(alice).bytes > 0
    with pytest.raises(TooLarge) as refused:
        bring(alice, chat, drawing(colour="red"))
    assert refused.value.code == "quota_files" and Picture.objects.count() == 1
    with pytest.raises(TooLarge):
        bring(alice, chat, bytes(pictures.LARGEST + 1))


@pytest.mark.django_db
def test_files_go_with_their_rows_and_no_sooner(
    alice: User, chat: Collection, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    taken, offered, fresh = (bring(alice, chat, drawing(colour=c)) for c in ("red", "blue", "tan"))
    pictures.take(chat.pk, [taken.pk])
    long_ago = timezone.now() - timedelta(days=2)
    Picture.objects.filter(pk__in=[taken.pk, offered.pk]).update(created_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        assert pictures.sweep() == 1
    assert {*Picture.objects.all()} == {taken, fresh}
    assert not storage.exists(offered.filename) and storage.exists(taken.filename)
    assert stock.take().orphans == 0
    with django_capture_on_commit_callbacks(execute=True):
        collections.delete_collection(actor=alice, collection_id=chat.pk, documents="delete")
    assert not storage.exists(taken.filename) and not Picture.objects.exists()
    with pytest.raises(NotFound):
        pictures.content(taken)


@pytest.mark.django_db
def test_a_question_takes_only_pictures_of_its_chat(alice: User, chat: Collection) -> None:
    mine = bring(alice, chat)
    theirs = bring(alice, collections.chat_collection(alice, "Sea"))
    for ids in ([theirs.pk], [mine.pk, theirs.pk]):
        with pytest.raises(NotFound):
            pictures.take(chat.pk, ids)
    with pytest.raises(NotFound):
        pictures.take(None, [mine.pk])
    assert not Picture.objects.filter(is_used=True).exists()
    assert pictures.take(chat.pk, [mine.pk, mine.pk]) == [mine]


@pytest.mark.django_db
def test_postgresql_hides_it_from_others(
    alice: User, bob: User, admin: User, chat: Collection
) -> None:
    """The second wall: a query that leaves out its own filter."""
    bring(alice, chat)

    def seen(user: User) -> int:
        with reading_as(user), connection.cursor() as cursor:
            cursor.execute("select count(*) from documents_picture")
            return int(cursor.fetchone()[0])

    assert (seen(alice), seen(bob), seen(admin)) == (1, 0, 1)
