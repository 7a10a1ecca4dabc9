"""The shapes of auth/*."""

from rest_framework import serializers

from accounts.models import Group, User, no_control_characters
from core.serializers import StrictSerializer

# Hashing takes as long as the text: nobody needs more, and 1 MB would be an attack.
PASSWORD_LIMIT = 256


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "email", "full_name", "role", "created_at"]
        read_only_fields = fields


class GroupNameSerializer(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ["id", "name"]
        read_only_fields = fields


class MeSerializer(serializers.ModelSerializer):
    groups = GroupNameSerializer(source="course_groups", many=True, read_only=True)

    class Meta:
        model = User
        fields = [*UserSerializer.Meta.fields, "language", "theme", "last_active_at", "groups"]
        read_only_fields = fields


class RegisterSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_LIMIT, trim_whitespace=False)
    full_name = serializers.CharField(max_length=150, validators=[no_control_characters])


class LoginSerializer(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_LIMIT, trim_whitespace=False)


class RefreshSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=4000)


class LogoutSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=4000, required=False, default="")


class PasswordGrantSerializer(serializers.Serializer):
    """RFC 6749, section 4.3.2 (password) and section 6 (refresh_token).

    What is not known is ignored, as section 3.2 asks of this one door: clients also send a scope.
    """

    grant_type = serializers.ChoiceField(["password", "refresh_token"], default="password")
    username = serializers.CharField(max_length=254, required=False, default="")
    password = serializers.CharField(
        max_length=PASSWORD_LIMIT, trim_whitespace=False, required=False, default=""
    )
    refresh_token = serializers.CharField(max_length=4000, required=False, default="")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        by_password = attrs["grant_type"] == "password"
        needed = ["username", "password"] if by_password else ["refresh_token"]
        missing = [name for name in needed if not attrs[name]]
        if missing:
            message = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError({name: [message] for name in missing})
        return attrs


class ProfileSerializer(StrictSerializer):
    full_name = serializers.CharField(
        max_length=150, required=False, validators=[no_control_characters]
    )
    language = serializers.ChoiceField(User.Language.choices, required=False)
    theme = serializers.ChoiceField(User.Theme.choices, required=False)
