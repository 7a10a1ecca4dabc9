"""The commands of `lontar`."""

import argparse
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from terminal import chats, keeping, login, pictures, talk, uploads
from terminal.asking import Chat, failed, shown_on
from terminal.client import Client
from terminal.showing import Json, Shown, console
from terminal.trouble import INTERRUPTED, USAGE, Trouble, logged_out
from terminal.words import say

Command = Callable[[Client, Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 well, 1 the answer or the server failed, 2 wrong use, 3 not logged in,
    4 nothing answers, 5 not there, 6 too much in too short a time, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        if options.without_login is not None:
            return int(options.without_login(options))
        return _with_client(options.command, options)
    except Trouble as error:
        return failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _with_client(command: Command, options: Namespace) -> int:
    found = keeping.load()
    if found is None:
        raise logged_out()
    client = Client(found)
    try:
        return command(client, options)
    finally:
        client.close()


def ask(client: Client, options: Namespace) -> int:
    question = " ".join(options.question).strip()
    if question in ("", "-"):
        question = "" if sys.stdin.isatty() and not question else sys.stdin.read().strip()
    if not question:
        raise Trouble(say("There is nothing to ask. Write a question, or pipe one in."), USAGE)
    seen = pictures.attached(options.picture)
    session_id = chats.found(client, options.chat) if options.chat else ""
    chat = Chat(client, session_id, model=options.model or "", assistant=options.assistant or "")
    shown: Shown = shown_on(console(), not options.no_sources)
    if options.json:
        shown = Json(sys.stdout, chat.session_id)
    return chat.ask(question, shown, seen)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="lontar", description=say("Ask your course material, from a terminal.")
    )
    made.set_defaults(without_login=None, command=talk.go_on, chat="")
    commands = made.add_subparsers(metavar=say("command"))

    def add(name: str, told: str, **defaults: Callable[..., int]) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=say(told), description=say(told))
        one.set_defaults(**defaults)
        return one

    entering = add("login", "Log in, with a password or an API key.", without_login=login.log_in)
    entering.add_argument("address", nargs="?", help=say("Address of Lontar"))
    entering.add_argument("--email")
    entering.add_argument("--key", action="store_true", help=say("ask for an API key"))
    add("logout", "End the login and forget it.", without_login=login.log_out)

    asking = add("ask", "Ask one question.", command=ask)
    asking.add_argument("question", nargs="*", help=say("the question; - or nothing reads it in"))
    asking.add_argument("--chat", help=say("go on with this chat"))
    asking.add_argument(
        "--picture", action="append", default=[], metavar="FILE", help=say("it goes along; repeat")
    )
    asking.add_argument("--json", action="store_true", help=say("one JSON object"))
    asking.add_argument("--no-sources", action="store_true", help=say("the answer alone"))
    _named(asking)

    listing = add("chats", "List chats, or find them by their words.", command=chats.show)
    listing.add_argument("search", nargs="?", help=say("words that occur in them"))
    listing.add_argument("--limit", type=int, default=chats.LISTED)
    listing.add_argument("--json", action="store_true", help=say("one JSON object"))

    going_on = add("chat", "Go on with a chat.", command=talk.go_on)
    going_on.add_argument("chat", nargs="?", help=say("its number in the list, or its id"))
    _named(add("new", "Begin a chat.", command=talk.begin))

    bringing = add("upload", "Bring files.", command=uploads.upload)
    bringing.add_argument("files", nargs="+")
    bringing.add_argument("--chat", help=say("for this chat alone"))
    bringing.add_argument("--collection", help=say("the id of a collection"))
    bringing.add_argument("--wait", action="store_true", help=say("until they are read"))

    taking = add("export", "Take a chat along.", command=chats.export)
    taking.add_argument("chat", help=say("its number in the list, or its id"))
    taking.add_argument("--format", choices=("markdown", "json"), default="markdown")
    taking.add_argument("-o", "--output", help=say("a file; standard output without it"))
    return made


def _named(one: argparse.ArgumentParser) -> None:
    one.add_argument("--assistant", help=say("the name or id of an assistant"))
    one.add_argument("--model", help=say("the name or id of a model"))
