"""`make run`: servers, database, then the web process and the worker, kept running."""

import http.client
import sys

from launch.addresses import names_of, reached_at
from launch.console import Problem, say
from launch.home import Home, port_is_free
from launch.options import ROOT, Options
from launch.postgres import as_web
from launch.prepared import state_of
from launch.process import Make
from launch.servers import postgres_part, redis_part
from launch.supervisor import Part, Stopped, Supervisor

QUEUES = "default,ingest"
# For a child `make` would mean something else.
NOT_HANDED_ON = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")


def check_can_start(options: Options) -> None:
    """Say what is in the way before minutes are spent on installing."""
    home = Home(options.home)
    home.create()
    home.lock()
    home.unlock()
    if not port_is_free(options.host, options.port):
        raise Problem(
            f"Port {options.port} on {options.host} is taken by another program. Stop that one, "
            f"or choose another port: PORT={options.port + 1} make run"
        )


def run(options: Options, make: Make) -> int:
    """Until Ctrl-C or SIGTERM; 0 after an orderly stop."""
    home = Home(options.home)
    home.create()
    home.lock()
    home.end_leftovers()
    home.clear_counts()
    supervisor = Supervisor(home, make.wants_to_stop)
    try:
        _start(supervisor, options)
        supervisor.watch()
    except Stopped:
        say("stopping")
    finally:
        supervisor.stop()
    return 0


def _start(supervisor: Supervisor, options: Options) -> None:
    home = supervisor.home
    environment = _servers(supervisor, options)
    state = None if options.get("DATABASE_URL") else state_of(environment, home)
    known = state is not None and state == home.read("prepared")
    if not known and not _prepare(supervisor, environment, state):
        raise Problem("Lontar could not be prepared; the reason stands above.")
    web = supervisor.add(_web(options, environment))
    supervisor.add(_worker(environment))
    supervisor.wait_ready(web, 120)
    say(f"Lontar is ready: {options.address}   (Ctrl-C stops it)")
    _tell_others(options)
    if known:  # nothing changed here, but what lies outside may have: other models, other people
        _prepare(supervisor, environment, state)


def _tell_others(options: Options) -> None:
    others = reached_at(options.host)
    if others and not options.get("ALLOWED_HOSTS"):
        say(
            f"Other machines in this network reach it at http://{others}:{options.port}. "
            "For a name, set ALLOWED_HOSTS to it, for example ALLOWED_HOSTS=lontar.school.example"
        )


def _servers(supervisor: Supervisor, options: Options) -> dict[str, str]:
    """Start what DATABASE_URL and REDIS_URL do not give; the environment of the other parts."""
    home = supervisor.home
    secrets, _ = home.secrets()
    given = {
        "SECRET_KEY": secrets.secret_key,
        "FIELD_ENCRYPTION_KEYS": secrets.field_encryption_key,
    }
    waiting = []
    for name, make in (("DATABASE_URL", postgres_part), ("REDIS_URL", redis_part)):
        if not options.get(name):
            part, given[name] = make(home)
            waiting.append(supervisor.add(part))
    for part in waiting:
        supervisor.wait_ready(part, 300)  # recovery after a crash may take its time
    given = {name: value for name, value in given.items() if not options.get(name)}
    # So that `manage.py` beside us finds the same servers.
    home.write("run.env", "".join(f"{name}={value}\n" for name, value in given.items()))
    environment = {**options.environment, **given, **_common(options)}
    return {name: value for name, value in environment.items() if name not in NOT_HANDED_ON}


def _common(options: Options) -> dict[str, str]:
    return {
        "LONTAR_HOME": str(options.home),
        "HOST": options.host,
        "ALLOWED_HOSTS": options.get("ALLOWED_HOSTS") or ",".join(names_of(options.host)),
        "PORT": str(options.port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # one heap a thread would double the memory of the web process
    }


def _prepare(supervisor: Supervisor, environment: dict[str, str], state: str | None) -> bool:
    """Migrations, first people, models and static files; what it prints is for the person."""
    argv = [sys.executable, "manage.py", "prepare"]
    code, shown = supervisor.run("prepare", argv, environment)
    for line in shown.splitlines():
        say(line)
    if code:
        log = supervisor.home.logs / "prepare.log"
        said = log.read_text(errors="replace").splitlines()
        say(f"{said[-1] if said else 'prepare said nothing'} (more in {log})")
    if code == 0 and state:
        supervisor.home.write("prepared", state)
    return code == 0


def _web(options: Options, environment: dict[str, str]) -> Part:
    argv = [sys.executable, "-m", "config.web", "--verbosity", "0", "--no-server-name"]
    argv += ["--ping-interval", "20", "--ping-timeout", "30"]
    argv += ["-b", options.host, "-p", str(options.port), "config.asgi:application"]
    if not options.get("DATABASE_URL"):
        secrets, _ = Home(options.home).secrets()
        url = as_web(environment["DATABASE_URL"], secrets.postgres_web)
        environment = {**environment, "DATABASE_URL": url}
    return Part(
        name="web",
        command=lambda: argv,
        env=environment,
        cwd=ROOT,
        grace=8.0,
        ready=lambda: _answers(options),
    )


def _worker(environment: dict[str, str]) -> Part:
    argv = ["nice", "-n", "5", sys.executable, "-m", "celery", "-A", "config.celery", "worker"]
    argv += ["--pool", "threads", "--concurrency", "4", "--queues", QUEUES, "--beat-thread"]
    argv += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return Part(name="worker", command=lambda: argv, env=environment, cwd=ROOT, grace=8.0)


def _answers(options: Options) -> bool:
    allowed = options.get("ALLOWED_HOSTS").split(",")[0].strip().lstrip(".")
    host = allowed if allowed not in ("", "*") else "localhost"
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
    connection = http.client.HTTPConnection(address, options.port, timeout=5)
    try:
        connection.request("GET", "/ready", headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
