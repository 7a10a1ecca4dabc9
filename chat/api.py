"""Sessions, and what a page needs to begin."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import path
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from chat import (
    branches,
    citations,
    export,
    feedback,
    generations,
    people_api,
    picture_api,
    queries,
    reading,
    serializers,
    services,
    session_files,
)
from chat.assistants import api as assistants
from chat.assistants.rows import choices_of
from chat.doors import ListView, caller
from chat.knowledge import keep_answer
from chat.models import Session
from core.errors import NotFound
from core.http import one_of
from core.idempotency import fingerprint, once
from documents.knowledge.serializers import AnswerSerializer, EntrySerializer
from documents.serializers import FileOnly
from documents.upload_api import UploadView
from llm.queries import usable_models
from prompts.queries import active_prompt

LONGEST_SEARCH = 200
ARCHIVED = {"true": True, "false": False, "any": None}


class Config(APIView):
    """What can be chosen: models and assistants, and the prompt in force."""

    def get(self, request: Request) -> Response:
        prompt = active_prompt()
        shown = None
        if prompt is not None:
            shown = {"id": str(prompt.pk), "name": prompt.name, "content": prompt.content}
        models = list(usable_models())
        return Response(
            {
                "models": [serializers.model_row(m) for m in models],
                "assistants": choices_of(caller(request), models),
                "active_prompt": shown,
            }
        )


class Sessions(ListView):
    items_name = "sessions"

    def get(self, request: Request) -> Response:
        wanted = one_of(request, "status", ("", *Session.Status.values), "")
        search = request.query_params.get("search", "").replace("\x00", " ")[:LONGEST_SEARCH]
        archived = one_of(request, "archived", ARCHIVED, "any")
        found = queries.sessions(caller(request), wanted, search, ARCHIVED[archived])
        return self.listed(found, serializers.session_row)

    def post(self, request: Request) -> Response:
        body = serializers.SessionIn(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data

        def create() -> dict[str, Any]:
            return serializers.session_row(services.create_session(actor=caller(request), **fields))

        key = request.headers.get("Idempotency-Key", "")
        result, _new = once(caller(request).pk, key, fingerprint("session", fields), create)
        return Response(result, status=status.HTTP_201_CREATED)


class SessionDetail(APIView):
    def _session(self, request: Request, session_id: uuid.UUID) -> Session:
        """My own session; an admin also reaches others' for reading and removal."""
        if not caller(request).is_admin:
            return queries.session(caller(request), session_id)
        found = (
            Session.objects.select_related("model", "assistant_version")
            .filter(pk=session_id)
            .first()
        )
        if found is None:
            raise NotFound
        return found

    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        session = self._session(request, session_id)
        generations.running(session)
        reading.note(reader=caller(request), session=session)
        return Response(serializers.session_detail(session, queries.thread(session)))

    def patch(self, request: Request, session_id: uuid.UUID) -> Response:
        session = self._session(request, session_id)
        body = serializers.SessionPatch(data=request.data)
        body.is_valid(raise_exception=True)
        services.update_session(actor=caller(request), session=session, **body.validated_data)
        return Response(serializers.session_detail(session, queries.thread(session)))

    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        services.delete_session(actor=caller(request), session=self._session(request, session_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionExport(APIView):
    """?as=markdown (the default) or json: a chat of mine as a file."""

    def get(self, request: Request, session_id: uuid.UUID) -> HttpResponse:
        wanted = one_of(request, "as", ("markdown", "json"), "markdown")
        session = queries.session(caller(request), session_id)
        return export.file(session, as_json=wanted == "json")


class SessionBranch(APIView):
    """POST {message_id}: show the branch of that message, at its newest end."""

    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        user = caller(request)
        queries.session(user, session_id)  # before the body is looked at
        body = serializers.BranchIn(data=request.data)
        body.is_valid(raise_exception=True)
        session = branches.show(actor=user, session_id=session_id, **body.validated_data)
        return Response(serializers.session_detail(session, queries.thread(session)))


class SessionFiles(UploadView):
    """A file for this chat alone."""

    serializer_class = FileOnly

    def target(self, request: Request, given: dict[str, Any]) -> uuid.UUID:
        session_id = self.kwargs["session_id"]
        return session_files.collection_of(actor=caller(request), session_id=session_id).pk

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Before the file is taken, and whatever is wrong with it.
        if request.method == "POST":
            queries.session(caller(request), kwargs["session_id"])

    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        return super().post(request)


class CitationPlace(APIView):
    """Where the words of a saved citation stand now."""

    def get(self, request: Request, message_id: uuid.UUID, number: int) -> Response:
        return Response(citations.place(caller(request), message_id, number))


class FeedbackView(APIView):
    """POST {value: 1|-1, reason?} in place of what was said before; DELETE takes it back."""

    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        body = serializers.FeedbackIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = feedback.give(actor=caller(request), message_id=message_id, **body.validated_data)
        return Response(serializers.feedback_row(given))

    def delete(self, request: Request, message_id: uuid.UUID) -> Response:
        feedback.withdraw(actor=caller(request), message_id=message_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeepAnswer(APIView):
    """POST {answer}: the question before a message is kept with it."""

    permission_classes = [IsAuthenticated, IsAdmin]

    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        body = AnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = keep_answer(actor=caller(request), message_id=message_id, **body.validated_data)
        return Response(EntrySerializer(made).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    *assistants.urlpatterns,
    *picture_api.urlpatterns,
    path("chat/config", Config.as_view(), name="chat-config"),
    path("chat/sessions", Sessions.as_view(), name="chat-sessions"),
    path("chat/sessions/<uuid:session_id>", SessionDetail.as_view(), name="chat-session"),
    path(
        "chat/sessions/<uuid:session_id>/export",
        SessionExport.as_view(),
        name="chat-session-export",
    ),
    path(
        "chat/sessions/<uuid:session_id>/branch",
        SessionBranch.as_view(),
        name="chat-session-branch",
    ),
    path(
        "chat/sessions/<uuid:session_id>/files",
        SessionFiles.as_view(),
        name="chat-session-files",
    ),
    path(
        "chat/messages/<uuid:message_id>/citations/<int:number>",
        CitationPlace.as_view(),
        name="chat-citation",
    ),
    path("chat/messages/<uuid:message_id>/feedback", FeedbackView.as_view(), name="chat-feedback"),
    path(
        "knowledge/from-message/<uuid:message_id>", KeepAnswer.as_view(), name="knowledge-from-chat"
    ),
    path("users", people_api.Users.as_view(), name="users"),
    path("users/<uuid:user_id>", people_api.Person.as_view(), name="user"),
    path("users/<uuid:user_id>/chats", people_api.UserChats.as_view(), name="user-chats"),
]
