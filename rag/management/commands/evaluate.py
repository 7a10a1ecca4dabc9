"""manage.py evaluate: how well Lontar finds the evidence of questions that are known."""

import asyncio
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.models import Collection
from llm.errors import LLMError
from llm.models import EmbeddingModel
from llm.services import sync_registry
from rag.evaluation import report, runs, scratch
from rag.evaluation.folders import Folder, NoSet, open_folder
from rag.evaluation.metrics import Entry
from rag.evaluation.runs import Answer, Translator
from rag.reranker_models import Reranker
from rag.search import Ranking


class Command(BaseCommand):
    help = (
        "Read folders of documents and questions into scratch collections, ask every question "
        "through the product's own search, and print how often the evidence was found."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
        parser.add_argument("--run", type=Path, metavar="OUT.jsonl", help="Write the rankings.")
        parser.add_argument(
            "--fused-only", action="store_true", help="Leave out vectors and words alone."
        )
        parser.add_argument(
            "--reranker", metavar="NAME", help="Show also what this one of the admin's makes of it."
        )
        parser.add_argument("--remove", action="store_true", help="Delete the scratch collections.")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.out: Path | None = options["run"]
        self.several = len(options["folders"]) > 1
        self.rankings = [Ranking.FUSED] if options["fused_only"] else list(Ranking)
        try:
            folders = [open_folder(path) for path in options["folders"]]
        except NoSet as error:
            raise CommandError(f"{error} holds no set of questions that is known.") from error
        self.reranker = self._named(options["reranker"])
        if not EmbeddingModel.objects.filter(is_current=True).exists():
            sync_registry()  # a database that was migrated and never started with
        self.user = scratch.evaluator()
        for folder in folders:
            self._evaluate(folder)
        if options["remove"]:
            self.stdout.write(f"{scratch.remove(self.user)} scratch collections removed")

    def _evaluate(self, folder: Folder) -> None:
        collection, keys = scratch.collection_of(folder, self.user)
        if folder.kind == "files":
            ended = asyncio.run(runs.endings(collection, keys))
            self._show_files(folder, ended)
            return
        translator = Translator(folder, collection, keys)
        questions = folder.questions()
        entries: dict[str, dict[str, list[Entry]]] = {}
        for ranking in self.rankings:
            found = asyncio.run(runs.ask(self.user, collection, questions, ranking))
            if ranking is Ranking.FUSED:
                self._write(folder, translator, found)
            entries[ranking.value] = translator.all_entries(found)
        for line in report.table(folder.kind, questions, entries):
            self._show(folder, line)
        if self.reranker is not None:
            self._rerank(self.reranker, folder, collection, translator, entries["fused"])

    def _rerank(
        self,
        by: Reranker,
        folder: Folder,
        collection: Collection,
        translator: Translator,
        before: dict[str, list[Entry]],
    ) -> None:
        """Its lines under those of the search; never a mixture of both."""
        questions = folder.questions()
        try:
            found = asyncio.run(runs.ask(self.user, collection, questions, Ranking.FUSED, by))
        except LLMError as error:
            raise CommandError(
                f"{by.name} did not order the passages of a question ({error.code}), so nothing "
                f"was measured with it. Try again, or give it more seconds in the admin."
            ) from error
        self._write(folder, translator, found, "-reranked")
        entries = {"fused": translator.all_entries(found), "search": before}
        for line in report.table(folder.kind, questions, entries):
            self._show(folder, line, f"reranked by {by.name}, against the search")

    def _named(self, name: str | None) -> Reranker | None:
        if name is None:
            return None
        rows = Reranker.objects.select_related("language_model__provider", "provider")
        found = rows.filter(name=name).first()
        if found is None:
            raise CommandError(f"The admin lists no reranker called {name}.")
        return found

    def _write(
        self, folder: Folder, translator: Translator, answers: list[Answer], which: str = ""
    ) -> None:
        """One file for one folder; for several, each its own beside the name given."""
        if self.out is None:
            return
        of = f"-{folder.name}" if self.several else ""
        name = f"{self.out.stem}{of}{which}{self.out.suffix}"
        with self.out.with_name(name).open("w", encoding="utf-8") as file:
            for answer in answers:
                row = {
                    "qid": answer.question.id,
                    "ranked": translator.ranked(answer.hits),
                    "seconds": round(answer.seconds, 4),
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _show(self, folder: Folder, line: report.Line, what: str = "against the better") -> None:
        fused, regret = line.fused, line.regret
        halves = "".join(f"  {name} {value:.3f}" for name, value in line.halves.items())
        tail = ""
        if regret is not None:
            span = f"[{regret.low:+.3f}, {regret.high:+.3f}]"
            tail = f"  {what} {regret.mean:+.3f} {span}"
        self.stdout.write(
            f"{folder.name:<14} {line.measure:<10} {fused.mean:.3f} "
            f"[{fused.low:.3f}, {fused.high:.3f}] n={line.count}{halves}{tail}"
        )

    def _show_files(self, folder: Folder, ended: dict[str, str]) -> None:
        wrong = report.misplaced(folder.expected(), ended)
        self.stdout.write(
            f"{folder.name:<14} files in their class: {len(ended) - len(wrong)} of {len(ended)}"
        )
        for file, (wanted, got) in sorted(wrong.items()):
            self.stdout.write(f"  {file}: {wanted} expected, ended as {got}")
