"""The process that decodes strangers' pictures: bytes come in, a picture drawn anew goes out.

`python -m documents.ingest.redraw_child`: confined as the readers of files are. Standard input is
the file; standard output one line of JSON ({media_type, width, height}, or {error}) and then the
bytes. Nothing but pixels is taken over: no place, no camera, no comment, no second file behind the
first, no colour profile. Of moving pictures, the first frame.
"""

import io
import json
import struct
import sys
from typing import TYPE_CHECKING

from documents.ingest.confinement import confine

if TYPE_CHECKING:
    from PIL.Image import Image as Drawing

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# Providers scale down what is larger.
SIDE = 2048
MOST_PIXELS = 50_000_000
CPU_SECONDS = 20
# A drawing keeps its sharp edges unless that takes more than this.
LARGEST_PNG = 1_500_000
QUALITY = 88


class Refused(Exception):
    """The code of a reason."""


def redrawn(content: bytes) -> tuple[dict[str, object], bytes]:
    """Upright, on white, at most SIDE wide and high, as PNG or JPEG."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise Refused("picture_pixels")
        is_photo = picture.format == "JPEG"
        picture.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded smaller at once
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        drawn = _on_white(upright)
    png = b"" if is_photo else _saved(drawn, "PNG", optimize=False)
    is_png = bool(png) and len(png) <= LARGEST_PNG
    out = png if is_png else _saved(drawn, "JPEG", quality=QUALITY)
    kind = "image/png" if is_png else "image/jpeg"
    return {"media_type": kind, "width": drawn.width, "height": drawn.height}, out


def _on_white(picture: "Drawing") -> "Drawing":
    """A drawing of its own, that carries nothing of the file along."""
    from PIL import Image  # noqa: PLC0415

    drawn = Image.new("RGB", picture.size, "white")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        drawn.paste(clear, mask=clear.getchannel("A"))
    else:
        drawn.paste(picture.convert("RGB"))
    return drawn


def _saved(drawn: "Drawing", kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    drawn.save(out, kind, **how)
    return out.getvalue()


def main() -> int:
    from PIL import Image  # noqa: PLC0415

    Image.preinit()  # what decodes is loaded before the limits
    Image.init()
    confine(CPU_SECONDS, is_waited_for=True)
    said: dict[str, object]
    try:
        said, picture = redrawn(sys.stdin.buffer.read())
    except Refused as refused:
        said, picture = {"error": str(refused)}, b""
    except (MemoryError, Image.DecompressionBombError):
        said, picture = {"error": "picture_pixels"}, b""
    # What decoders make of damage; after anything else the parent finds a dead child.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        said, picture = {"error": "damaged_picture"}, b""
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + picture)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
