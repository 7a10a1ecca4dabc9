"""Web sources from the address to the chunks: real fetching, the real pipeline, a fake embedder."""

import errno
import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import Conflict, Forbidden, Invalid
from documents import storage, tasks
from documents.collections import default_collection
from documents.ingest import pipeline
from documents.models import Chunk, Document, WebPage, WebSource
from documents.tests.pdfs import make_pdf
from documents.tests.web_server import Names, Site, leads_to, serving
from documents.web import lease as web_lease
from documents.web import services, work
from documents.web.fetching import Fetcher
from documents.web.reasons import sentence

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>
<meta name="description" content="How fireflies glow."></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<main><h1>{title}</h1>{body}</main><footer>Copyright of nobody</footer></body></html>"""
FIRST = "<h2>Light</h2><p>" + "The firefly glows because luciferin meets oxygen. " * 12 + "</p>"
SECOND = "<h2>Rhythm</h2><p>" + "Males of one species flash in their own rhythm. " * 12 + "</p>"


def page(*parts: str, title: str = "Fireflies") -> str:
    return PAGE.format(title=title, body="".join(parts))


@pytest.fixture
def site(settings: Any, monkeypatch: pytest.MonkeyPatch, fresh_limits: None) -> Iterator[Site]:
    with serving() as site:
        settings.WEB_SOURCES_ALLOW = [f"good.example:{site.port}"]
        settings.WEB_SOURCES_SECONDS = 5
        settings.WEB_SOURCES_PAUSE = 0
        names = Names(good_example=[["127.0.0.1"]])
        monkeypatch.setattr(work, "Fetcher", lambda: Fetcher(resolve=names))
        yield site


@pytest.fixture
def told(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the sources sent to the workers."""
    ids: list[str] = []
    monkeypatch.setattr(tasks.read_web, "apply_async", lambda args, **_o: ids.append(args[0]))
    return ids


Add = Callable[..., WebSource]


@pytest.fixture
def add(site: Site, admin: Any, told: list[str], embedder: Any, committed: Any) -> Add:
    """Add a source and read it with all its documents."""

    def put(path: str = "/", **options: Any) -> WebSource:
        with committed():
            url = f"http://good.example:{site.port}{path}"
            source = services.add(actor=admin, url=url, **options)
        return read(source, committed)

    return put


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def read(source: WebSource, committed: Any) -> WebSource:
    with committed():
        work.run(source.id)
    for document in Document.objects.filter(web_page__source=source):
        pipeline.run(document.id)
    source.refresh_from_db()
    return source


def again(source: WebSource, committed: Any) -> WebSource:
    with committed():
        services.refresh(actor=source.added_by, source_id=source.id)
    return read(source, committed)


def document_of(source: WebSource) -> Document:
    return Document.objects.get(web_page__source=source)


def test_a_page_becomes_a_document_of_its_main_text(add: Add, site: Site, told: list[str]) -> None:
    site.put("/", page(FIRST, SECOND))
    source = add()
    assert told == [str(source.id)]
    assert (source.status, source.error_code) == ("READY", "")
    document = document_of(source)
    assert (document.status, document.kind, document.error_code) == ("PROCESSED", "html", "")
    assert document.source_url == source.url == f"http://good.example:{site.port}/"
    assert (document.title, document.original_filename) == ("Fireflies", "Fireflies")
    assert document.description == "How fireflies glow."
    assert document.fetched_at and timezone.now() - document.fetched_at < timedelta(minutes=1)
    text = "\n".join(document.pages.values_list("text", flat=True))
    assert "luciferin" in text and "rhythm" in text
    assert "About us" not in text and "Copyright" not in text
    assert source.next_check_at and source.next_check_at > timezone.now() + timedelta(days=6)


def test_a_pdf_behind_an_address_is_read_as_one(add: Add, site: Site) -> None:
    site.put("/slides", make_pdf(["Palm leaves are written on."]), "application/pdf")
    document = document_of(add("/slides"))
    assert (document.kind, document.status, document.page_count) == ("pdf", "PROCESSED", 1)
    site.put("/wrong", make_pdf(["A PDF that calls itself a page."]))
    assert Document.objects.get(web_page__source=add("/wrong")).kind == "pdf"


