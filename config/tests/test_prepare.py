"""`manage.py prepare` may run at any time, any number of times."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import User
from config.management.commands import prepare
from documents.models import Collection
from llm.models import LanguageModel
from prompts.models import Prompt


@pytest.mark.django_db
def test_twice_is_the_same_as_once():
    out = StringIO()
    for _ in range(2):
        call_command("prepare", stdout=out)
    assert User.objects.filter(role=User.Role.SUPERADMIN).count() == 1
    assert Prompt.objects.filter(is_active=True).count() == 1
    assert Collection.objects.filter(kind=Collection.Kind.DEFAULT).count() == 1
    assert LanguageModel.objects.filter(provider__kind="builtin").count() == 1
    assert out.getvalue().count("password") == 1


def test_static_files_are_collected_only_when_one_changed(settings, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("a {}")
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    monkeypatch.setattr(prepare, "get_finders", fresh_finders)
    assert prepare.collect_static() is True
    assert (tmp_path / "static" / "page.css").exists()
    assert prepare.collect_static() is False
    (source / "page.css").write_text("b {}")
    assert prepare.collect_static() is True
    assert (tmp_path / "static" / "page.css").read_text() == "b {}"


def fresh_finders():
    """Finders are cached for a process; this test changes what they find."""
    from django.contrib.staticfiles import finders

    finders.get_finder.cache_clear()
    return list(finders.get_finders())


def test_a_database_that_cannot_be_reached_is_a_sentence(monkeypatch):
    def refuse():
        raise OperationalError("connection refused")

    monkeypatch.setattr(prepare.connection, "ensure_connection", refuse)
    with pytest.raises(CommandError, match=r"cannot be used \(connection refused\)\. Check"):
        call_command("prepare")
