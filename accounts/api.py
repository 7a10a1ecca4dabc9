"""auth/*: joining and logging in for programs."""

from django.contrib.auth import logout
from django.urls import path
from rest_framework import status
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import groups_api, keys_api, logins, services
from accounts.credentials import check_credentials, limit
from accounts.drf import ForgivingBearerAuthentication, SessionAuthentication
from accounts.resolve import Caller
from accounts.roster import api as roster_api
from accounts.serializers import (
    LoginSerializer,
    LogoutSerializer,
    MeSerializer,
    PasswordGrantSerializer,
    ProfileSerializer,
    RefreshSerializer,
    RegisterSerializer,
    UserSerializer,
)
from core.errors import Unauthenticated
from core.parsers import JSONParser


class OpenView(APIView):
    """For callers who are nobody yet. Cookies are not read, so no foreign page can use them."""

    authentication_classes = []
    permission_classes = [AllowAny]


class RegisterView(OpenView):
    def post(self, request: Request) -> Response:
        fields = RegisterSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        limit(request._request, "signup")
        user = services.register(**fields.validated_data)
        return Response(UserSerializer(user).data, status=status.HTTP_201_CREATED)


class LoginView(OpenView):
    def post(self, request: Request) -> Response:
        fields = LoginSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        return _log_in(request, **fields.validated_data)


class TokenView(OpenView):
    """The OAuth2 password form, for clients that know nothing else."""

    parser_classes = [FormParser, JSONParser]

    def post(self, request: Request) -> Response:
        form = PasswordGrantSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        if fields["grant_type"] == "refresh_token":
            return _tokens(logins.refresh_login(fields["refresh_token"]))
        return _log_in(request, fields["username"], fields["password"])


class RefreshView(OpenView):
    def post(self, request: Request) -> Response:
        fields = RefreshSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        return _tokens(logins.refresh_login(**fields.validated_data))


class LogoutView(APIView):
    """Ends what it is called with: the access token's login, the refresh token's, the session."""

    # An expired access token must not keep a refresh token from being ended.
    authentication_classes = [ForgivingBearerAuthentication, SessionAuthentication]
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        fields = LogoutSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        caller = request.auth if isinstance(request.auth, Caller) else None
        ended = logins.close_login(access=caller, **fields.validated_data)
        if request.user.is_authenticated and not ended:
            logout(request._request)
        elif not ended:
            raise Unauthenticated
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(request.user).data)

    def patch(self, request: Request) -> Response:
        fields = ProfileSerializer(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        user = services.update_profile(actor=request.user, **fields.validated_data)
        return Response(MeSerializer(user).data)


def _log_in(request: Request, email: str, password: str) -> Response:
    user = check_credentials(request._request, email, password)
    client = request.headers.get("User-Agent", "")
    return _tokens(logins.open_login(actor=user, client=client))


def _tokens(pair: logins.TokenPair) -> Response:
    return Response(
        {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "token_type": "bearer",
            "expires_in": pair.expires_in,
        }
    )


urlpatterns = [
    *keys_api.urlpatterns,
    path("auth/register", RegisterView.as_view(), name="auth-register"),
    path("auth/login", LoginView.as_view(), name="auth-login"),
    path("auth/token", TokenView.as_view(), name="auth-token"),
    path("auth/refresh", RefreshView.as_view(), name="auth-refresh"),
    path("auth/logout", LogoutView.as_view(), name="auth-logout"),
    path("auth/me", MeView.as_view(), name="auth-me"),
    *groups_api.urlpatterns,
    *roster_api.urlpatterns,
]
