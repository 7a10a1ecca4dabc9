"""The vendored browser libraries are the files that were reviewed, and nothing else."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
OUR_OWN = {"README.md", "SHA256SUMS"}


def listed() -> dict[str, str]:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {name.removeprefix("./"): digest for digest, name in (line.split() for line in lines)}


def test_every_file_has_the_listed_hash() -> None:
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and str(path.relative_to(VENDOR)) not in OUR_OWN
    }
    assert found == listed()


def test_every_library_has_its_licence_and_stands_in_the_readme() -> None:
    readme = (VENDOR / "README.md").read_text()
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            name, _, version = folder.name.rpartition("-")
            assert (folder / "LICENSE").exists()
            assert re.search(rf"\[{name}\].*\| {re.escape(version)} \|", readme, re.IGNORECASE)
    for name, digest in re.findall(r"`(\S+\.m?js)` \| `([0-9a-f]{64})`", readme):
        assert listed()[name] == digest


def test_no_file_names_a_source_map_or_another_host() -> None:
    for path in VENDOR.rglob("*.js"):
        assert "sourceMappingURL" not in path.read_text()
