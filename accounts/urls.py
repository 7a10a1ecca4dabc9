"""The account page and what is done there. "My data" beside it is the chat's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.account_page, name="account"),
    path("profile/", views.save_profile, name="account-profile"),
    path("keys/", views.make_key, name="account-make-key"),
    path("keys/revoke/", views.revoke_key, name="account-revoke-key"),
    path("sessions/end/", views.end_sessions, name="account-end-sessions"),
]