def test_text_in_the_encoding_that_the_header_tells(add: Add, site: Site) -> None:
    text = "Žluťoučký kůň úpěl ďábelské ódy, and so did everybody else in the stable."
    body = page(f"<p>{text}</p>").encode("iso-8859-2")
    site.put("/", body, "text/html; charset=ISO-8859-2")
    assert text in document_of(add()).pages.get().text


def test_the_same_page_is_asked_for_by_its_validators(
    add: Add, site: Site, committed: Any, embedder: Any
) -> None:
    body = page(FIRST).encode()

    def answer(request: Any) -> None:
        if request.headers["If-None-Match"] == '"v1"':
            request.answer(304, b"")
        else:
            request.answer(200, body, Content_Type="text/html", ETag='"v1"')

    site.pages["/"] = answer
    source = add()
    before, asked = document_of(source), len(embedder.batches)
    source = again(source, committed)
    after = document_of(source)
    assert source.status == "READY"
    assert after.fetched_at > before.fetched_at
    assert (after.filename, after.processed_at) == (before.filename, before.processed_at)
    assert len(embedder.batches) == asked


def test_a_page_that_says_the_same_in_new_bytes_keeps_everything(
    add: Add, site: Site, committed: Any, embedder: Any
) -> None:
    """Advertisements and tokens change with every request; the text does not."""
    site.put("/", page(FIRST, SECOND).replace("About us", "Token 1"))
    source = add()
    chunks, asked = list(rows(source)), len(embedder.batches)
    site.put("/", page(FIRST, SECOND).replace("About us", "Token 2"))
    source = again(source, committed)
    assert document_of(source).status == "PROCESSED"
    assert list(rows(source)) == chunks
    assert len(embedder.batches) == asked


def test_what_changed_is_read_anew_and_only_new_text_embedded(
    add: Add, site: Site, committed: Any, embedder: Any
) -> None:
    site.put("/", page(FIRST, SECOND))
    source = add()
    asked = len(embedder.batches)
    new = "<h2>Larvae</h2><p>" + "The larvae glow as well, to warn whoever eats. " * 5 + "</p>"
    site.put("/", page(new, FIRST))
    source = again(source, committed)
    embedded = [text for batch in embedder.batches[asked:] for text in batch]
    assert embedded and all("larvae" in text for text in embedded)
    after = [row["text"] for row in rows(source)]
    assert any("luciferin" in text for text in after)
    assert not any("rhythm" in text for text in after)
    numbers = [row["ordinal"] for row in rows(source)]
    assert numbers == list(range(len(numbers)))
    for chunk in Chunk.objects.filter(document=document_of(source)):
        whole = chunk.document.pages.get(number=chunk.page).text
        assert whole[chunk.start : chunk.end] == chunk.text
        assert chunk.vectors.count() == 1


def rows(source: WebSource) -> Any:
    names = ("id", "ordinal", "page", "start", "end", "heading", "text")
    found = Chunk.objects.filter(document__web_page__source=source)
    return found.order_by("ordinal").values(*names)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "forbidden"),
        (403, "forbidden"),
        (404, "gone"),
        (410, "gone"),
        (429, "busy"),
        (500, "server"),
        (418, "status"),
    ],
)
def test_each_failure_is_a_sentence(add: Add, site: Site, status: int, code: str) -> None:
    site.pages["/"] = lambda request: request.answer(status, b"no")
    source = add()
    assert (source.status, source.error_code) == ("FAILED", code)
    assert source.error.endswith(".")
    assert source.pages.get().error_code == code and not Document.objects.exists()
    soon = source.next_check_at < timezone.now() + timedelta(hours=2)
    assert soon == (code in ("busy", "server"))


