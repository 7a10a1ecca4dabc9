"""One database is migrated for all test processes, while they collect; theirs are copies of it.

The process that xdist is controlled by does so in a thread. Where it fails, and where there are no
other processes, each migrates its own. Loaded as a pytest plugin by the root conftest.
"""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import blocking_manager_key

from tests.patience import PATIENCE

# Where the other processes are told what came of it: what the file there says.
TOLD = "LONTAR_TEST_TEMPLATE"
NAME = "test_template"
READY, FAILED = "ready", "failed"
log = logging.getLogger(__name__)
_making: list[threading.Thread] = []


def _name() -> str:
    """Of the template, beside the database that the environment names."""
    return f"{NAME}_{os.environ['DATABASE_URL'].rpartition('/')[2].partition('?')[0]}"


def _controls(config: pytest.Config) -> bool:
    processes = getattr(config.option, "numprocesses", None)
    return bool(processes) and not hasattr(config, "workerinput")


def pytest_sessionstart(session: pytest.Session) -> None:
    if _controls(session.config) and not session.config.option.collectonly:
        told = Path(tempfile.mkdtemp(prefix="lontar-template-"), "told")
        os.environ[TOLD] = str(told)
        _making.append(threading.Thread(target=_make, args=(session.config, told)))
        _making[0].start()


def _make(config: pytest.Config, told: Path) -> None:
    came_of_it = FAILED
    try:
        with config.stash[blocking_manager_key].unblock():
            _drop(then=f'create database "{_name()}"')
            connection.settings_dict["NAME"] = _name()  # this process has no other use for it
            call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    except Exception:
        log.exception("each test process migrates a database of its own")
    else:
        came_of_it = READY
    finally:
        # Nobody copies what somebody is connected to.
        connection.close()
        connection.close_pool()
        written = told.with_name("writing")
        written.write_text(came_of_it)
        written.rename(told)


def _drop(then: str = "") -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'drop database if exists "{_name()}" with (force)')
        if then:
            cursor.execute(then)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _making:
        _making.pop().join()
        told = Path(os.environ[TOLD])
        with session.config.stash[blocking_manager_key].unblock():
            _drop()
        told.unlink()
        told.parent.rmdir()


def _came_of_it(told: Path) -> str:
    deadline = time.monotonic() + 5 * PATIENCE
    while not told.is_file():
        if time.monotonic() > deadline:
            return FAILED
        time.sleep(0.05)
    return told.read_text()


@pytest.fixture(scope="session")
def copied() -> Iterator[pytest.MonkeyPatch]:
    """What Django makes is a copy of the template, until this is undone."""
    with pytest.MonkeyPatch.context() as patch:
        if TOLD in os.environ and _came_of_it(Path(os.environ[TOLD])) == READY:
            patch.setitem(connection.settings_dict["TEST"], "TEMPLATE", _name())
            patch.setattr("django.core.management.call_command", lambda *_args, **_rest: None)
        yield patch
