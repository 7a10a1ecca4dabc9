"""The embedded PostgreSQL: our own cluster, loopback only, passwords checked, never `trust`.

The server runs inside its data folder and is told to use `/proc/self/cwd`. So the service user
needs no way to the folder by name, and the folders above it may stay closed to others.
"""

import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from launch.binaries import POSTGRES_MAJOR, postgres_bin
from launch.console import Problem
from launch.process import Owner

STOP = signal.SIGINT  # "fast": open transactions are rolled back, nothing is waited for
NAME = "lontar"  # owns the tables: migrations and the worker, which builds indexes
WEB = "lontar_web"  # changes rows and nothing else: no tables, no policies of row security
ACCESS = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
SETTINGS = {
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements hold what people wrote
    "log_line_prefix": "%m [%p] ",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SMALL_SHARED_MEMORY = 256 * 1024 * 1024  # bytes; containers get 64 MB of /dev/shm


class Postgres:
    def __init__(
        self,
        folder: Path,
        port: int,
        password: str,
        owner: Owner | None,
        *,
        throwaway: bool = False,
        web_password: str = "",
    ) -> None:
        self.folder, self.port, self.password, self.owner = folder, port, password, owner
        self.web_password = web_password
        self.throwaway = throwaway
        self.bin = postgres_bin(owner)
        self.env = {"PATH": str(self.bin), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    @property
    def url(self) -> str:
        return f"postgres://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def roles(self) -> str:
        """A digest of the roles as they are to be; it tells whether they have been set so."""
        wanted = f"{NAME}:{self.password} {WEB}:{self.web_password}"
        return hashlib.sha256(wanted.encode()).hexdigest()

    def prepare(self, new_roles: bool) -> None:
        """Make the cluster on first use; on a later one set the roles anew where they changed."""
        if not self.folder.exists():
            self._create()
            return
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != POSTGRES_MAJOR:
            raise Problem(
                f"The database in {self.folder} was made by PostgreSQL {version}, this Lontar "
                f"brings {POSTGRES_MAJOR}. Start the Lontar that made it, or move the folder away."
            )
        self.remove_stale_lock()
        if new_roles:
            self._single("postgres", self._set_roles(), self.folder)

    def _set_roles(self) -> str:
        """SQL for a cluster of any age; none of the roles is a superuser or passes by policies."""
        plain = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE"
        return "\n".join(
            [
                f"DO $$ BEGIN CREATE ROLE {WEB}; "
                "EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
                f"ALTER ROLE {NAME} {plain} CREATEDB PASSWORD '{self.password}';",
                f"ALTER ROLE {WEB} {plain} NOCREATEDB PASSWORD '{self.web_password}';",
            ]
        )

    def command(self) -> list[str]:
        settings = SETTINGS | (THROWAWAY if self.throwaway else {})
        if _shared_memory() < SMALL_SHARED_MEMORY:
            settings["dynamic_shared_memory_type"] = "sysv"
        argv = [str(self.bin / "postgres"), "-D", self._data(self.folder), "-p", str(self.port)]
        argv += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        return argv + [part for item in settings.items() for part in ("-c", "=".join(item))]

    def ready(self) -> bool:
        """Whether it takes connections: the start of the protocol, no password needed.

        While it starts or recovers it answers E (error), afterwards R (asks for the password).
        https://www.postgresql.org/docs/18/protocol-message-formats.html (StartupMessage)
        """
        body = struct.pack("!I", 196608) + f"user\0{NAME}\0database\0{NAME}\0\0".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as wire:
                wire.sendall(struct.pack("!I", len(body) + 4) + body)
                return wire.recv(1) == b"R"
        except OSError:
            return False

    def _create(self) -> None:
        """initdb into a folder beside, renamed when complete: a crash leaves no half cluster."""
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.owner:
            os.chown(fresh, self.owner.uid, self.owner.gid)
        argv = ["initdb", "-D", self._data(fresh), "-U", "postgres", "--auth=trust", "-E", "UTF8"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        argv += ["--no-instructions"] + (["--no-sync"] if self.throwaway else [])
        self._run(argv, fresh)
        # The superuser has no password, so nobody can log in as it; the extension, which only it
        # may create, is put into the template that every new database is copied from.
        setup = f"CREATE EXTENSION vector;\nCREATE ROLE {NAME};\n{self._set_roles()}\n"
        setup += f"CREATE DATABASE {NAME} OWNER {NAME};"
        self._single("template1", setup, fresh)
        (fresh / "pg_hba.conf").write_text(ACCESS)
        fresh.rename(self.folder)

    def _single(self, database: str, sql: str, folder: Path) -> None:
        """Run SQL as superuser without a server; statements end at the line's end."""
        argv = ["postgres", "--single", "-D", self._data(folder)]
        argv += ["-c", "log_min_messages=error", "-c", "log_min_error_statement=panic", database]
        done = self._run(argv, folder, sql + "\n")
        if "ERROR:" in done:
            raise Problem(f"PostgreSQL could not be set up in {folder}: {done[-600:]}")

    def _run(self, argv: list[str], folder: Path, given: str | None = None) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [self.bin / argv[0], *argv[1:]],
            env=self.env,
            cwd=folder,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **(self.owner.popen_arguments() if self.owner else {}),
        )
        if done.returncode:
            raise Problem(
                f"PostgreSQL could not be set up in {folder}: {done.stderr.strip()[-600:]}"
            )
        return done.stderr

    def _data(self, folder: Path) -> str:
        return "/proc/self/cwd" if sys.platform == "linux" else str(folder)

    def remove_stale_lock(self) -> None:
        """Remove postmaster.pid when its process is not a server of this folder.

        After a crash the pid may belong to somebody else (in a container it usually does) and
        PostgreSQL would refuse to start. We hold the lock of LONTAR_HOME, so no other supervisor
        runs a server here; a server that does run works in this folder.
        """
        lock = self.folder / "postmaster.pid"
        try:
            pid = lock.read_text().split()[0]
            if Path(f"/proc/{pid}/cwd").resolve() == self.folder.resolve():
                return
        except (FileNotFoundError, IndexError):
            pass
        if sys.platform == "linux":
            lock.unlink(missing_ok=True)


def as_web(url: str, password: str) -> str:
    """The same database for the web process, which gets a role that owns nothing."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{WEB}:{password}@{parts.hostname}:{parts.port}"))


def _shared_memory() -> int:
    """Bytes that fit into /dev/shm."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return 0 if sys.platform == "linux" else SMALL_SHARED_MEMORY
    return room.f_blocks * room.f_frsize