@pytest.mark.parametrize("moment", ["write", "keep"])
def test_a_full_disk_is_its_own_sentence(
    add: Add, site: Site, monkeypatch: pytest.MonkeyPatch, moment: str, media: Any
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    site.put("/", page(FIRST))
    monkeypatch.setattr(storage.Incoming, moment, full)
    source = add()
    assert (source.status, source.error_code) == ("FAILED", "disk")
    assert "disk is full" in source.error and source.error != sentence("internal")
    assert source.next_check_at < timezone.now() + timedelta(hours=2)
    assert not Document.objects.exists() and not any(storage.incoming_folder().iterdir())


def test_a_picture_and_an_empty_answer_are_no_page(add: Add, site: Site) -> None:
    site.put("/a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "application/octet-stream")
    assert add("/a").error_code == "wrong_type"
    site.put("/b", b"")
    assert add("/b").error_code == "empty"


def test_a_vanished_page_is_marked_after_three_failures_and_kept(
    add: Add, site: Site, committed: Any
) -> None:
    site.put("/", page(FIRST))
    source = add()
    del site.pages["/"]
    for number in (1, 2, 3):
        source = again(source, committed)
        row = source.pages.get()
        assert (row.error_code, row.failures) == ("gone", number)
        assert bool(row.gone_at) == (number == 3)
    assert document_of(source).status == "PROCESSED"
    site.put("/", page(FIRST))
    source = again(source, committed)
    row = source.pages.get()
    assert (source.status, row.gone_at, row.failures) == ("READY", None, 0)


def test_robots_are_respected_and_asked_once(add: Add, site: Site, committed: Any) -> None:
    rules = "User-agent: *\nDisallow: /private\n\nUser-agent: LontarBot\nDisallow: /closed/*/x$\n"
    site.put("/robots.txt", rules, "text/plain")
    site.put("/private", page(FIRST))
    site.put("/closed/a/x", page(FIRST))
    site.pages["/door"] = leads_to("/closed/a/x")
    assert add("/private").status == "READY"
    assert add("/closed/a/x").error_code == "robots"
    assert add("/door").error_code == "robots"
    assert site.paths.count("/robots.txt") == 1 and "/closed/a/x" not in site.paths


def test_without_robots_all_is_allowed_and_with_broken_ones_nothing(add: Add, site: Site) -> None:
    site.put("/a", page(FIRST))
    site.pages["/robots.txt"] = lambda request: request.answer(503, b"")
    assert add("/a").error_code == "busy"
    assert site.paths == ["/robots.txt"]
    del site.pages["/robots.txt"]
    site.put("/b", page(FIRST))
    assert add("/b").status == "READY"


def sitemap(site: Site, *paths: str, tag: str = "url") -> str:
    base = f"http://good.example:{site.port}"
    entries = "".join(f"<{tag}><loc>{base}{path}</loc></{tag}>" for path in paths)
    root = {"url": "urlset", "sitemap": "sitemapindex"}[tag]
    return f'<?xml version="1.0"?><{root} xmlns="x">{entries}</{root}>'


def test_a_sitemap_brings_its_pages_of_the_same_host_up_to_the_limit(
    add: Add, site: Site, committed: Any
) -> None:
    for number in range(5):
        site.put(f"/{number}", page(FIRST, title=f"Page {number}"))
    foreign = "<url><loc>https://elsewhere.example/</loc></url><url><loc>http://127.0.0.1/</loc>"
    picture = "<image:loc>http://good.example/x.png</image:loc></url>"
    first = sitemap(site, "/0", "/1", "/1").replace("</urlset>", f"{foreign}{picture}</urlset>")
    site.put("/one.xml", first, "application/xml")
    packed = gzip.compress(sitemap(site, "/2", "/3", "/4").encode())
    site.put("/two.xml.gz", packed, "application/gzip")
    index = sitemap(site, "/one.xml", "/two.xml.gz", tag="sitemap")
    site.put("/sitemap.xml", index, "application/xml")
    source = add("/sitemap.xml", most_pages=4)
    assert (source.kind, source.status) == ("sitemap", "READY")
    titles = source.pages.order_by("id").values_list("document__title", flat=True)
    assert list(titles) == ["Page 0", "Page 1", "Page 2", "Page 3"]
    del site.pages["/1"]
    source = again(source, committed)
    assert (source.status, source.pages.exclude(error_code="").get().error_code) == (
        "READY",
        "gone",
    )


def test_a_page_of_two_sources_is_kept_once(add: Add, site: Site) -> None:
    site.put("/one", page(FIRST))
    site.put("/sitemap.xml", sitemap(site, "/one"), "application/xml")
    assert add("/one").status == "READY"
    source = add("/sitemap.xml")
    assert (source.status, source.error_code) == ("FAILED", "same_page")
    assert "Another source" in source.error and Document.objects.count() == 1


def test_what_is_no_sitemap_is_a_sentence(add: Add, site: Site) -> None:
    site.put("/sitemap.xml", page(FIRST))
    assert add("/sitemap.xml").error_code == "sitemap"
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    site.put("/bomb/sitemap.xml.gz", bomb, "application/gzip")
    assert add("/bomb/sitemap.xml.gz").error_code == "too_large"
    laughs = '<!DOCTYPE x [<!ENTITY a "aaaa">]><urlset><url><loc>&a;</loc></url></urlset>'
    site.put("/laughs/sitemap.xml", laughs, "application/xml")
    assert add("/laughs/sitemap.xml").error_code == "sitemap"


def test_a_round_goes_on_where_a_slice_ended(
    add: Add, site: Site, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        site.put(f"/{number}", page(FIRST, title=f"Page {number}"))
    site.put("/sitemap.xml", sitemap(site, "/0", "/1", "/2"), "application/xml")
    checks = iter([False, True, False, False])

    def check(self: Any) -> None:
        if next(checks):
            raise web_lease.SliceOver

    monkeypatch.setattr(web_lease.WebLease, "check", check)
    source = add("/sitemap.xml")
    assert (source.status, source.pages.exclude(checked_at=None).count()) == ("WAITING", 1)
    source = read(source, committed)
    assert (source.status, source.pages.exclude(document=None).count()) == ("READY", 3)
    assert site.paths.count("/sitemap.xml") == site.paths.count("/0") == 1


def test_a_killed_worker_s_source_is_taken_up_again(add: Add, site: Site, committed: Any) -> None:
    site.put("/", page(FIRST))
    source = add()
    past = timezone.now() - timedelta(seconds=1)
    rows = WebSource.objects.filter(id=source.id)
    rows.update(status="FETCHING", lease_until=timezone.now() + timedelta(minutes=1))
    assert web_lease.due(queue_is_empty=True) == [] and web_lease.WebLease.claim(source.id) is None
    rows.update(lease_until=past)
    assert web_lease.due(queue_is_empty=True) == [source.id]
    assert read(source, committed).status == "READY"


def test_a_schedule_brings_a_source_back(add: Add, site: Site, admin: Any) -> None:
    site.put("/", page(FIRST))
    source = add(refresh="daily")
    assert web_lease.due(queue_is_empty=True) == []
    WebSource.objects.update(next_check_at=timezone.now())
    assert web_lease.due(queue_is_empty=True) == [source.id]
    services.update(actor=admin, source_id=source.id, refresh="off")
    assert web_lease.due(queue_is_empty=True) == []


def test_a_source_goes_with_its_documents(add: Add, site: Site, admin: Any, media: Any) -> None:
    site.put("/", page(FIRST))
    source = add()
    services.delete(actor=admin, source_id=source.id)
    assert not WebPage.objects.exists() and not Document.objects.exists()


def test_the_admin_tells_a_sitemap_by_its_address(
    admin: Any, told: list[str], client: Client
) -> None:
    client.force_login(admin)
    given = {
        "url": "https://example.org/sitemap.xml",
        "kind": "",
        "collection": str(default_collection().pk),
        "refresh": "weekly",
        "most_pages": "50",
    }
    answer = client.post("/admin/documents/websource/add/", given)
    assert answer.status_code == 302
    assert WebSource.objects.get().kind == WebSource.Kind.SITEMAP


def test_only_admins_add_sources_and_only_once(
    alice: Any, admin: Any, told: list[str], committed: Any
) -> None:
    with pytest.raises(Forbidden):
        services.add(actor=alice, url="https://example.org/")
    with committed():
        services.add(actor=admin, url="https://example.org/a#top")
    with pytest.raises(Conflict):
        services.add(actor=admin, url="https://EXAMPLE.org:443/a")
    for url in ("http://127.0.0.1/", "http://localhost:8000/health", "file:///etc/passwd"):
        with pytest.raises(Invalid) as refused:
            services.add(actor=admin, url=url)
        assert refused.value.extra["errors"][0]["field"] == "url"
    assert len(told) == WebSource.objects.count() == 1
