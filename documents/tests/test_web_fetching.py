"""Fetching for real: from servers on this machine, by names that lead there."""

import gzip
import itertools
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from documents.tests.bombs import MEBIBYTE, bomb
from documents.tests.web_server import Names, Site, leads_to, serving
from documents.web import fetching
from documents.web.fetching import Answer, Fetcher, Wanted
from documents.web.reasons import FetchFailed
from tests.patience import PATIENCE


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    with serving() as site:
        settings.WEB_SOURCES_ALLOW = [f"good.example:{site.port}"]
        settings.WEB_SOURCES_SECONDS = PATIENCE
        yield site


def fetch(
    site: Site, path: str = "/", names: Names | None = None, **wanted: Any
) -> tuple[Any, bytes]:
    body = bytearray()
    names = names or Names(good_example=[["127.0.0.1"]])
    url = path if "://" in path else f"http://good.example:{site.port}{path}"
    answer = Fetcher(resolve=names).get(url, body.extend, Wanted(**wanted))
    return answer, bytes(body)


def failure(site: Site, path: str = "/", **options: Any) -> str:
    with pytest.raises(FetchFailed) as failed:
        fetch(site, path, **options)
    return failed.value.code


def test_a_page_comes_with_its_type_and_validators(site: Site, settings: Any) -> None:
    settings.WEB_SOURCES_CONTACT = "mailto:lecturer@school.example"
    site.pages["/a?b=c"] = lambda request: request.answer(
        200, b"hello", Content_Type='Text/HTML; charset="UTF-8"', ETag='"v1"', Last_Modified="x"
    )
    answer, body = fetch(site, "/a?b=c")
    assert body == b"hello"
    assert answer == Answer(200, answer.target, "text/html", "utf-8", '"v1"', "x")
    headers = site.hits[0][1]
    assert headers["host"] == f"good.example:{site.port}"
    assert headers["user-agent"] == "LontarBot/1.0 (+mailto:lecturer@school.example)"
    assert not {"cookie", "authorization", "referer"} & set(headers)


def test_validators_are_sent_and_an_unchanged_page_has_no_body(site: Site) -> None:
    site.pages["/"] = lambda request: request.answer(304, b"")
    answer, body = fetch(site, etag='"v1"', last_modified="Sat, 21 Nov 2026 10:00:00 GMT")
    assert (answer.status, body) == (304, b"")
    assert site.hits[0][1]["if-none-match"] == '"v1"'
    assert site.hits[0][1]["if-modified-since"] == "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
def test_other_answers_have_no_body(site: Site, status: int) -> None:
    site.pages["/"] = lambda request: request.answer(status, b"sorry", Retry_After="7")
    answer, body = fetch(site)
    assert (answer.status, answer.retry_after, body) == (status, "7", b"")


# --- the address that was checked is the one that is connected to ------------------------------
def test_a_name_is_looked_up_once_so_rebinding_changes_nothing(site: Site) -> None:
    """Another server listens at the address of the second answer: nobody must come there.

    LibreChat CVE-2026-31945, LangChain CVE-2026-41488, Flowise GHSA-2x8m-83vc-6wv4.
    """
    site.put("/", "good")
    with serving(host="127.0.0.2") as other:
        names = Names(good_example=[["127.0.0.1"], ["127.0.0.2"]])
        _answer, body = fetch(site, names=names)
        assert (body, names.asked, other.hits) == (b"good", ["good.example"], [])


