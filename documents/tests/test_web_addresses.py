"""What Lontar refuses to fetch before anything is sent: the forms of an address."""

import ipaddress
import socket
from typing import Any

import pytest

from documents.web import addresses
from documents.web.fetching import Fetcher, Wanted
from documents.web.reasons import SENTENCES, FetchFailed

# No name server needed: the text is enough to refuse it.
REFUSED = """
http://127.0.0.1/ http://127.0.0.1:8080/ http://127.1/ http://127.0.1/ http://0/ http://0.0.0.0/
http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/ http://0x7f.1/ http://0177.0.0.1/
http://017700000001/ http://127.0.0.1./ http://127.000.000.001/ http://127.0.0.0x1/ http://1/
http://4294967295/ http://256.256.256.256/ http://1.2.3/ http://0x/ http://foo.0x1/ http://foo.1/
http://localhost/ http://LOCALHOST/ http://localhost./ http://db/ http://redis:80/ http://postgres/
http://10.0.0.1/ http://10.255.255.255/ http://172.16.0.1/ http://172.31.255.255/
http://192.168.0.1/ http://100.64.0.1/ http://100.127.255.255/ http://169.254.169.254/
http://169.254.0.1/ http://192.0.0.1/ http://192.0.2.1/ http://198.18.0.1/ http://198.51.100.7/
http://203.0.113.9/ http://192.88.99.1/ http://224.0.0.1/ http://239.255.255.250/ http://240.0.0.1/
http://255.255.255.255/ http://168.63.129.16/
http://[::]/ http://[::1]/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/ http://[::ffff:8.8.8.8]/ http://[::127.0.0.1]/ http://[::7f00:1]/
http://[64:ff9b::7f00:1]/ http://[64:ff9b::127.0.0.1]/ http://[64:ff9b:1::a00:1]/
http://[2002:7f00:1::]/ http://[2002:a00:1::1]/ http://[2001::1]/ http://[fd00::1]/ http://[fc00::]/
http://[fd00:ec2::254]/ http://[fe80::1]/ http://[fe80::1%25eth0]/ http://[fe80::1%eth0]/
http://[fec0::1]/ http://[ff02::1]/ http://[ff0e::1]/ http://[2001:db8::1]/ http://[3fff::1]/
http://[100::1]/ http://[5f00::1]/ http://[::1]:80/ http://[::1 http://::1/ http://[v1.x]/
http://user@example.org/ http://user:secret@example.org/ http://good.example@127.0.0.1/
http://127.0.0.1@good.example/ http://good.example:80@127.0.0.1/ http://127.0.0.1#@good.example/
http://127.0.0.1?@good.example/ http://good.example\\@127.0.0.1/ http://127.0.0.1\\@good.example/
http:\\\\127.0.0.1/ http:/127.0.0.1/ http:127.0.0.1 //127.0.0.1/ http:///127.0.0.1/ http://
http://good.example%00.evil.example/ http://%31%32%37.0.0.1/ http://127.0.0.1%2f@good.example/
http://127%252e0%252e0%252e1/ http://good%2525252525252525252eexample/
http://①②⑦.⓪.⓪.①/ http://127。0。0。1/ http://１２７.０.０.１/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/
http://good.example:22/ http://good.example:25/ http://good.example:5432/ http://good.example:6379/
http://good.example:0/ http://good.example:65536/ http://good.example:99999/ http://good.example:8x/
http://good.example:-80/ http://good.example:９０/ http://good.example:+80/
file:///etc/passwd gopher://good.example/ ftp://good.example/ data:text/html,x dict://good.example/
ldap://good.example/ javascript:alert(1) jar:http://good.example/ ws://good.example/ good.example
http://-good.example/ http://good-.example/ http://good..example/ http://.good.example/
http://testserver/ http://lontar.school.example/ http://a.lontar.school.example/
""".split()
SPACED = [
    "http://good.example/a b",
    "http://good\t.example/",
    "http://good.example/\n/x",
    "http://127.0.0.1\r\nHost: x/",
    "http://good.example/\x00",
    "http:// good.example/",
    "http://good.example/\u2028x",
    "",
    " ",
    "http://good.example/" + "a" * 2000,
]


