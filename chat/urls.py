"""Pages of the chat and the library."""

from django.urls import path

from chat import class_pages, shared_page, views

urlpatterns = [
    path("", views.chat_page, name="home"),
    path("chat/", views.chat_page, name="chat"),
    path("chat/<uuid:session_id>/", views.chat_page, name="chat-session-page"),
    path("account/data/", views.my_data_page, name="my-data"),
    path("s/<str:token>/", shared_page.shared_chat, name="shared-chat"),
    path(
        "s/<str:token>/pictures/<uuid:picture_id>/",
        shared_page.shared_picture,
        name="shared-picture",
    ),
    path("classes/", class_pages.classes, name="classes"),
    path("classes/<uuid:group_id>/", class_pages.class_chats, name="class-chats"),
    path("classes/<uuid:group_id>/<uuid:session_id>/", class_pages.class_chat, name="class-chat"),
    path("library/", views.library_page, name="library"),
    path("library/<uuid:collection_id>/", views.library_page, name="library-collection"),
    path("preferences/", views.preferences, name="preferences"),
]
