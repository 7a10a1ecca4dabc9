"""`lontar login` and `lontar logout`."""

import getpass
import sys
from argparse import Namespace
from urllib.parse import urlsplit

from terminal import keeping
from terminal.client import Client
from terminal.keeping import Login
from terminal.safe import line
from terminal.trouble import USAGE, Trouble, logged_out
from terminal.words import say

HERE = "http://127.0.0.1:8000"
OWN = ("127.0.0.1", "localhost", "::1")


def log_in(options: Namespace) -> int:
    kept = keeping.load()
    usual = kept.address if kept else HERE
    address = checked(options.address or asked(say("Address of Lontar"), usual))
    login = Login(address)
    client = Client(login)
    if options.key:
        login.key = secret(say("API key"))
    else:
        email = options.email or asked(say("Email"))
        fields = {"email": email, "password": secret(say("Password"))}
        pair = client.post("auth/login", fields)
        login.access, login.refresh = pair["access_token"], pair["refresh_token"]
    me = client.get("auth/me")
    login.email = str(me["email"])
    with keeping.alone():
        keeping.save(login)
    print(say("Logged in as %s.") % line(login.email))
    return 0


def log_out(_options: Namespace) -> int:
    login = keeping.load()
    if login is None:
        raise logged_out()
    if login.key:
        keeping.forget()
        print(say("The key is forgotten here, but still good: delete it on your account page."))
        return 0
    try:
        Client(login).post("auth/logout", {"refresh_token": login.refresh})
    finally:
        keeping.forget()
    print(say("Logged out."))
    return 0


def checked(address: str) -> str:
    """An address without its path's end; raises Trouble for what is none."""
    address = address if "://" in address else f"https://{address}"
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc:
        raise Trouble(say("%s is no address.") % line(address), USAGE)
    if parts.scheme == "http" and parts.hostname not in OWN:
        print(say("Careful: over http:// everybody on the way can read along."), file=sys.stderr)
    return address.rstrip("/")


def asked(what: str, usual: str = "") -> str:
    """From whoever sits there; the usual answer where nobody does."""
    if not sys.stdin.isatty():
        if usual:
            return usual
        raise Trouble(say("%s is missing.") % what, USAGE)
    said = input(f"{what} [{usual}]: " if usual else f"{what}: ").strip()
    return said or usual


def secret(what: str) -> str:
    """Typed without being shown; a line of the input where that is no terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{what}: ")
    return sys.stdin.readline().rstrip("\n")
