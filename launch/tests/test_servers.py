"""The embedded servers as real processes: killed, started again, whole."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from launch import testing
from launch.console import Problem
from launch.home import Home
from launch.postgres import as_web
from launch.process import kill_session
from launch.servers import postgres_part, redis_part
from launch.supervisor import Part
from tests.patience import PATIENCE

STARTED: list[int] = []


def start(home: Home, make) -> tuple[Part, str]:
    part, url = make(home)
    STARTED.append(testing.start(part, home))
    return part, url


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = Home(tmp_path / "home")
    found.create()
    yield found
    while STARTED:
        kill_session(STARTED.pop())


def kill(part: Part) -> None:
    assert part.process
    os.kill(part.process.pid, signal.SIGKILL)
    part.process.wait()


def test_postgres_keeps_its_data_and_port_over_a_kill(home: Home):
    part, url = start(home, postgres_part)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '[1,2]'::vector AS v")
    kill(part)
    _, again = start(home, postgres_part)
    assert again == url
    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT v::text FROM kept").fetchall() == [("[1,2]",)]
        superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = user")
        assert superuser.fetchone() == (False,)


def test_postgres_asks_everybody_for_the_password(home: Home):
    _, url = start(home, postgres_part)
    secret = home.secrets()[0].postgres
    for wrong in (url.replace(secret, "wrong"), url.replace(f"lontar:{secret}", "postgres:")):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)


def test_postgres_is_not_fooled_by_the_pid_of_somebody_else(home: Home):
    part, _ = start(home, postgres_part)
    kill(part)
    lock = home.path / "postgres" / "postmaster.pid"
    rest = lock.read_text().split("\n")[1:]
    lock.write_text("\n".join([str(os.getppid()), *rest]))
    _, url = start(home, postgres_part)
    psycopg.connect(url).close()


def test_postgres_takes_a_new_password_when_the_secrets_are_lost(home: Home):
    part, url = start(home, postgres_part)
    kill(part)
    (home.path / "secrets.json").unlink()
    _, new = start(home, postgres_part)
    assert new != url
    psycopg.connect(new).close()


def test_the_web_process_gets_a_role_that_owns_nothing(home: Home):
    part, url = start(home, postgres_part)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (v int)")
    kill(part)
    # As in a folder that was made before there was such a role.
    secrets = json.loads((home.path / "secrets.json").read_text())
    del secrets["postgres_web"]
    home.write("secrets.json", json.dumps(secrets))
    (home.path / "roles").unlink()
    _, url = start(home, postgres_part)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON kept TO lontar_web")
    web = as_web(url, home.secrets()[0].postgres_web)
    with psycopg.connect(web, autocommit=True) as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == []
        roles = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = user"
        )
        assert roles.fetchone() == (False,) * 4
        for refused in ("CREATE TABLE mine (v int)", "ALTER TABLE kept DISABLE ROW LEVEL SECURITY"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


def test_postgres_names_a_cluster_of_another_release(home: Home):
    folder = home.path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(Problem, match="PostgreSQL 15"):
        postgres_part(home)


def test_redis_keeps_what_was_accepted_over_a_kill(home: Home):
    part, url = start(home, redis_part)
    redis.Redis.from_url(url).rpush("queue", "task")
    # `everysec`: what is older than a second survives.
    log = home.path / "redis"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not any(
        b"task" in file.read_bytes() for file in log.rglob("*.aof")
    ):
        time.sleep(0.02)
    kill(part)
    _, again = start(home, redis_part)
    assert again == url
    assert redis.Redis.from_url(again, decode_responses=True).lrange("queue", 0, -1) == ["task"]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(url.replace(home.secrets()[0].redis, "wrong")).ping()


def test_throwaway_servers_leave_nothing():
    database, queue, stop = testing.start_servers()
    psycopg.connect(database).close()
    redis.Redis.from_url(queue).ping()
    stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database)
