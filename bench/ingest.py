"""How fast a book is read beside the usual recipe, and what others notice of it meanwhile.

    python -m bench ingest                          # every part, a book of 1,158 pages
    python -m bench ingest --part recipe --pages 150
    python -m bench ingest --part embedder --pdf book.pdf

| part | what is compared | goal |
|---|---|---|
| recipe | the usual recipe's seconds to ours, with the same vectors | 2.5, better 3 |
| embedder | the local embedder's seconds on the same passages to ours | 85 % |
| instant | seconds with remote embeddings that answer at once; the same text again | 5 s; none |
| stalls | p95 of a small page during ingestion to its p95 without | at most 2 |
| memory | the worker's peak with 1,500 pages against 30 | at most 150 MB more |

Everything is one upload to a Lontar of its own and the waiting until it is there. The recipe gets
an environment of its own, which is removed afterwards unless --recipe-in names a folder for it.
Its model is the folder of weights that Lontar itself uses: nothing is downloaded but packages.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.client import Client
from bench.installation import Installation, peak_of_tree
from bench.instant import instant_embeddings
from bench.paper import make_book
from launch.options import ROOT

REQUIREMENTS = Path(__file__).with_name("baseline_requirements.txt")
SAMPLE = 100  # texts whose vectors are compared
PAGES_ASKED = 200
# On a machine that does other things, too, the end of a long book is not waited for.
STALLS_SECONDS = 60


@dataclass(frozen=True)
class Book:
    name: str
    data: bytes

    def again(self) -> bytes:
        """The same pages in another file."""
        return self.data + b"\n% again\n"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="bench ingest",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", choices=("all", *PARTS), default="all")
    parser.add_argument("--pages", type=int, default=1158, help="pages of the generated book")
    parser.add_argument("--pdf", type=Path, help="a book instead of the generated one")
    parser.add_argument("--recipe-in", type=Path, help="where its environment is, or is made")
    given = parser.parse_args(arguments)
    data = given.pdf.read_bytes() if given.pdf else make_book(given.pages)
    book = Book(given.pdf.name if given.pdf else f"{given.pages}-pages.pdf", data)
    for part in PARTS if given.part == "all" else (given.part,):
        PARTS[part](book, given.recipe_in)


def measure_recipe(book: Book, folder: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="lontar-recipe-") as temporary:
        python = _recipe_environment(folder or Path(temporary))
        with Installation() as lontar:
            ours, alone = _beside_embedder(lontar, book)
            pdf = Path(temporary, "book.pdf")
            pdf.write_bytes(book.data)
            found = _recipe(python, pdf, lontar, alone["texts"])
    least = min(map(_cosine, alone["vectors"], found["vectors"]))
    show("recipe", f"{found['pages']} pages, {found['chunks']} chunks, {found['seconds']:.1f} s")
    show("ours", f"{alone['chunks']} chunks, {ours:.1f} s")
    show("recipe / ours (goal 2.5)", f"{found['seconds'] / ours:.2f}")
    show(f"least cosine of {len(alone['texts'])} vectors", f"{least:.6f}")
    show("embedder alone / ours (goal 0.85)", f"{alone['seconds'] / ours:.2f}")


def measure_embedder(book: Book, _folder: Path | None) -> None:
    with Installation() as lontar:
        ours, alone = _beside_embedder(lontar, book)
    show("embedder alone", f"{alone['chunks']} chunks, {alone['seconds']:.1f} s")
    show("ours", f"{ours:.1f} s")
    show("embedder alone / ours (goal 0.85)", f"{alone['seconds'] / ours:.2f}")


def measure_instant(book: Book, _folder: Path | None) -> None:
    with instant_embeddings(384) as (address, asked), _remote(address) as lontar:
        client = _started(lontar)
        before = asked.requests, asked.texts
        seconds = _ingest(client, book.name, book.data)
        show("embeddings that answer at once (goal 5 s)", f"{seconds:.2f} s")
        sent = asked.requests - before[0], asked.texts - before[1]
        show("requests, texts", "{}, {}".format(*sent))
        before = asked.requests, asked.texts
        # Its name is in the header of its passages.
        seconds = _ingest(client, book.name, book.again())
        show("the same pages in another file", f"{seconds:.2f} s")
        show("texts embedded again (goal 0)", str(asked.texts - before[1]))


def measure_stalls(book: Book, _folder: Path | None) -> None:
    with Installation() as lontar:
        client = _started(lontar)
        calm = _p95([_asked(client) for _ in range(PAGES_ASKED)])
        file = client.upload(book.name, book.data)
        times: list[float] = []
        begin = looked = time.monotonic()
        while file["status"] not in ("PROCESSED", "FAILED") and looked < begin + STALLS_SECONDS:
            times.append(_asked(client))
            time.sleep(0.02)
            if time.monotonic() > looked + 1:
                looked = time.monotonic()
                file = client.call("GET", f"/api/v1/files/{file['id']}")
    show("read meanwhile", f"{file['progress']} % of {book.name} in {looked - begin:.0f} s")
    show("small page without ingestion, p95", f"{calm * 1000:.1f} ms")
    show("small page during ingestion, p95, longest", f"{_p95(times) * 1000:.1f}, "
         f"{max(times) * 1000:.1f} ms of {len(times)}")  # fmt: skip
    show("during / without (goal at most 2)", f"{_p95(times) / calm:.2f}")


def measure_memory(_book: Book, _folder: Path | None) -> None:
    with instant_embeddings(384) as (address, _asked), _remote(address) as lontar:
        client = _started(lontar)
        _ingest(client, "warm.pdf", make_book(3))
        peaks = []
        for pages in (30, 1500):
            with peak_of_tree(lontar.pid("worker")) as peak:
                _ingest(client, f"{pages}.pdf", make_book(pages))
            peaks.append(peak.mib)
            show(f"worker and reader with {pages} pages, peak", f"{peak.mib:.0f} MiB (PSS)")
    show("more (goal at most 150)", f"{peaks[1] - peaks[0]:.0f} MiB")


PARTS: dict[str, Callable[[Book, Path | None], None]] = {
    "recipe": measure_recipe,
    "embedder": measure_embedder,
    "instant": measure_instant,
    "stalls": measure_stalls,
    "memory": measure_memory,
}


def _remote(address: str) -> Installation:
    """A Lontar whose embeddings come from there."""
    remote = {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "any"}
    return Installation({**remote, "EMBEDDING_MODEL": "openai:bench:384"})


def _started(lontar: Installation) -> Client:
    """Signed in, and the worker has read its first file: programs load on first use."""
    lontar.start()
    client = Client(lontar.base)
    _ingest(client, "first.pdf", make_book(2))
    return client


def _ingest(client: Client, name: str, data: bytes) -> float:
    """Seconds from the upload until the document can be searched."""
    begin = time.perf_counter()
    file = client.wait_processed(client.upload(name, data), seconds=3600)
    if file["status"] != "PROCESSED":
        raise RuntimeError(f"{name}: {file['status']} {file.get('error') or ''}")
    return time.perf_counter() - begin


def _asked(client: Client) -> float:
    begin = time.perf_counter()
    client.call("GET", "/api/v1/auth/me")
    return time.perf_counter() - begin


def _beside_embedder(lontar: Installation, book: Book) -> tuple[float, dict[str, Any]]:
    """(our seconds, what `bench.alone` says of the same passages)."""
    client = _started(lontar)
    begin = time.perf_counter()
    file = client.wait_processed(client.upload(book.name, book.data), seconds=3600)
    ours = time.perf_counter() - begin
    command = [sys.executable, "-m", "bench.alone", str(file["id"]), str(SAMPLE)]
    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **lontar.run_env()}, stdout=subprocess.PIPE,
        check=True, start_new_session=True,
    )  # fmt: skip
    return ours, json.loads(answer.stdout)


def _recipe_environment(folder: Path) -> Path:
    """The Python of an environment with its packages; torch first, or pip takes another one."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "torch==2.13.0"], check=True)
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    return python


def _recipe(python: Path, pdf: Path, lontar: Installation, texts: list[str]) -> dict[str, Any]:
    from llm.embeddings.weights import checked_folder  # noqa: PLC0415

    database = lontar.run_env()["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1)
    given = {
        "pdf": str(pdf),
        "model": str(checked_folder()),
        "database": database.replace("postgres:", "postgresql+psycopg:", 1),
        "texts": texts,
    }
    answer = subprocess.run(
        [python, Path(__file__).with_name("baseline.py")], input=json.dumps(given).encode(),
        stdout=subprocess.PIPE, check=True, start_new_session=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def show(name: str, value: str) -> None:
    print(f"{name:45} {value}", flush=True)
