"""Pictures that came in a request."""

import base64
import binascii

from django.utils.translation import gettext as _

from chat.compatible.refusals import refused
from documents.pictures import media_type
from llm.messages import Image

LARGEST = 15 * 1024 * 1024
MOST = 20


def picture(url: str, param: str) -> Image:
    """The picture of a data: URL. Raises AppError for any other address, and any other file."""
    head, comma, data = url.partition(",")
    head = head.lower()
    if not (head.startswith("data:") and head.endswith(";base64")) or not comma:
        sentence = _("Pictures are not fetched from addresses. Send it as a data: URL in base64.")
        raise refused(sentence, param, "invalid_image_url")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused(_("This picture is not in base64."), param, "invalid_image_url") from error
    kind = media_type(content)
    if kind is None:
        sentence = _("This is no picture that models read. Send PNG, JPEG, GIF or WebP.")
        raise refused(sentence, param, "invalid_image_format")
    if len(content) > LARGEST:
        raise refused(_("This picture is larger than 15 MB."), param, "image_too_large")
    return Image(kind, content)
