"""all-MiniLM-L6-v2 in bfloat16 by OpenVINO: twice the speed where the processor computes in it.

A model of its own for the registry, since its vectors are only nearly those in float32. The package
is not installed by default. The encoder is put together from the same checked weights: OpenVINO
takes no graph whose weights lie in another folder.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from llm.embeddings.weights import checked_folder
from llm.errors import llm_error

if TYPE_CHECKING:
    from llm.base import Vectors
    from llm.embeddings.local import Run

log = logging.getLogger(__name__)
PACKAGE = "openvino"
TESTED = "2026.4.1"

LAYERS, HEADS, EPSILON = 6, 12, 1e-12


def trouble() -> str:
    """Why this machine cannot run it, with what to do; empty when it can."""
    if not _is_installed():
        return _(
            "This model needs the package OpenVINO, which is not installed. Run "
            "“pip install %(package)s” in Lontar's environment, and start Lontar again."
        ) % {"package": f"{PACKAGE}=={TESTED}"}
    import openvino  # noqa: PLC0415

    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return _("This machine's processor does not compute in bfloat16. Use all-MiniLM-L6-v2.")
    return ""


def _is_installed() -> bool:
    return importlib.util.find_spec(PACKAGE) is not None


def bfloat16(threads: int, calls: int) -> Run:
    """Raises LLMError on a machine that cannot run it: a restore or a move may bring it there."""
    if why := trouble():
        log.error("the embedding model in bfloat16 cannot be loaded: %s", why)
        raise llm_error("unavailable")
    import openvino  # noqa: PLC0415

    model = Encoder(checked_folder() / "model.safetensors").model()
    # A stream for each call: calls do not wait for one another, as with onnxruntime.
    options = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "NUM_STREAMS": calls,
        "INFERENCE_NUM_THREADS": calls * threads,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = openvino.Core().compile_model(model, "CPU", options)
    own = threading.local()

    def run(tokens: Any, mask: Any) -> Vectors:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        # Copied: the request writes its next answer to the same place.
        vectors: Vectors = own.request.infer([tokens, mask])[0].copy()
        return vectors

    return run


class Encoder:
    """The encoder as OpenVINO's operations; every method returns the node it added."""

    def __init__(self, safetensors: Path) -> None:
        import numpy as np  # noqa: PLC0415
        from openvino import opset13  # noqa: PLC0415

        self.op: Any = opset13
        self._bytes = np.memmap(safetensors, np.uint8, "r")
        (length,) = struct.unpack("<Q", bytes(self._bytes[:8]))
        self._header: dict[str, Any] = json.loads(bytes(self._bytes[8 : 8 + length]))
        self._base = 8 + length

    def weight(self, name: str) -> Any:
        import numpy as np  # noqa: PLC0415

        entry = self._header[name]
        start, end = (self._base + offset for offset in entry["data_offsets"])
        values = self._bytes[start:end].view(np.float32).reshape(entry["shape"])
        return self.op.constant(np.array(values))

    def whole(self, *numbers: int) -> Any:
        import numpy as np  # noqa: PLC0415

        return self.op.constant(np.array(numbers, np.int64))

    def dense(self, x: Any, name: str) -> Any:
        product = self.op.matmul(x, self.weight(f"{name}.weight"), False, True)
        return self.op.add(product, self.weight(f"{name}.bias"))

    def norm(self, x: Any, name: str) -> Any:
        flat = self.op.mvn(x, self.whole(2), True, EPSILON, "inside_sqrt")
        scaled = self.op.multiply(flat, self.weight(f"{name}.weight"))
        return self.op.add(scaled, self.weight(f"{name}.bias"))

    def embedded(self, ids: Any) -> Any:
        op, zero = self.op, self.whole(0)
        words = op.gather(self.weight("embeddings.word_embeddings.weight"), ids, zero)
        length = op.gather(op.shape_of(ids), self.whole(1), zero)
        positions = op.slice(
            self.weight("embeddings.position_embeddings.weight"), zero, length, self.whole(1), zero
        )
        segment = op.slice(
            self.weight("embeddings.token_type_embeddings.weight"),
            zero, self.whole(1), self.whole(1), zero,
        )  # fmt: skip
        return self.norm(op.add(op.add(words, positions), segment), "embeddings.LayerNorm")

    def layer(self, x: Any, mask: Any, number: int) -> Any:
        op, prefix = self.op, f"encoder.layer.{number}."
        query, key, value = (
            self._heads(self.dense(x, f"{prefix}attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        seen = op.scaled_dot_product_attention(query, key, value, mask)
        joined = op.reshape(op.transpose(seen, self.whole(0, 2, 1, 3)), self.whole(0, 0, -1), True)
        y = self.dense(joined, f"{prefix}attention.output.dense")
        x = self.norm(op.add(x, y), f"{prefix}attention.output.LayerNorm")
        h = op.gelu(self.dense(x, f"{prefix}intermediate.dense"), "erf")
        y = self.dense(h, f"{prefix}output.dense")
        return self.norm(op.add(x, y), f"{prefix}output.LayerNorm")

    def _heads(self, x: Any) -> Any:
        parts = self.op.reshape(x, self.whole(0, 0, HEADS, -1), True)
        return self.op.transpose(parts, self.whole(0, 2, 1, 3))

    def model(self) -> Any:
        import numpy as np  # noqa: PLC0415
        import openvino  # noqa: PLC0415

        op = self.op
        ids, mask = (op.parameter([-1, -1], np.int64, name=n) for n in ("ids", "mask"))
        numbers = op.convert(mask, "f32")
        # Padding is kept out of the attention by a number so low that its share is none.
        missing = op.multiply(
            op.subtract(numbers, op.constant(np.float32(1))), op.constant(np.float32(1e9))
        )
        hidden = op.unsqueeze(op.unsqueeze(missing, self.whole(1)), self.whole(1))
        x = self.embedded(ids)
        for number in range(LAYERS):
            x = self.layer(x, hidden, number)
        total = op.reduce_sum(op.multiply(x, op.unsqueeze(numbers, self.whole(2))), self.whole(1))
        return openvino.Model([op.normalize_l2(total, self.whole(1), EPSILON, "max")], [ids, mask])
