"""What the simulated providers answer besides streams: lists of models and embeddings."""

import base64
import math
import re
import struct
import zlib
from typing import Any

DIMENSIONS = 384
WORD = re.compile(r"\w+")


def models(protocol: str, names: list[str]) -> dict[str, Any]:
    if protocol == "google":
        return {
            "models": [
                {
                    "name": f"models/{name}",
                    "displayName": name,
                    "inputTokenLimit": 32768,
                    "outputTokenLimit": 4096,
                    "supportedGenerationMethods": ["generateContent"],
                }
                for name in names
            ]
        }
    rows = [{"id": name, "object": "model", "type": "model", "created": 1} for name in names]
    return {"object": "list", "data": rows, "has_more": False}


def openai_embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    rows = []
    for index, text in enumerate(texts):
        numbers: Any = vector(text, int(body.get("dimensions") or DIMENSIONS))
        if body.get("encoding_format") == "base64":
            numbers = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": numbers})
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "data": rows, "model": body.get("model"), "usage": usage}


def google_embeddings(body: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for asked in body["requests"]:
        text = " ".join(part.get("text", "") for part in asked["content"]["parts"])
        rows.append({"values": vector(text, int(asked.get("outputDimensionality") or DIMENSIONS))})
    return {"embeddings": rows}


def vector(text: str, size: int) -> list[float]:
    """Unit length; the same text always gives the same, and shared words bring texts closer."""
    numbers = [0.0] * size
    for word in WORD.findall(text.lower()) or [""]:
        number = zlib.crc32(word.encode())
        numbers[number % size] += 1.0 if number & 0x8000_0000 else -1.0
    length = math.sqrt(sum(number * number for number in numbers))
    if not length:
        return [1.0] + [0.0] * (size - 1)
    return [number / length for number in numbers]
