"""The local embedder on every passage of a database and nothing else: see `bench.ingest`."""

import json
import os
import sys
import time

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from core.priority import WORKER, step_back  # noqa: PLC0415
    from documents.ingest.embed import Embedding, passage  # noqa: PLC0415
    from documents.models import Chunk  # noqa: PLC0415
    from documents.names import title_of  # noqa: PLC0415
    from llm.queries import current_embedding_model  # noqa: PLC0415
    from llm.services import embedder  # noqa: PLC0415

    # As the worker does it, or its share of the machine would be another.
    step_back(WORKER)
    document_id, sample = sys.argv[1], int(sys.argv[2])
    rows = Chunk.objects.filter(document_id=document_id).order_by("ordinal")
    texts = [
        passage(title_of(name), heading, text)
        for name, heading, text in rows.values_list(
            "document__original_filename", "heading", "text"
        )
    ]
    model = current_embedding_model()
    warm = Embedding(embedder(model), model.dimensions)
    warm.add("warm")
    warm.finish()
    embedding = Embedding(embedder(model), model.dimensions)
    begin = time.perf_counter()
    for text in texts:
        embedding.add(text)
    vectors = embedding.finish()
    seconds = time.perf_counter() - begin
    step = max(1, len(texts) // sample)
    found = {
        "chunks": len(texts),
        "seconds": seconds,
        "texts": texts[::step],
        "vectors": vectors[::step].astype(float).tolist(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
