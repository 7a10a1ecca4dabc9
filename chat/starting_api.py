"""DRF's door to the questions of an empty chat."""

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import starting
from chat.doors import caller


class WithAssistant(serializers.Serializer):
    """The assistant a chat would begin with."""

    assistant_id = serializers.UUIDField(required=False)


class Questions(APIView):
    def get(self, request: Request) -> Response:
        asked = WithAssistant(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = starting.questions(caller(request), asked.validated_data.get("assistant_id"))
        return Response({"questions": found})


urlpatterns = [path("chat/questions", Questions.as_view(), name="chat-questions")]
