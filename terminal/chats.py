"""Finding chats: the list, and one of them by its number or the beginning of its id."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from rich.table import Table

from terminal.client import Client
from terminal.safe import clean, line
from terminal.showing import console, is_screen
from terminal.trouble import NOT_FOUND, Trouble
from terminal.words import say

LISTED, PAGE = 20, 100
SHORT_ID = 8
LEAST_ID = 4


def listed(client: Client, search: str = "", limit: int = LISTED) -> list[dict[str, Any]]:
    """Latest first."""
    query = {"limit": min(limit, PAGE), **({"search": search} if search else {})}
    rows: list[dict[str, Any]] = client.get("chat/sessions", **query)["sessions"]
    return rows


def show(client: Client, options: Namespace) -> int:
    rows = listed(client, options.search or "", options.limit)
    if options.json:
        print(json.dumps(rows))
    elif not rows:
        print(say("There are no chats yet. Begin one: lontar new"), file=sys.stderr)
    elif is_screen():
        console().print(table(rows))
    else:
        for row in rows:
            print("\t".join([row["id"], line(row["updated_at"]), title(row)]))
    return 0


def table(rows: list[dict[str, Any]]) -> Table:
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(justify="right", style="dim")
    made.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
    made.add_column(style="dim", no_wrap=True)
    made.add_column(style="dim", no_wrap=True)
    for number, row in enumerate(rows, 1):
        day = line(row["updated_at"])[:10]
        # Twice escaped would show; a Text is not read as markup.
        made.add_row(str(number), console().render_str(title(row), markup=False), day, short(row))
    return made


def title(row: dict[str, Any]) -> str:
    return line(row.get("title") or "") or say("untitled")


def short(row: dict[str, Any]) -> str:
    # Ids begin with the time: what tells them apart stands at their end.
    return str(row["id"])[-SHORT_ID:]


def found(client: Client, named: str) -> str:
    """The id of a chat by its number in the list, its id, or the beginning or end of that."""
    named = named.strip().lower()
    if named.isdigit() and int(named) <= LISTED:
        rows = listed(client)
        if 0 < int(named) <= len(rows):
            return str(rows[int(named) - 1]["id"])
    if len(named) == 36:
        return named
    rows = listed(client, limit=PAGE) if len(named) >= LEAST_ID else []
    fits = [r["id"] for r in rows if r["id"].startswith(named) or r["id"].endswith(named)]
    if len(fits) > 1:
        raise Trouble(say("%s fits several chats. Give more of its id.") % line(named), NOT_FOUND)
    if not fits:
        raise Trouble(say("There is no chat %s. See: lontar chats") % line(named), NOT_FOUND)
    return str(fits[0])


def export(client: Client, options: Namespace) -> int:
    session_id = found(client, options.chat)
    answer = client.answer(
        "GET", f"chat/sessions/{session_id}/export", params={"as": options.format}
    )
    if options.output:
        target = Path(options.output)
        try:
            target.write_bytes(answer.content)
        except OSError as error:
            said = say("The output cannot be written: %s") % (error.strerror or target)
            raise Trouble(said) from error
        print(say("Written to %s.") % target, file=sys.stderr)
    else:
        # A pipe may end at a terminal; a file gets what was said as it was.
        print(clean(answer.text))
    return 0
