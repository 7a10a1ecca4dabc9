"""Every curl line of the two pages on the API, run as it stands against the product on a port."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.testing import person
from documents import tasks
from documents.collections import default_collection
from documents.ingest import pipeline
from llm.models import EmbeddingModel, LanguageModel, Provider
from prompts.services import ensure_default_prompt
from rag import tasks as evaluations
from tests.browser import server
from tests.doors import DOORS

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("api.md", "api-doors.md")
STATUS = re.compile(r"^(curl .*) # (\d{3})$", re.S)
CURL = re.compile(r"curl [^|]*?\$(API|LONTAR)(/[^\s\"?)]*)")
BODY = re.compile(r" (-d|--data-urlencode|-F) ")
ID = re.compile(r"\$\(?\w+|(?<=/)(\d+|[0-9a-f-]{36})(?=/|$)")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def written(page: str) -> list[str]:
    """The lines of its examples."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text(), re.S | re.M)
    return [line for one in blocks for line in re.sub(r" \\\n\s*", " ", one).splitlines()]


def script(page: str) -> str:
    """A line that ends in `# 404` must print 404, all others must succeed."""
    lines = []
    for line in written(page):
        found = STATUS.match(line)
        lines.append(f'test "$({found[1]})" = {found[2]}' if found else line)
    return "set -eEuo pipefail\ntrap 'echo \"here: $BASH_COMMAND\"' ERR\n" + "\n".join(lines)


def shown() -> set[tuple[str, str]]:
    """(method, address with {} for every id) of each curl."""
    found = set()
    for line in (line for page in PAGES for line in written(page)):
        for match in CURL.finditer(line):
            rest = line[match.start() :]
            given = re.search(r"-X (\w+)", rest)
            method = given[1] if given else "POST" if BODY.search(rest) else "GET"
            path = ("" if match[1] == "LONTAR" else "/api/v1") + match[2]
            found.add((method, ID.sub("{}", path)))
    return found


def test_every_door_has_a_line():
    doors = {
        (door.method, "/" + re.sub(r"<[^>]+>", "{}", door.path))
        for door in DOORS
        if door.path.startswith(("api/", "health", "ready", "metrics"))
    }
    missing = sorted(doors - shown())
    assert not missing, f"write a line into docs/api-doors.md for {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_the_guide_runs_as_it_stands(page, tmp_path, monkeypatch, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    # Files are read at once; nobody fetches a page or runs an evaluation.
    monkeypatch.setattr(tasks, "enqueue", lambda document_id, **_options: pipeline.run(document_id))
    monkeypatch.setattr(tasks, "enqueue_web", lambda *args, **options: True)
    monkeypatch.setattr(evaluations, "enqueue", lambda *args, **options: True)
    provider = Provider.objects.create(kind="builtin", name="Built in")
    LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")
    EmbeddingModel.objects.update_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    ensure_default_prompt()
    default_collection()
    person("lecturer", email="lecturer@school.example", role="admin")
    try:
        done = subprocess.run(
            ["bash", "-c", script(page)],
            cwd=tmp_path,
            env={"LONTAR": server.address(), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        server.come_to_rest()
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-500:]}"
