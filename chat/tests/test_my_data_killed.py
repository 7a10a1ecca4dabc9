"""My data over the death of a process: a worker and a web process, ended with kill -9."""

import os
import select
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from chat import tasks
from chat.models import DataExport, Session
from chat.mydata import leaving, services, work
from config.celery import app
from documents import stock, storage
from documents.models import Document
from tests.world import SECRET, build

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 300  # seconds: only a process that hangs takes so long, on the busiest machine
# Says when it is there, and waits for what comes.
HOLD = """
import os, sys, django
django.setup()
def held(module, name, before):
    inner = getattr(module, name)
    def hold(*args, **kwargs):
        if not before:
            inner(*args, **kwargs)
        os.write(int(sys.argv[1]), b"held")
        sys.stdin.readline()
    setattr(module, name, hold)
"""
WORKER = """
from config.celery import app
app.worker_main(["worker", "--pool", "solo", "--queues", "default", "--without-gossip",
                 "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"])
"""
IN_THE_MIDDLE = HOLD + "from chat.mydata import work\nheld(work, '_step', False)\n" + WORKER
WHOLE = "import django\ndjango.setup()\n" + WORKER
LEAVE = (
    HOLD
    + "from chat.mydata import leaving\nheld(leaving, 'close_account', False)\n"
    + "from accounts.models import User\n"
    + "leaving.leave(actor=User.objects.get(email='alice@example.org'))\n"
)
LEAVE_FILES = LEAVE.replace(
    "held(leaving, 'close_account', False)",
    "from documents import storage\nheld(storage, 'remove', True)",
)


class Process:
    def __init__(self, program: str) -> None:
        at = urlsplit(os.environ["DATABASE_URL"])
        name = connection.settings_dict["NAME"]
        environment = {**os.environ, "DATABASE_URL": urlunsplit(at._replace(path=f"/{name}"))}
        # A pipe of its own: a worker greets on standard output, and logs what is printed.
        self.told, told = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(told)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[told],
        )
        os.close(told)

    def until_held(self) -> None:
        readable, _, _ = select.select([self.told], [], [], PATIENCE)
        assert readable, "the process did not come so far"
        assert os.read(self.told, 100) == b"held", "it ended before"

    def kill(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.process.wait()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        one.kill()
        os.close(one.told)


@pytest.fixture
def alices(alice: User) -> Iterator[User]:
    """With an archive to make, and a queue where nothing waits."""
    build(alice)
    DataExport.objects.all().delete()
    _no_archives()
    with app.connection_for_write() as line:
        line.default_channel.queue_declare("default")
        line.default_channel.queue_purge("default")
    yield alice
    _no_archives()


def _no_archives() -> None:
    for path in work.folder().glob("*.zip"):
        path.unlink()


def until_ended(export: DataExport) -> None:
    """The worker tells nobody when it is done but its row: look there."""
    deadline = time.monotonic() + PATIENCE
    while export.status not in ("READY", "FAILED"):
        assert time.monotonic() < deadline, f"the export stayed {export.status}"
        time.sleep(0.05)
        export.refresh_from_db()


def test_a_killed_worker_is_followed_by_one_that_makes_the_archive_once(
    alices: User, processes: list[Process]
) -> None:
    export = services.ask(actor=alices)  # queued with the commit
    first = Process(IN_THE_MIDDLE)
    processes.append(first)
    first.until_held()
    first.kill()
    export.refresh_from_db()
    assert (export.status, export.done, export.attempts) == ("RUNNING", 1, 1)
    half = list(work.folder().glob("*.zip"))
    assert len(half) == 1 and not zipfile.is_zipfile(half[0])
    assert services.ask(actor=alices).pk == export.pk  # asked again meanwhile: still the same
    assert work.unfinished() == []  # its lease still runs
    # It ends, and beat sends what nobody works on.
    DataExport.objects.filter(pk=export.pk).update(lease_until=timezone.now())
    tasks.tend_exports()
    tasks.ask_for_export(export.pk)  # the broker delivers again what the dead one had taken
    processes.append(Process(WHOLE))
    until_ended(export)
    assert (export.status, export.done, export.attempts) == ("READY", export.total, 2)
    made = work.path_of(export)
    with zipfile.ZipFile(made) as taken:
        assert taken.testzip() is None
        assert any(SECRET in name for name in taken.namelist())
    old = (timezone.now() - work.STRAY_AGE).timestamp() - 60
    for path in work.folder().glob("*.zip"):
        os.utime(path, (old, old))
    work.sweep()
    assert list(work.folder().glob("*.zip")) == [made]
    assert DataExport.objects.filter(user=alices).count() == 1


def test_an_account_half_deleted_by_a_killed_process_is_whole(
    alices: User, processes: list[Process]
) -> None:
    before = (Session.objects.count(), Document.objects.count(), User.objects.count())
    leaver = Process(LEAVE)
    processes.append(leaver)
    leaver.until_held()  # all is deleted, nothing is committed
    leaver.kill()
    assert (Session.objects.count(), Document.objects.count(), User.objects.count()) == before
    files = [Path(storage.path_of(d.filename)) for d in Document.objects.exclude(filename="")]
    assert files and all(path.exists() for path in files)
    leaving.leave(actor=alices)
    assert not User.objects.filter(pk=alices.pk).exists() and not Session.objects.exists()
    assert not any(path.exists() for path in files)


def test_files_of_an_account_that_is_gone_do_not_stay(
    alices: User, processes: list[Process]
) -> None:
    """Killed between the commit and the disk: the rows are gone, and the sweep takes the files."""
    file = storage.path_of(Document.objects.exclude(filename="").get().filename)
    leaver = Process(LEAVE_FILES)
    processes.append(leaver)
    leaver.until_held()
    leaver.kill()
    assert not User.objects.filter(pk=alices.pk).exists() and file.exists()
    assert not Document.objects.filter(filename=file.name).exists()
    old = time.time() - stock.SAFE_AGE - 60
    os.utime(file, (old, old))
    stock.take()
    assert not file.exists()
