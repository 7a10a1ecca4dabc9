"""For every test: servers, settings that cannot reach a provider, and no way out of the machine.

`make test` and a plain `pytest` both come through here. The servers are started once, before
Django reads its settings, and shared by all xdist workers: those find the two URLs in their
environment.
"""

import atexit
import base64
import ipaddress
import os
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from whitenoise.responders import StaticFile

from launch.chromium import find_chromium
from launch.testing import start_servers

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# An empty value counts as unset and keeps a developer's .env from being looked at.
UNSET = """DEBUG ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS SUPERADMIN_EMAIL SUPERADMIN_PASSWORD
OPENAI_API_KEY OPENAI_BASE_URL ANTHROPIC_API_KEY ANTHROPIC_BASE_URL GEMINI_API_KEY GOOGLE_API_KEY
GOOGLE_GEMINI_BASE_URL OLLAMA_BASE_URL OPENROUTER_API_KEY OPENROUTER_BASE_URL HF_TOKEN HF_BASE_URL
EMBEDDING_MODEL FIELD_ENCRYPTION_KEYS MAX_UPLOAD_MB KEEP_ORIGINAL_FILES OCR OCR_LANGUAGES LIMIT_CHAT
LIMIT_UPLOAD LIMIT_LOGIN LIMIT_SIGNUP SENTRY_DSN EMAIL_URL GOOGLE_CLIENT_ID MICROSOFT_CLIENT_ID
OIDC_CLIENT_ID""".split()

os.environ.update(dict.fromkeys(UNSET, ""))
os.environ["LONTAR_TESTING"] = "1"
# As everywhere: without a key there would be no second factors.
os.environ["FIELD_ENCRYPTION_KEYS"] = base64.urlsafe_b64encode(
    b"only for tests: 32 bytes of it.."
).decode()
# Tests of limits set their own; all others ask and upload as often as they like.
os.environ |= {"LIMIT_CHAT": "100000/m", "LIMIT_UPLOAD": "100000/h"}
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["REDIS_PREFIX"] = f"test-{WORKER}-{os.getpid()}"
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"], _stop = start_servers()
    atexit.register(_stop)

_home = tempfile.TemporaryDirectory(prefix=f"lontar-home-{WORKER}-")
os.environ["LONTAR_HOME"] = _home.name
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(Path(_home.name, "counts"))
Path(_home.name, "static").mkdir()  # whitenoise warns of a missing one

pytest_plugins = ["core.testing", "tests.holding", "tests.patience", "tests.template"]


# A room's conftest imports models, and pytest loads it before any hook runs.
django.setup()
assert settings.TESTING

from accounts.hashers import Argon2  # noqa: E402  models are imported after django.setup()
from accounts.limits import forget_kept  # noqa: E402
from config.static import StaticFiles  # noqa: E402
from core.db import come_to_rest  # noqa: E402
from llm import health  # noqa: E402
from llm.standing import forget_usable  # noqa: E402
from rag import reranking  # noqa: E402

# The same format made of little work: what is real takes a tenth of a second and more for each of
# a thousand logins. Tests of the work itself ask for `hard_passwords`.
HARD = {"time_cost": Argon2.time_cost, "memory_cost": Argon2.memory_cost}
Argon2.time_cost, Argon2.memory_cost = 1, 64


# Rough seconds of one test. A wrong guess costs time and nothing else.
SECONDS = {"slow": 20.0, "browser": 5.0}
OTHERWISE = 0.1
MOST_RERUNS = 20


