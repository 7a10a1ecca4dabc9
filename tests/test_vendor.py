"""The vendored browser libraries are the files that were reviewed, and nothing else."""

import hashlib
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OUR_OWN = {"README.md", "SHA256SUMS"}
everywhere = pytest.mark.parametrize(
    "vendor", [TESTS.parent / "static" / "vendor", TESTS / "vendor"], ids=["pages", "tests"]
)


def listed(vendor: Path) -> dict[str, str]:
    lines = (vendor / "SHA256SUMS").read_text().splitlines()
    return {name.removeprefix("./"): digest for digest, name in (line.split() for line in lines)}


@everywhere
def test_every_file_has_the_listed_hash(vendor: Path) -> None:
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and str(path.relative_to(vendor)) not in OUR_OWN
    }
    assert found == listed(vendor)


@everywhere
def test_every_library_has_its_licence_and_stands_in_the_readme(vendor: Path) -> None:
    readme = (vendor / "README.md").read_text()
    for folder in vendor.iterdir():
        if folder.is_dir():
            name, _, version = folder.name.rpartition("-")
            assert (folder / "LICENSE").exists()
            assert re.search(rf"\[{name}\].*\| {re.escape(version)} \|", readme, re.IGNORECASE)
    for name, digest in re.findall(r"`(\S+\.m?js)` \| `([0-9a-f]{64})`", readme):
        assert listed(vendor)[name] == digest


@everywhere
def test_no_file_names_a_source_map_or_another_host(vendor: Path) -> None:
    for path in vendor.rglob("*.js"):
        assert "sourceMappingURL" not in path.read_text()
