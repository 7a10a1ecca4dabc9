"""DRF's door to class reading: who reads a class, its chats for them, and the log for students."""

import uuid
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from chat import queries, reading
from chat.doors import ListView, caller
from chat.models import ChatReading, ClassReading
from chat.serializers import StrictSerializer, session_detail, session_row

MOST = 20


class LecturersIn(StrictSerializer):
    users = serializers.ListField(child=serializers.UUIDField(), max_length=MOST)


class About(serializers.Serializer):
    """The chat, or the assistant a chat would begin with."""

    session_id = serializers.UUIDField(required=False)
    assistant_id = serializers.UUIDField(required=False)


def reader_row(row: ClassReading) -> dict[str, Any]:
    return {
        "group": row.group.name,
        "user_id": str(row.lecturer_id),
        "full_name": row.lecturer.get_full_name(),
        "since": row.began_at.isoformat(),
    }


def reading_row(row: ChatReading) -> dict[str, Any]:
    return {
        "session_id": str(row.session_id),
        "title": row.session.title,
        "reader": row.reader_name,
        "group": row.group_name,
        "read_at": row.read_at.isoformat(),
    }


class Readers(APIView):
    """Who reads a chat of mine, or would read one begun now with an assistant."""

    def get(self, request: Request) -> Response:
        asked = About(data=request.query_params)
        asked.is_valid(raise_exception=True)
        user, given = caller(request), asked.validated_data
        if "session_id" in given:
            found = reading.readers_of(queries.session(user, given["session_id"]))
        else:
            found = reading.in_force(user, given.get("assistant_id"))
        return Response({"readers": [reader_row(row) for row in found]})


class Readings(ListView):
    """Who opened chats of mine, and when."""

    items_name = "readings"

    def get(self, request: Request) -> Response:
        return self.listed(reading.readings_of_mine(caller(request)), reading_row)


class Lecturers(APIView):
    """PUT {users: [ids]}: who reads the class from now on."""

    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, group_id: uuid.UUID) -> Response:
        found = reading.lecturers(caller(request), group_id)
        return Response({"readers": [reader_row(row) for row in found]})

    def put(self, request: Request, group_id: uuid.UUID) -> Response:
        reading.lecturers(caller(request), group_id)  # before the body is looked at
        body = LecturersIn(data=request.data)
        body.is_valid(raise_exception=True)
        found = reading.set_lecturers(
            actor=caller(request), group_id=group_id, lecturer_ids=body.validated_data["users"]
        )
        return Response({"readers": [reader_row(row) for row in found]})


class ClassChats(ListView):
    items_name = "sessions"
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, group_id: uuid.UUID) -> Response:
        return self.listed(reading.class_chats(caller(request), group_id), session_row)


class ClassChat(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, group_id: uuid.UUID, session_id: uuid.UUID) -> Response:
        found = reading.read(actor=caller(request), group_id=group_id, session_id=session_id)
        return Response(session_detail(found, queries.thread(found)))


urlpatterns = [
    path("chat/readers", Readers.as_view(), name="chat-readers"),
    path("me/readings", Readings.as_view(), name="my-readings"),
    path("groups/<uuid:group_id>/readers", Lecturers.as_view(), name="group-readers"),
    path("groups/<uuid:group_id>/chats", ClassChats.as_view(), name="group-chats"),
    path("groups/<uuid:group_id>/chats/<uuid:session_id>", ClassChat.as_view(), name="group-chat"),
]
