"""Static files as they come over the wire: whole, in ranges, compressed, unchanged, in pieces."""

import asyncio
import gzip
import warnings

import pytest
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from config import static
from config.static import PIECE, StaticFiles
from tests.patience import PATIENCE

SMALL = b"body { color: red }\n" * 100
LARGE = bytes(range(256)) * (PIECE // 256 * 3) + b"the end"


@pytest.fixture
def folder(tmp_path, settings):
    (tmp_path / "small.css").write_bytes(SMALL)
    (tmp_path / "small.css.gz").write_bytes(gzip.compress(SMALL))
    (tmp_path / "large.bin").write_bytes(LARGE)
    (tmp_path / "exact.bin").write_bytes(LARGE[:PIECE])
    (tmp_path / "empty.css").write_bytes(b"")
    settings.STATIC_ROOT = str(tmp_path)
    settings.WHITENOISE_USE_FINDERS = False
    settings.WHITENOISE_AUTOREFRESH = False
    return tmp_path


async def _page(request):
    return HttpResponse("a page")


@pytest.fixture
def serve(folder):
    middleware = StaticFiles(_page)

    async def ask(path, method="get", **headers):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as that of a sync iterator
            request = getattr(AsyncRequestFactory(), method)(path, headers=headers)
            answer = await middleware(request)
            if answer.streaming:
                assert answer.is_async
                body = b"".join([piece async for piece in answer])
            else:
                body = answer.content
            answer.close()
        return answer, body

    return ask


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("small.css", SMALL),
        ("large.bin", LARGE),
        ("exact.bin", LARGE[:PIECE]),
        ("empty.css", b""),
    ],
)
async def test_a_file_comes_whole_with_its_length(serve, name, body):
    answer, got = await serve(f"/static/{name}")
    assert (answer.status_code, got) == (200, body)
    assert answer["Content-Length"] == str(len(body))
    assert answer["ETag"] and answer["Last-Modified"]


async def test_a_type_is_sent_and_only_that(serve):
    assert (await serve("/static/small.css"))[0]["Content-Type"].startswith("text/css")
    kind = (await serve("/static/large.bin"))[0]["Content-Type"]
    assert kind == "application/octet-stream"


async def test_head_has_the_headers_and_no_body(serve):
    answer, got = await serve("/static/large.bin", "head")
    assert (answer.status_code, got) == (200, b"")
    assert answer["Content-Length"] == str(len(LARGE))


async def test_who_takes_it_compressed_gets_it_so(serve):
    answer, got = await serve("/static/small.css", **{"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip" and answer["Vary"] == "Accept-Encoding"
    assert gzip.decompress(got) == SMALL


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=10-19", 10, 20), ("bytes=100-", 100, len(LARGE)), ("bytes=-7", -7, len(LARGE))],
)
async def test_a_range(serve, wanted, start, end):
    answer, got = await serve("/static/large.bin", Range=wanted)
    assert (answer.status_code, got) == (206, LARGE[start:end])
    assert answer["Content-Length"] == str(len(got))
    assert answer["Content-Range"].endswith(f"/{len(LARGE)}")


async def test_a_range_beyond_the_end(serve):
    answer, got = await serve("/static/large.bin", Range=f"bytes={len(LARGE) + 5}-")
    assert (answer.status_code, got) == (416, b"")


async def test_what_has_not_changed_is_not_sent_again(serve):
    tag = (await serve("/static/large.bin"))[0]["ETag"]
    answer, got = await serve("/static/large.bin", **{"If-None-Match": tag})
    assert (answer.status_code, got) == (304, b"")


async def test_nothing_is_written_there(serve):
    answer, _ = await serve("/static/small.css", "post")
    assert answer.status_code == 405 and answer["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/static/none.css", "/static/../config/settings.py"])
async def test_everything_else_goes_on_to_the_product(serve, path):
    assert (await serve(path))[1] == b"a page"


async def test_the_loop_is_free_while_a_disk_is_slow(serve, monkeypatch):
    """Others are served while a file waits for its disk: both are there before either is read."""
    begin, entered, go = static._begin, asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(static_file, request):
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(PATIENCE)
        return begin(static_file, request)

    monkeypatch.setattr(static, "_begin", slow)
    waiting = asyncio.create_task(serve("/static/small.css"))
    await asyncio.wait_for(entered.wait(), PATIENCE)
    assert (await serve("/"))[1] == b"a page"
    go.set()
    assert (await waiting)[1] == SMALL


async def test_a_reader_who_leaves_leaves_no_open_file(folder):
    middleware = StaticFiles(_page)
    answer = await middleware(AsyncRequestFactory().get("/static/large.bin"))
    (close,) = answer._resource_closers
    async for _piece in answer:
        break
    answer.close()
    assert close.__self__.closed


@pytest.mark.django_db  # a closed answer looks at whatever connection an earlier test left open
def test_the_sync_way_is_whitenoises_own(folder):
    middleware = StaticFiles(lambda request: HttpResponse("a page"))
    answer = middleware(RequestFactory().get("/static/large.bin"))
    assert b"".join(answer) == LARGE
    answer.close()
