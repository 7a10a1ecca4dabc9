"""manage.py evaluate: how well Lontar finds the evidence of questions that are known."""

import asyncio
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from llm.models import EmbeddingModel
from llm.services import sync_registry
from rag.evaluation import report, runs, scratch
from rag.evaluation.folders import Folder, NoSet, open_folder
from rag.evaluation.runs import Answer, Translator
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
        parser.add_argument("--remove", action="store_true", help="Delete the scratch collections.")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.out: Path | None = options["run"]
        self.several = len(options["folders"]) > 1
        self.rankings = [Ranking.FUSED] if options["fused_only"] else list(Ranking)
        try:
            folders = [open_folder(path) for path in options["folders"]]
        except NoSet as error:
            raise CommandError(f"{error} holds no set of questions that is known.") from error
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
        entries = {}
        for ranking in self.rankings:
            found = asyncio.run(runs.ask(self.user, collection, questions, ranking))
            if ranking is Ranking.FUSED:
                self._write(folder, translator, found)
            entries[ranking.value] = {
                answer.question.id: translator.entries(answer.question, answer.hits)
                for answer in found
            }
        for line in report.table(folder.kind, questions, entries):
            self._show(folder, line)

    def _write(self, folder: Folder, translator: Translator, answers: list[Answer]) -> None:
        """One file for one folder; for several, each its own beside the name given."""
        if self.out is None:
            return
        name = f"{self.out.stem}-{folder.name}{self.out.suffix}" if self.several else self.out.name
        with self.out.with_name(name).open("w", encoding="utf-8") as file:
            for answer in answers:
                row = {
                    "qid": answer.question.id,
                    "ranked": translator.ranked(answer.hits),
                    "seconds": round(answer.seconds, 4),
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _show(self, folder: Folder, line: report.Line) -> None:
        fused, regret = line.fused, line.regret
        halves = "".join(f"  {name} {value:.3f}" for name, value in line.halves.items())
        tail = ""
        if regret is not None:
            span = f"[{regret.low:+.3f}, {regret.high:+.3f}]"
            tail = f"  against the better {regret.mean:+.3f} {span}"
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
