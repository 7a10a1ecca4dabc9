import json
import os
import subprocess
import sys

import pytest

HEAVY = ["openai", "anthropic", "google.genai", "onnxruntime", "tokenizers", "numpy", "httpx2"]


@pytest.mark.parametrize(
    "modules", ["llm.services, llm.queries, llm.loop", "llm.api, llm.admin, llm.tasks"]
)
def test_what_the_web_process_imports_at_rest_is_light(modules):
    """An idle web process should not hold three SDKs (90 MB) it may never need."""
    code = (
        "import sys, json, django; django.setup(); before = set(sys.modules); "
        f"import {modules}; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules "
        "and m not in before]))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
