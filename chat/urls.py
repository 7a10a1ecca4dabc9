"""Pages of the chat."""

from django.urls import path

from chat import views

urlpatterns = [
    path("", views.chat_page, name="home"),
    path("chat/", views.chat_page, name="chat"),
    path("chat/<uuid:session_id>/", views.chat_page, name="chat-session-page"),
    path("preferences/", views.preferences, name="preferences"),
]
