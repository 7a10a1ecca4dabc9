"""The doors of class reading, as core.contract has them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from chat import reading_api, shapes
from core.contract import ListOf, Operation

GROUP = "groups/{group_id}"


class Reader(BaseModel):
    group: str
    user_id: UUID
    full_name: str
    since: datetime


class Readers(BaseModel):
    readers: list[Reader]


class Reading(BaseModel):
    """`group` is empty where an administrator opened the chat."""

    session_id: UUID
    title: str
    reader: str
    group: str
    read_at: datetime


OPERATIONS = {
    "GET chat/readers": Operation(
        "Get who reads a chat",
        Readers,
        query=reading_api.About,
        errors=(404,),
        note="A chat of mine, or one begun now with an assistant of a class.",
    ),
    "GET me/readings": Operation(
        "List who opened my chats", ListOf("readings", Reading), note="The latest first."
    ),
    f"GET {GROUP}/readers": Operation(
        "Get who reads the chats of a class", Readers, note="For admins."
    ),
    f"PUT {GROUP}/readers": Operation(
        "Set who reads the chats of a class",
        Readers,
        body=reading_api.LecturersIn,
        note="For admins. Open to them are chats that members begin from now on with an assistant "
        "of the group.",
        example={"users": ["0192f3a4-5b6c-7d8e-9f01-23456789abcd"]},
    ),
    f"GET {GROUP}/chats": Operation(
        "List the chats of a class",
        ListOf("sessions", shapes.Session),
        note="For admins who read this class.",
    ),
    f"GET {GROUP}/chats/{{session_id}}": Operation(
        "Read a chat of a class",
        shapes.SessionDetail,
        note="For admins who read this class. Its student sees that it was read, and by whom.",
    ),
}
