"""The embedded PostgreSQL and Redis of one folder, as parts for the supervisor."""

import os
from dataclasses import replace
from pathlib import Path

from launch import postgres, redis_server
from launch.home import Home
from launch.postgres import Postgres
from launch.process import Owner, service_owner
from launch.redis_server import Redis
from launch.supervisor import Part


def owner_of(folder: Path) -> Owner | None:
    """Who runs the server of a folder: its owner, when root finds one made by somebody else."""
    owner = service_owner()
    if owner and folder.exists() and folder.stat().st_uid != 0:
        owner = replace(owner, uid=folder.stat().st_uid, gid=folder.stat().st_gid)
    return owner


def postgres_part(home: Home, throwaway: bool = False) -> tuple[Part, str]:
    """PostgreSQL with its cluster made, and the DATABASE_URL that reaches it."""
    secrets, made_now = home.secrets()
    folder = home.path / "postgres"
    server = Postgres(
        folder,
        home.port("postgres"),
        secrets.postgres,
        owner_of(folder),
        throwaway=throwaway,
        web_password=secrets.postgres_web,
    )
    server.prepare(new_roles=made_now or home.read("roles") != server.roles)
    home.write("roles", server.roles)
    part = Part(
        name="postgres",
        command=server.command,
        env=server.env,
        cwd=folder,
        owner=server.owner,
        stop=postgres.STOP,
        ready=server.ready,
        before=server.remove_stale_lock,
    )
    return part, server.url


def redis_part(home: Home, throwaway: bool = False) -> tuple[Part, str]:
    """Redis with its folder made, and the REDIS_URL that reaches it."""
    secrets, _ = home.secrets()
    folder = home.path / "redis"
    owner = owner_of(folder)
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if owner:
            os.chown(folder, owner.uid, owner.gid)
    server = Redis(folder, home.port("redis"), secrets.redis, owner, throwaway=throwaway)
    part = Part(
        name="redis",
        command=server.command,
        env=server.env,
        cwd=folder,
        owner=owner,
        stdin=server.settings,
        stop=redis_server.STOP,
        ready=server.ready,
    )
    return part, server.url
