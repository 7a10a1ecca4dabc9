import socket
from pathlib import Path

import pytest

from launch import addresses

TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.0
           /24 link UNICAST
        |-- 192.168.1.20
           /32 host LOCAL
        |-- 192.168.1.255
           /32 link BROADCAST
"""
SIX = """00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 82     eth0
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "fib_trie").write_text(TRIE)
    (tmp_path / "if_inet6").write_text(SIX)
    monkeypatch.setattr(addresses, "NET", tmp_path)
    monkeypatch.setattr(socket, "gethostname", lambda: "Ruang-3")
    return tmp_path


def test_who_listens_to_all_is_asked_by_its_own_addresses_and_name(net: Path) -> None:
    assert addresses.names_of("0.0.0.0")[3:] == [
        "ruang-3",
        "ruang-3.local",
        "192.168.1.20",
        "[fd00::2]",
    ]


def test_who_listens_to_itself_is_not(net: Path) -> None:
    assert addresses.names_of("127.0.0.1") == ["localhost", "127.0.0.1", "[::1]"]
    assert addresses.reached_at("127.0.0.1") == ""


def test_one_address_is_told_as_it_is_typed(net: Path) -> None:
    assert addresses.reached_at("192.168.1.20") == "192.168.1.20"
    assert addresses.reached_at("fd00::2") == "[fd00::2]"
    assert "[fd00::2]" in addresses.names_of("fd00::2")


def test_without_a_list_there_is_still_the_name(net: Path) -> None:
    (net / "fib_trie").unlink()
    (net / "if_inet6").unlink()
    assert addresses.names_of("192.168.1.20")[3:] == ["ruang-3", "ruang-3.local", "192.168.1.20"]
