"""What is said of a value that a field does not take, by REST framework and by pydantic alike.

Both have words of their own: of dictionaries, strings, inputs and primary keys, pydantic only in
English. Whoever reads these may be a student with a first script.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import relations, serializers

# What PostgreSQL keeps of a text: everything but NUL.
PRINTED = r"^[^\x00]*$"
REQUIRED = _("This field is required.")
BLANK = _("This field may not be blank.")
UNKNOWN = _("This field is not known here.")
CHOICE = _("Give one of these: {choices}.")
TEXT = _("Give a text.")
LONG_TEXT = _("Give at most {max_length} characters.")
SHORT_TEXT = _("Give at least {min_length} characters.")
CHARACTERS = _("Leave out characters that cannot be printed.")
TRUTH = _("Send true or false.")
WHOLE = _("Give a whole number.")
NUMBER = _("Give a number.")
LEAST = _("Give {min_value} or more.")
MOST = _("Give {max_value} or less.")
MANY = _("Give at most {max_length}.")
FEW = _("Give at least {min_length}.")
LIST = _("Give a list.")
ONE = _("Give at least one.")
OBJECT = _("Send one JSON object.")
ID = _("Give an id as it was told, like 0192f3a4-5b6c-7d8e-9f01-23456789abcd.")
FILE = _("Send a file, as multipart/form-data.")
JSON_BODY = _("This cannot be read as JSON. Send one JSON object in UTF-8.")
FORM_BODY = _("This form cannot be read. Send multipart/form-data with its boundary.")
MEDIA_TYPE = _("This address takes %(types)s. Name it in the header Content-Type.")
METHOD = _("This address does not take %(method)s, but %(allowed)s.")

_LENGTHS = {"max_length": LONG_TEXT, "min_length": SHORT_TEXT}
_SIZES = {"max_value": MOST, "min_value": LEAST}
_COUNTS = {"not_a_list": LIST, "empty": ONE, "max_length": MANY, "min_length": FEW}
_MOMENT = _("Give a time like 2026-11-30T08:00:00+07:00.")
OF_FIELDS: dict[Any, dict[str, Any]] = {
    serializers.Field: {"required": REQUIRED, "null": _("Leave this out, or give a value.")},
    serializers.BooleanField: {"invalid": TRUTH},
    serializers.CharField: {"invalid": TEXT, "blank": BLANK, **_LENGTHS},
    serializers.EmailField: {"invalid": _("Give an email address, like name@school.example.")},
    serializers.RegexField: {"invalid": _("Leave out characters that are not taken here.")},
    serializers.UUIDField: {"invalid": ID},
    serializers.IntegerField: {"invalid": WHOLE, "max_string_length": WHOLE, **_SIZES},
    serializers.DecimalField: {
        "invalid": NUMBER,
        "max_string_length": NUMBER,
        "max_digits": _("Give a number of at most {max_digits} digits."),
        "max_whole_digits": _(
            "Give a number of at most {max_whole_digits} digits before the point."
        ),
        "max_decimal_places": _(
            "Give a number of at most {max_decimal_places} digits after the point."
        ),
        **_SIZES,
    },
    serializers.DateTimeField: {"invalid": _MOMENT, "date": _MOMENT, "overflow": _MOMENT},
    serializers.ChoiceField: {"invalid_choice": CHOICE},
    serializers.FileField: {"required": FILE, "invalid": FILE, "no_name": FILE},
    serializers.ListField: _COUNTS,
    serializers.ListSerializer: _COUNTS,
    serializers.DictField: {"not_a_dict": OBJECT},
    serializers.Serializer: {"invalid": OBJECT},
    relations.PrimaryKeyRelatedField: {
        "required": REQUIRED,
        "does_not_exist": _("This does not exist, or you may not see it."),
        "incorrect_type": _("Give an id as it was told."),
    },
}
# Said by validators that take no sentence of a field.
OF_CODES = {
    "null_characters_not_allowed": CHARACTERS,
    "surrogate_characters_not_allowed": CHARACTERS,
}
# By the type of pydantic's error; its context fills in what has a place.
OF_TYPES = {
    "missing": REQUIRED,
    "extra_forbidden": UNKNOWN,
    "literal_error": CHOICE,
    "enum": CHOICE,
    "string_type": TEXT,
    "string_unicode": CHARACTERS,
    "string_pattern_mismatch": _("Leave out characters that are not taken here."),
    "string_too_short": BLANK,
    "string_too_long": LONG_TEXT,
    "bool_type": TRUTH,
    "bool_parsing": TRUTH,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_type": WHOLE,
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "greater_than_equal": LEAST,
    "less_than_equal": MOST,
    "less_than": _("Give less than {max_value}."),
    "greater_than": _("Give more than {min_value}."),
    "uuid_parsing": ID,
    "uuid_type": ID,
    "list_type": LIST,
    "too_long": MANY,
    "too_short": FEW,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "json_invalid": JSON_BODY,
}


def speak_plainly() -> None:
    """Once, when the product starts: REST framework has no setting for its sentences."""
    for kind, said in OF_FIELDS.items():
        kind.default_error_messages = {**kind.default_error_messages, **said}


def of_pydantic(item: dict[str, Any]) -> str:
    """The sentence for one row of a ValidationError's `errors()`."""
    known = OF_TYPES.get(item.get("type", ""))
    if known is None:
        return str(item.get("msg", ""))
    given = item.get("ctx") or {}
    return str(known).format(
        **{name: given[name] for name in ("max_length", "min_length") if name in given},
        choices=str(given.get("expected", "")).replace(" or ", ", ").replace("'", ""),
        min_value=given.get("ge", given.get("gt")),
        max_value=given.get("le", given.get("lt")),
    )
