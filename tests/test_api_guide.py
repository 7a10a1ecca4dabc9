"""Every curl line of docs/api.md, run as it stands against the product on a port."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.testing import person
from documents import tasks
from documents.collections import default_collection
from llm.models import EmbeddingModel, LanguageModel, Provider
from prompts.services import ensure_default_prompt
from tests.browser import server

GUIDE = Path(__file__).parent.parent / "docs" / "api.md"
STATUS = re.compile(r"^(curl .*) # (\d{3})$", re.S)
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def script() -> str:
    """The guide's lines; one that ends in `# 404` must print 404, all others must succeed."""
    lines = []
    for block in re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.S | re.M):
        for line in re.sub(r" \\\n\s*", " ", block).splitlines():
            found = STATUS.match(line)
            lines.append(f'test "$({found[1]})" = {found[2]}' if found else line)
    return "set -eEuo pipefail\ntrap 'echo \"here: $BASH_COMMAND\"' ERR\n" + "\n".join(lines)


def test_the_guide_runs_as_it_stands(tmp_path, monkeypatch, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr(tasks, "enqueue", lambda *args, **options: True)
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
            ["bash", "-c", script()],
            cwd=tmp_path,
            env={"LONTAR": server.address(), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        server.come_to_rest()
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-500:]}"