def test_a_name_that_turns_private_is_refused_at_its_second_request(
    site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public address first, 127.0.0.1 at the redirect: judged anew, and not connected to."""
    tried: list[str] = []
    connect = fetching.PinnedBackend.connect_any

    def here(self: Any, found: Any, port: int, timeout: Any) -> Any:
        tried.extend(map(str, found))
        local = [type(found[0])("127.0.0.1")]
        return connect(self, local, site.port, timeout)

    monkeypatch.setattr(fetching.PinnedBackend, "connect_any", here)
    settings.WEB_SOURCES_ALLOW = []
    site.pages["/"] = leads_to("/again")
    names = Names(rebinding_example=[["93.184.215.14"], ["127.0.0.1"]])
    with pytest.raises(FetchFailed) as failed:
        Fetcher(resolve=names).get("http://rebinding.example/", print, Wanted())
    assert failed.value.code == "private"
    assert (tried, site.paths) == (["93.184.215.14"], ["/"])


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site) -> None:
    site.put("/", "good")
    _answer, body = fetch(site, names=Names(good_example=[["127.0.0.3", "127.0.0.1"]]))
    assert body == b"good"


def test_proxies_of_the_environment_are_not_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put("/", "good")
    with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert fetch(site)[1] == b"good"
        assert proxy.hits == []


def test_a_proxy_of_ones_own_is_asked_and_literals_are_refused_before(
    site: Site, settings: Any
) -> None:
    settings.WEB_SOURCES_PROXY = f"http://127.0.0.1:{site.port}"
    # A proxy is asked for the whole address, with the port written out.
    site.put("http://public.example:80/a", "by proxy")
    assert fetch(site, "http://public.example/a")[1] == b"by proxy"
    assert failure(site, "http://169.254.169.254/") == "private"
    assert site.paths == ["http://public.example:80/a"]


# --- redirects ---------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(site: Site, status: int) -> None:
    site.pages["/old"] = leads_to("/new?x=1", status)
    site.put("/new?x=1", "moved")
    answer, body = fetch(site, "/old")
    assert (answer.target.path, body) == ("/new?x=1", b"moved")


INSIDE = """http://127.0.0.1/ http://127.0.0.1:{port}/secret http://localhost:{port}/secret
http://2130706433:{port}/secret http://0x7f000001/ http://[::1]/ http://[::ffff:7f00:1]/
http://169.254.169.254/latest/meta-data/ http://10.0.0.1/ http://[64:ff9b::7f00:1]/
http://redis:6379/ http://inside.example/ http://good.example:6379/ //127.0.0.1:{port}/secret
http://good.example:{port}@127.0.0.1/ file:///etc/passwd gopher://good.example/ data:text/html,x
http://127.0.0.1:{port}\\@good.example/ /\\127.0.0.1/""".split()


@pytest.mark.parametrize("location", INSIDE)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_leads_nowhere_inside(site: Site, location: str, status: int) -> None:
    """Open WebUI CVE-2026-45401, CVE-2026-54008, FastGPT CVE-2026-61646."""
    site.put("/secret", "secret")
    site.pages["/"] = leads_to(location.format(port=site.port), status)
    names = Names(good_example=[["127.0.0.1"]], inside_example=[["10.0.0.9"]])
    assert failure(site, names=names) in ("private", "bad_url", "bad_port")
    assert site.paths == ["/"]


def test_a_redirect_in_the_page_or_its_headers_is_text(site: Site) -> None:
    page = b'<meta http-equiv="refresh" content="0;url=/secret">'
    site.pages["/"] = lambda request: request.answer(200, page, Refresh="0; url=/secret")
    assert fetch(site)[1] == page
    assert site.paths == ["/"]


def test_five_redirects_and_no_more(site: Site) -> None:
    for number in range(10):
        site.pages[f"/{number}"] = leads_to(f"/{number + 1}")
    site.put("/5", "there")
    assert fetch(site, "/0")[1] == b"there"
    site.hits.clear()
    site.pages["/5"] = leads_to("/6")
    assert failure(site, "/0") == "redirects"
    assert len(site.hits) == 6
    site.pages["/loop"] = leads_to("/loop")
    assert failure(site, "/loop") == "redirects"


def test_permission_is_asked_at_every_hop(site: Site) -> None:
    site.pages["/"] = leads_to("/private/x")
    asked = []

    def permit(target: Any) -> None:
        asked.append(target.path)
        if target.path.startswith("/private"):
            raise FetchFailed("robots")

    assert failure(site, permit=permit) == "robots"
    assert (asked, site.paths) == (["/", "/private/x"], ["/"])


# --- limits ------------------------------------------------------------------------------------
def send(*pieces: bytes, head: bytes = b"", pause: float = 0.0, more: Iterable[bytes] = ()) -> Any:
    """A handler that writes an answer by itself, piece by piece."""

    def handle(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
        for piece in itertools.chain(pieces, more):
            request.wfile.write(piece)
            request.wfile.flush()
            time.sleep(pause)

    return handle


TYPE = b"Content-Type: text/html\r\n"


def test_an_announced_size_is_refused_before_the_body(site: Site) -> None:
    head = TYPE + b"Content-Length: 999999999999\r\n\r\n"
    site.pages["/"] = send(head=head)
    assert failure(site) == "too_large"


def test_a_body_without_an_end_is_cut(site: Site) -> None:
    site.pages["/"] = send(*[b"x" * 65_536] * 64, head=TYPE + b"\r\n")
    assert failure(site, largest=MEBIBYTE) == "too_large"
    chunks = [b"10000\r\n" + b"x" * 65_536 + b"\r\n"] * 64
    site.pages["/"] = send(*chunks, head=TYPE + b"Transfer-Encoding: chunked\r\n\r\n")
    assert failure(site, largest=MEBIBYTE) == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate"])
def test_packed_bodies_are_unpacked(site: Site, encoding: str) -> None:
    text = b"palm leaves " * 50_000
    packed = zlib.compress(text) if encoding == "deflate" else gzip.compress(text)
    site.pages["/"] = lambda request: request.answer(200, packed, Content_Encoding=encoding)
    assert fetch(site)[1] == text


def test_a_bomb_is_stopped_while_it_unfolds(site: Site) -> None:
    """Half a gigabyte in half a megabyte.

    urllib3 CVE-2025-66418, CVE-2026-21441.
    """
    packed = bomb(512, wbits=31, filler=bytes(1))
    site.pages["/"] = lambda request: request.answer(200, packed, Content_Encoding="gzip")
    names = Names(good_example=[["127.0.0.1"]])
    url, got = f"http://good.example:{site.port}/", [0]

    def count(piece: bytes) -> None:
        got[0] += len(piece)

    tracemalloc.start()
    with pytest.raises(FetchFailed) as failed:
        Fetcher(resolve=names).get(url, count, Wanted(largest=5 * MEBIBYTE))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert failed.value.code == "too_large"
    assert got[0] <= 5 * MEBIBYTE and peak < 5 * MEBIBYTE


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip," * 50])
def test_what_was_not_asked_for_is_not_unpacked(site: Site, encoding: str) -> None:
    site.pages["/"] = lambda request: request.answer(200, b"x", Content_Encoding=encoding)
    assert failure(site) == "wrong_type"


def test_damaged_packing_is_a_sentence(site: Site) -> None:
    for packed in (b"no gzip at all", gzip.compress(b"palm" * 999)[:-20]):
        site.pages["/"] = lambda request, p=packed: request.answer(200, p, Content_Encoding="gzip")
        assert failure(site) == "broken"


@pytest.mark.parametrize("kind", ["image/png", "video/mp4", "font/woff2", "text/css"])
def test_pictures_and_the_like_are_not_fetched(site: Site, kind: str) -> None:
    site.put("/", b"x" * 1000, kind)
    assert failure(site) == "wrong_type"


@pytest.mark.parametrize("part", ["status", "header", "body", "chunk"])
def test_the_whole_takes_no_longer_than_it_may(site: Site, settings: Any, part: str) -> None:
    """A byte every 50 ms never makes one wait long; together they would take for ever."""
    settings.WEB_SOURCES_SECONDS = 0.6
    drops = itertools.repeat(b"a")
    heads = {
        "status": b"",
        "header": b"X-Long: ",
        "body": TYPE + b"\r\n",
        "chunk": b"Transfer-Encoding: chunked\r\n\r\n1000\r\n",
    }
    site.pages["/"] = send(head=heads[part], pause=0.05, more=drops)
    assert failure(site) == "timeout"


def test_silence_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SILENCE_SECONDS", 0.2)
    heard = threading.Event()
    site.pages["/"] = lambda _request: heard.wait(PATIENCE)
    assert failure(site) == "timeout"
    heard.set()


@pytest.mark.parametrize(
    "raw",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: header\r\n" * 100_000 + b"\r\n",
        b"",
    ],
    ids=["no http", "status", "two lengths", "cut off", "chunks", "100,000 headers", "nothing"],
)
def test_garbled_answers_are_a_sentence(site: Site, raw: bytes) -> None:
    def handle(request: Any) -> None:
        request.wfile.write(raw)

    site.pages["/"] = handle
    assert failure(site) == "broken"


def test_names_and_ports_that_are_not_there(site: Site, settings: Any) -> None:
    assert failure(site, "http://nowhere.example/") == "dns"
    settings.WEB_SOURCES_ALLOW = ["good.example:9"]
    assert failure(site, "http://good.example:9/") == "refused"
    assert failure(site, "http://empty.example/", names=Names(empty_example=[[]])) == "dns"


def test_a_slow_name_server_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.web.wire.LOOKUP_SECONDS", 0.05)

    given_up = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        given_up.wait(PATIENCE)
        return ["127.0.0.1"]

    with pytest.raises(FetchFailed) as failed:
        Fetcher(resolve=slow).get(f"http://good.example:{site.port}/", print, Wanted())
    given_up.set()
    assert failed.value.code == "dns" and not site.hits


# --- TLS ---------------------------------------------------------------------------------------
class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), True, None)
        (folder / "ca.pem").write_bytes(self._pem(self.certificate))

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "ca.pem"))

    def serving(self, host: str, seen: list[str | None]) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        path = self.folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        certificate = self._sign(subject, key.public_key(), False, names)
        path.write_bytes(private + self._pem(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda _socket, name, _context: seen.append(name)
        return context

    def _sign(self, subject: Any, public: Any, is_ca: bool, names: Any) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if names is not None:
            made = made.add_extension(names, critical=False)
        return made.sign(self.key, hashes.SHA256())

    @staticmethod
    def _pem(certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.PEM)


def secure(site: Site, authority: Authority, host: str, settings: Any) -> bytes:
    settings.WEB_SOURCES_ALLOW = [f"{host}:{site.port}"]
    body = bytearray()
    names = Names(**{host.replace(".", "_"): [["127.0.0.1"]]})
    fetcher = Fetcher(resolve=names, tls=authority.trusting())
    fetcher.get(f"https://{host}:{site.port}/", body.extend, Wanted())
    return bytes(body)


def test_tls_speaks_to_the_checked_address_by_the_name(tmp_path: Path, settings: Any) -> None:
    authority, seen = Authority(tmp_path), []
    with serving(authority.serving("good.example", seen)) as site:
        site.put("/", "secure")
        assert secure(site, authority, "good.example", settings) == b"secure"
        assert seen == ["good.example"]
        with pytest.raises(FetchFailed) as failed:
            secure(site, authority, "other.example", settings)
        assert failed.value.code == "tls" and len(site.hits) == 1


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path, settings: Any) -> None:
    authority = Authority(tmp_path)
    with serving(authority.serving("good.example", [])) as site:
        settings.WEB_SOURCES_ALLOW = [f"good.example:{site.port}"]
        url = f"https://good.example:{site.port}/"
        with pytest.raises(FetchFailed) as failed:
            Fetcher(resolve=Names(good_example=[["127.0.0.1"]])).get(url, print, Wanted())
        assert failed.value.code == "tls" and not site.hits
