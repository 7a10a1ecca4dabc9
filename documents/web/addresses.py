"""Which addresses Lontar may fetch from: the text of a URL, and the IP addresses behind a name.

A URL is taken apart once, by rules stricter than any browser's, and what is sent to the server is
put together again from the checked parts: no second parser can read it differently.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import idna
from django.conf import settings

from documents.web.reasons import FetchFailed

LONGEST = 2000
PORTS = {"http": 80, "https": 443}
USUAL_PORTS = {80, 443, 8080, 8443}
# RFC 3986, appendix B, with an authority and for the two schemes that are fetched.
URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
# White space and controls (browsers drop them), and the backslash (browsers take it for a slash).
TRAPS = re.compile(r"[\x00-\x20\x7f\\\u0080-\u00a0\u2028\u2029]")
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What a browser reads as an IPv4 address, in any of its spellings: 127.1, 0x7f.1, 017700000001.
NUMERIC = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:@%\[\]]+)(?::([0-9]{1,5}))?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IANA's special-purpose registries, and what clouds put at public-looking places. Python's
# `is_global` lets some of these through, such as 6to4, NAT64 and mapped addresses.
BARRED = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
        "192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 "
        "192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 "
        "168.63.129.16/32 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
    ).split()
]
# Only this part of IPv6 has been given out; mapped, NAT64, ULA, link-local, multicast are outside.
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
# Never meant by anybody who allows a host of their own.
NEVER = [
    ipaddress.ip_network(text)
    for text in "0.0.0.0/8 169.254.0.0/16 168.63.129.16/32 224.0.0.0/3 ::/128 fe80::/10 ff00::/8 "
    "fd00:ec2::254/128 64:ff9b::/96 64:ff9b:1::/48 2002::/16 2001::/32".split()
]


@dataclass(frozen=True)
class Target:
    """An address that may be asked for; `host` is lower case, ASCII, an IP literal without []."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        return self.origin + self.path


def parse(text: str) -> Target:
    """The address in `text`, in its one normal form. Raises FetchFailed."""
    text = text.strip(" \t\r\n")
    match = URL.fullmatch(text)
    if match is None or len(text) > LONGEST or TRAPS.search(text):
        raise FetchFailed("bad_url", text[:100])
    scheme, authority, path, query = match.groups()
    scheme = scheme.lower()
    parts = AUTHORITY.fullmatch(authority.lower())
    if parts is None:
        raise FetchFailed("bad_url", text[:100])
    port = int(parts[2]) if parts[2] else PORTS[scheme]
    target = Target(scheme, _host(parts[1]), port, _escaped(path or "/") + _escaped(query or ""))
    if len(target.url) > LONGEST:
        raise FetchFailed("bad_url", "too long when escaped")
    _check_name(target)
    return target


def follow(target: Target, location: str) -> Target:
    """Where a redirect or a link leads. Raises FetchFailed, also for a step down from TLS."""
    if TRAPS.search(location):
        raise FetchFailed("bad_url", location[:100])
    there = parse(urljoin(target.url, location))
    if target.scheme == "https" and there.scheme == "http":
        raise FetchFailed("redirects", "from https to http")
    return there


def is_allowed(host: str, port: int) -> bool:
    """Whether the operator has named this host (or host:port) in WEB_SOURCES_ALLOW."""
    allowed = {entry.lower().rstrip(".") for entry in settings.WEB_SOURCES_ALLOW}
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" in allowed or (port in USUAL_PORTS and {name, host} & allowed != set())


def check(addresses: list[Address], host: str, port: int) -> None:
    """Refuse a name when any of its addresses may not be connected to. Raises FetchFailed."""
    own = is_allowed(host, port)
    for address in addresses:
        plain = getattr(address, "ipv4_mapped", None) or address
        barred = any(plain in network for network in NEVER) if own else not is_public(address)
        if barred:
            raise FetchFailed("private", f"{host} is {address}")


def is_public(address: Address) -> bool:
    if any(address in network for network in BARRED):
        return False
    return address.version == 4 or address in GLOBAL_IPV6


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError as error:
            raise FetchFailed("bad_url", text) from error
    text = text.removesuffix(".")
    if not text.isascii():
        try:
            # Full-width digits and dots become plain ones here, before anything is judged.
            text = idna.encode(text, uts46=True).decode().lower().removesuffix(".")
        except UnicodeError as error:
            raise FetchFailed("bad_url", text[:100]) from error
    if NUMERIC.fullmatch(text):
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError as error:
            raise FetchFailed("bad_url", text) from error
    if len(text) > 253 or not all(map(LABEL.fullmatch, text.split("."))):
        raise FetchFailed("bad_url", text[:100])
    return text


def _escaped(text: str) -> str:
    """Beyond ASCII as UTF-8 in percent signs; what is escaped already stays as it is."""
    return quote(text, safe="/?%:@!$&'()*+,;=~-._[]")


def _check_name(target: Target) -> None:
    """What is refused without asking a name server."""
    if is_allowed(target.host, target.port):
        return
    try:
        literal = ipaddress.ip_address(target.host)
    except ValueError:
        # A name without a dot is one of this machine's network: localhost, db, redis.
        if "." not in target.host or _is_own(target.host):
            raise FetchFailed("private", target.host) from None
    else:
        check([literal], target.host, target.port)
    if target.port not in USUAL_PORTS:
        raise FetchFailed("bad_port", target.authority)


def _is_own(host: str) -> bool:
    """Lontar does not read itself: its pages, health and metrics, by its own public name."""
    names = [name.lower() for name in settings.ALLOWED_HOSTS if name != "*"]
    return any(
        host == name.lstrip(".") or (host.endswith("." + name.lstrip(".")) and name.startswith("."))
        for name in names
    )
