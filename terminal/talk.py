"""`lontar chat` and `lontar new`: one question after the other."""

import contextlib
import sys
from argparse import Namespace

from rich.console import Console

from terminal import chats
from terminal.asking import Chat, failed, shown_on
from terminal.client import Client
from terminal.markdown import Rendered
from terminal.safe import clean
from terminal.showing import console, show_sources
from terminal.trouble import UNREACHABLE, Trouble
from terminal.words import say

with contextlib.suppress(ImportError):
    import readline  # noqa: F401  input() then edits its line and remembers those before

PROMPT = "> "
SHOWN_BEFORE = 4


def begin(client: Client, options: Namespace) -> int:
    chat = Chat(client, model=options.model or "", assistant=options.assistant or "")
    return loop(client, chat)


def go_on(client: Client, options: Namespace) -> int:
    session_id = chats.found(client, options.chat) if options.chat else picked(client)
    if session_id:
        remind(client, session_id, console())
    return loop(client, Chat(client, session_id))


def picked(client: Client) -> str:
    """The id of the chat that was chosen from the list, "" for a new one."""
    rows = chats.listed(client)
    if not rows or not sys.stdin.isatty():
        return ""
    console().print(chats.table(rows))
    said = ask(say("Number of a chat, or nothing for a new one") + ": ")
    return chats.found(client, said) if said else ""


def remind(client: Client, session_id: str, where: Console) -> None:
    """What was said last."""
    session = client.get(f"chat/sessions/{session_id}")
    for message in session["messages"][-SHOWN_BEFORE:]:
        content = clean(message["content"])
        if message["role"] == "user":
            where.print(f"{PROMPT}{content}", style="bold", markup=False, highlight=False)
        else:
            where.print(Rendered(content) if where.is_terminal else content, markup=False)
        where.print()


def loop(client: Client, chat: Chat) -> int:
    """Until the input ends; the exit code is that of the last answer when nobody types."""
    where, code, by_hand = console(), 0, sys.stdin.isatty()
    if by_hand:
        where.print(say("Ctrl-C stops an answer, Ctrl-D ends. /help tells more."), style="dim")
    while (said := ask(PROMPT if by_hand else "")) is not None:
        if said in ("/quit", "/exit"):
            break
        if said == "/new":
            chat = Chat(client)
        elif said == "/sources":
            show_sources(where, chat.sources)
        elif said.startswith("/"):
            where.print(
                say("/new begins another chat, /sources shows the last sources again, /quit ends.")
            )
        elif said:
            code = answered(chat, said, where)
            if code == UNREACHABLE and not by_hand:
                break
    return 0 if by_hand else code


def answered(chat: Chat, question: str, where: Console) -> int:
    try:
        return chat.ask(question, shown_on(where, with_sources=True))
    except Trouble as error:
        return failed(error)


def ask(prompt: str) -> str | None:
    """A line, "" when Ctrl-C cleared it, None at the end of the input."""
    try:
        return input(prompt).strip()
    except KeyboardInterrupt:
        print()
        return ""
    except EOFError:
        if prompt:
            print()
        return None