@pytest.fixture(autouse=True)
def _own_name(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", ".lontar.school.example"]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    tried: list[Any] = []

    def refuse(*args: Any, **_options: Any) -> Any:
        tried.append(args)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


@pytest.mark.parametrize("url", REFUSED + SPACED)
def test_forms_of_addresses_that_are_refused_without_a_packet(
    url: str, no_network: list[Any]
) -> None:
    """LibreChat CVE-2026-31943, Flowise CVE-2026-69257, Open WebUI CVE-2026-45331, CVE-2025-65958,
    CVE-2026-45400."""
    with pytest.raises(FetchFailed) as failed:
        Fetcher().get(url, lambda _piece: None, Wanted())
    assert failed.value.code in ("bad_url", "private", "bad_port")
    assert failed.value.code in SENTENCES and not no_network


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(set(REFUSED)) >= 100


PRIVATE = """127.0.0.1 10.1.2.3 172.20.0.1 192.168.1.1 100.100.100.200 169.254.169.254 0.0.0.0
224.0.0.251 255.255.255.255 198.19.0.1 ::1 :: ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::10.0.0.1
64:ff9b::a00:1 64:ff9b::808:808 2002:a00:1::1 2002:808:808::1 fd12::1 fe80::1 ff02::fb
2001:0:1::1 2001:db8::5""".split()


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("place", ["alone", "first", "last"])
def test_a_name_with_one_private_address_is_not_connected_to(
    address: str, place: str, no_network: list[Any]
) -> None:
    good = ["8.8.8.8", "2606:4700::1111"]
    answers = {"alone": [address], "first": [address, *good], "last": [*good, address]}[place]
    fetcher = Fetcher(resolve=lambda _host, _port: answers)
    with pytest.raises(FetchFailed) as failed:
        fetcher.get("https://good.example/", lambda _piece: None, Wanted())
    assert failed.value.code == "private" and not no_network


@pytest.mark.parametrize("address", ["8.8.8.8", "103.3.46.1", "2606:4700::1111", "2001:4860::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Example.ORG", "https://example.org/"),
        ("http://example.org:80/a?b=c#d", "http://example.org/a?b=c"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("  https://example.org./a  ", "https://example.org/a"),
        (
            "https://bücher.example/ä ö".replace(" ", ""),
            "https://xn--bcher-kva.example/%C3%A4%C3%B6",
        ),
        ("https://example.org/a%2Fb%20c?q=%26", "https://example.org/a%2Fb%20c?q=%26"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://a_b.example.org/", "https://a_b.example.org/"),
    ],
)
def test_an_address_has_one_form(text: str, url: str) -> None:
    target = addresses.parse(text)
    assert target.url == url
    assert addresses.parse(url) == target


def test_hosts_of_ones_own_are_allowed_by_name_only(settings: Any) -> None:
    settings.WEB_SOURCES_ALLOW = ["intranet", "moodle.campus.example:8000", "10.1.2.3"]
    for url in ("http://intranet/", "http://moodle.campus.example:8000/x", "http://10.1.2.3/"):
        assert addresses.parse(url).url == url
    for url in (
        "http://db/",
        "http://moodle.campus.example:8001/",
        "http://10.1.2.4/",
        "http://intranet:6379/",
    ):
        with pytest.raises(FetchFailed):
            addresses.parse(url)
    private = [ipaddress.ip_address("10.9.9.9")]
    addresses.check(private, "intranet", 80)
    with pytest.raises(FetchFailed):
        addresses.check(private, "intranet", 6379)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "fd00:ec2::254"]
)
def test_not_even_an_allowed_name_leads_to_a_clouds_metadata(settings: Any, address: str) -> None:
    """AnythingLLM CVE-2024-0759, PrivateGPT CVE-2024-5186."""
    settings.WEB_SOURCES_ALLOW = ["intranet"]
    with pytest.raises(FetchFailed):
        addresses.check([ipaddress.ip_address(address)], "intranet", 80)


def test_from_a_secure_page_none_leads_to_an_insecure_one() -> None:
    here = addresses.parse("https://example.org/a/b")
    assert addresses.follow(here, "../c?d").url == "https://example.org/c?d"
    for location in ("http://example.org/", "//127.0.0.1/", "/\\127.0.0.1/", "file:///etc/passwd"):
        with pytest.raises(FetchFailed):
            addresses.follow(here, location)