def pytest_configure(config: pytest.Config) -> None:
    # xdist would begin with the files of most tests, and those of browsers, which have few, would
    # be what one process does at the end while the others have nothing left.
    config.option.loadscopereorder = False
    # xdist's processes take over our environment. With the settings named in it, pytest-django
    # loads them there before this file gives the process its own home and its own keys in Redis.
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ.pop("DJANGO_SETTINGS_MODULE")
    if hasattr(config, "workerinput"):
        # Where nothing is compiled yet each would compile all: they begin with files of their own.
        # In which order they run is decided below, and the same for all.
        number, count = int(WORKER.removeprefix("gw")), int(config.workerinput["workercount"])
        first = number * len(config.args) // count
        config.args = [*config.args[first:], *config.args[:first]]
    # Without what went wrong the first time nobody could mend it; and so many are no bad luck.
    config.option.rerun_show_tracebacks, config.option.max_suite_reruns = True, MOST_RERUNS


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: no process is left alone with one of them."""
    took: Counter[Path] = Counter()
    for item in items:
        marks = [SECONDS[mark.name] for mark in item.iter_markers() if mark.name in SECONDS]
        took[item.path] += max(marks, default=OTHERWISE)
    items.sort(key=lambda item: (-took[item.path], item.path))
    if _may_rerun(items):
        for item in items:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _may_rerun(items: list[pytest.Item]) -> bool:
    """What fails is tried once more, and the summary tells of it; LONTAR_NO_RERUN=1 is for hunting
    what does."""
    if not items or os.environ.get("LONTAR_NO_RERUN") or items[0].config.option.usepdb:
        return False
    return items[0].config.pluginmanager.hasplugin("rerunfailures")


class NetworkRefused(RuntimeError):
    """A test wanted to talk to another machine."""


def _is_local(host: Any) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True, scope="session")
def _stay_on_this_machine() -> Iterator[None]:
    """Refuse connections and name look-ups that leave this machine, in every test."""
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(host: Any) -> None:
        if not _is_local(host):
            raise NetworkRefused(f"tests may not reach {host!r}; inject a transport instead")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            check(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if isinstance(address, tuple):
            check(address[0])
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(scope="session")
def django_db_setup(copied: pytest.MonkeyPatch, django_db_setup: None) -> Iterator[None]:
    """Close what making the database leaves open, and async tests: asgiref keeps one thread.

    A browser's test has connections of its own: the one left open would be found by the next test
    without a database, at the end of its first answer.
    """
    copied.undo()
    connections.close_all()
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


# What migrations write and no test changes: emptying it would mean writing it again, which takes
# longer than most tests.
KEPT = ("django_migrations", "django_content_type", "auth_permission", "django_site")
# Django's foreign keys are looked at when all is deleted. A delete of no rows takes microseconds, a
# TRUNCATE of all tables a tenth of a second. Large tables are truncated, since their dead rows
# would be read by every later test. Vector indexes stay behind either way, and the next model with
# that id may have other dimensions.
EMPTY = """
do $$ declare found record; begin
  for found in select c.oid::regclass as name, pg_relation_size(c.oid) > 1000000 as is_large
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and c.relname <> all (array[%s])
  loop
    if found.is_large then execute format('truncate %%s cascade', found.name);
    else execute format('delete from %%s', found.name); end if;
  end loop;
  for found in select indexrelid::regclass as name from pg_index
    where indexrelid::regclass::text like 'documents_chunkvector_hnsw_%%'
  loop execute format('drop index %%s', found.name); end loop;
end $$"""


def _empty_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute(EMPTY % ", ".join(f"'{name}'" for name in KEPT))


@pytest.fixture(autouse=True, scope="session")
def _rest_before_the_database_is_emptied() -> Iterator[None]:
    """A turn writes rows when nobody waits any more: they would be there in the next test."""

    def rest_first(_self: TransactionTestCase) -> None:
        come_to_rest(60)
        _empty_tables()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", rest_first)
        yield


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_looked_up_once() -> Iterator[None]:
    """Each of Django's clients makes the middleware anew, and that would read all their headers."""
    found: dict[tuple[Any, ...], dict[str, StaticFile]] = {}
    look_up = StaticFiles.add_files_from_finders

    def look_up_once(self: StaticFiles) -> None:
        folders = (*settings.STATICFILES_FINDERS, *settings.STATICFILES_DIRS)
        if folders not in found:
            known, self.files = self.files, {}
            look_up(self)
            found[folders], self.files = self.files, known
        self.files.update(found[folders])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFiles, "add_files_from_finders", look_up_once)
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """The process remembers rows for a moment: not those of the test before."""
    forget_usable()
    forget_kept()
    health.forget()
    reranking.forget()


@pytest.fixture
def hard_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as where people's own are kept."""
    for name, cost in HARD.items():
        monkeypatch.setattr(Argon2, name, cost)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser for Playwright's executable_path; the test is skipped where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium: sudo apt install chromium, or set CHROMIUM to its program")
    return found
