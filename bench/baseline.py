"""The usual recipe, run by an environment of its own: see `bench.ingest`.

PyPDFLoader, RecursiveCharacterTextSplitter, sentence-transformers and PGVector through langchain,
as their documentation puts them together. Reads {"pdf", "model", "database", "texts"} as JSON on
standard input; says {"pages", "chunks", "seconds", "vectors"} on standard output, the vectors those
of the texts.
"""

import contextlib
import json
import os
import sys
import time
from pathlib import Path

# Nothing may be looked up in a hub: the model is a folder.
os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}


def main() -> None:
    # Lontar's worker gives way to whoever waits for a page, and so does this: both get the same
    # share of a machine that does something else too.
    os.nice(5)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text("5")
    given = json.load(sys.stdin)
    from langchain_community.document_loaders import PyPDFLoader  # noqa: PLC0415
    from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415
    from langchain_postgres import PGVector  # noqa: PLC0415
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

    embeddings = HuggingFaceEmbeddings(
        model_name=given["model"], encode_kwargs={"normalize_embeddings": True}
    )
    embeddings.embed_query("warm")
    begin = time.perf_counter()
    pages = PyPDFLoader(given["pdf"]).load()
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(pages)
    store = PGVector(embeddings, connection=given["database"], collection_name="bench")
    store.add_documents(chunks)
    seconds = time.perf_counter() - begin
    vectors = embeddings.embed_documents(given["texts"])
    found = {"pages": len(pages), "chunks": len(chunks), "seconds": seconds, "vectors": vectors}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
