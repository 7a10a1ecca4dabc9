"""The models and their migrations agree, and every migration can be read in one place."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = sorted(ROOT.glob("*/migrations/0*.py"))


def test_no_model_change_lacks_a_migration(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_a_migration_is_named_and_can_be_undone(path):
    assert not re.search(r"_auto_\d|_\d{8}_", path.stem), "give the migration a name"
    text = path.read_text()
    for call in re.findall(r"Run(?:Python|SQL)\((?:[^()]|\([^()]*\))*\)", text):
        assert "reverse" in call or "noop" in call or call.count(",") >= 1, f"no way back: {call}"
