"""The addresses other machines reach this one at, for those who listen to more than themselves."""

import re
import socket
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
NET = Path("/proc/net")
# A leaf of the kernel's routing table: the address on one line, what it is on the next.
LEAF = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
GLOBAL = "00"
# Reserved for documentation: choosing a way to it sends nothing.
SOMEWHERE = (("203.0.113.1", 9), ("2001:db8::1", 9))


def names_of(host: str) -> list[str]:
    """What may stand in the address line of a browser that asks a server listening on `host`.

    Only numbers and this machine's own name: a name that somebody else's name server gives to one
    of these numbers is none of them, or a page elsewhere could make browsers send it here.
    """
    found = ["localhost", "127.0.0.1", "[::1]"]
    if host not in LOOPBACK:
        name = socket.gethostname().lower()
        given = [] if host in EVERYWHERE else [host]
        found += [name, f"{name}.local", *map(_in_url, [*given, *_own(NET)])]
    return list(dict.fromkeys(found))


def reached_at(host: str) -> str:
    """The one of them to tell people; empty when there is no network."""
    if host not in EVERYWHERE:
        return "" if host in LOOPBACK else _in_url(host)
    for family, somewhere in zip((socket.AF_INET, socket.AF_INET6), SOMEWHERE, strict=True):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(somewhere)
            except OSError:
                continue
            return _in_url(str(probe.getsockname()[0]))
    return ""


def _own(net: Path) -> list[str]:
    """Of all interfaces, as Linux lists them; none where it does not."""
    four, six = _read(net / "fib_trie"), _read(net / "if_inet6")
    found = [address for address in LEAF.findall(four) if not address.startswith("127.")]
    for line in six.splitlines():
        digits, _interface, _length, scope, *_rest = line.split()
        if scope == GLOBAL:
            found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits)))
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
