"""What alice has. Every text of it holds SECRET, so that a leak to others shows in any answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.api_keys import make_key
from accounts.models import ApiKey, Group, User
from chat import pictures, session_files, sharing
from chat import services as chat_services
from chat.models import Assistant, DataExport, Message, Session, Share
from chat.mydata import work
from core.ids import new_id
from documents import collections as documents_collections
from documents import storage
from documents.models import (
    Chunk,
    Collection,
    Document,
    KnowledgeEntry,
    Page,
    Picture,
    WebSource,
)
from llm.models import EmbeddingModel, LanguageModel, Provider
from prompts.models import Prompt, PromptVersion
from rag.models import EvaluationRun, EvaluationSet, Question, Result

SECRET = "kunang-kunang"
PAGE_TEXT = f"The {SECRET} glows because of luciferin."


@dataclass
class World:
    alice: User
    session: Session
    message: Message
    collection: Collection
    document: Document
    prompt: Prompt
    model: LanguageModel
    provider: Provider
    embedding: EmbeddingModel
    run: EvaluationRun
    key: ApiKey
    group: Group
    web_source: WebSource
    entry: KnowledgeEntry
    assistant: Assistant
    share: Share
    export: DataExport
    picture: Picture

    @property
    def ids(self) -> dict[str, Any]:
        """The value of each parameter an address may have."""
        return {
            "<uuid:session_id>": self.session.pk,
            "<uuid:message_id>": self.message.pk,
            "<uuid:collection_id>": self.collection.pk,
            "<uuid:document_id>": self.document.pk,
            "<uuid:prompt_id>": self.prompt.pk,
            "<uuid:model_id>": self.model.pk,
            "<uuid:provider_id>": self.provider.pk,
            "<int:embedding_id>": self.embedding.pk,
            "<uuid:source_id>": self.web_source.pk,
            "<uuid:entry_id>": self.entry.pk,
            "<uuid:evaluation_id>": self.run.evaluation_set_id,
            "<uuid:run_id>": self.run.pk,
            "<uuid:other_id>": self.run.pk,
            "<uuid:assistant_id>": self.assistant.pk,
            "<uuid:user_id>": self.alice.pk,
            "<uuid:group_id>": self.group.pk,
            "<uuid:key_id>": self.key.pk,
            "<uuid:share_id>": self.share.pk,
            "<uuid:export_id>": self.export.pk,
            "<uuid:picture_id>": self.picture.pk,
            "<int:number>": 1,
            "<path:name>": "no-such/model",
        }

    def fill(self, path: str, *, unknown: bool = False) -> str:
        """The address of alice's things, or of things that do not exist."""
        for name, value in self.ids.items():
            path = path.replace(
                name, str(new_id() if unknown and isinstance(value, UUID) else value)
            )
        return "/" + path


def build(alice: User, number: int = 0) -> World:
    """`number` tells several worlds of the same person apart."""
    session = chat_services.create_session(actor=alice, title=f"About {SECRET}")
    message = say(session)
    document = _document(alice, number)
    prompt = Prompt.objects.create(name="A prompt", content=f"Talk about {SECRET}.")
    PromptVersion.objects.create(prompt=prompt, number=1, name=prompt.name, content=prompt.content)
    read = (document.collection, document)
    key, _ = make_key(actor=alice, name=f"Script of {SECRET}")
    rest = (prompt, _model(), _provider(), _embedding(), _run(document), key, _group(alice))
    sources = (_web_source(alice, number), _entry(alice, number), _assistant(document, number))
    shared, _token = sharing.share(actor=alice, session_id=session.pk)
    last = (shared, _export(alice), _picture(session, message))
    return World(alice, session, message, *read, *rest, *sources, *last)


def _export(alice: User) -> DataExport:
    """One that is ready."""
    work.folder().mkdir(parents=True, exist_ok=True)
    name = f"{new_id().hex}.zip"
    work.folder().joinpath(name).write_bytes(SECRET.encode())
    later = timezone.now() + timedelta(days=1)
    return DataExport.objects.create(user=alice, status="READY", filename=name, expires_at=later)


def _picture(session: Session, answer: Message) -> Picture:
    """With the question before an answer; what it shows is the word itself."""
    incoming = storage.Incoming()
    incoming.write(SECRET.encode())
    made = Picture.objects.create(
        collection=session_files.collection_of(actor=session.user, session_id=session.pk),
        owner=session.user,
        name=f"{SECRET}.png",
        sha256=incoming.sha256,
        filename=incoming.keep(),
        media_type="image/png",
        width=64,
        height=48,
        file_size=incoming.size,
        is_used=True,
    )
    Message.objects.filter(pk=answer.parent_id).update(pictures=[pictures.row(made)])
    return made


def _run(document: Document) -> EvaluationRun:
    """One question about her document, asked and missed."""
    asked = EvaluationSet.objects.create(name=SECRET, collection=document.collection)
    question = Question.objects.create(
        evaluation_set=asked, number=1, text=f"Why does a {SECRET} glow?", expected=[["x", 1]]
    )
    run = EvaluationRun.objects.create(
        evaluation_set=asked, embedding_name="letters", status="DONE", total=1, done=1
    )
    missed = dict.fromkeys(("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10"), 0.0)
    Result.objects.create(run=run, question=question, measures=missed)
    return run


def _assistant(document: Document, number: int) -> Assistant:
    """One that is open to alice alone, with what is hers."""
    made = Assistant.objects.create(
        name=f"Tutor of the {SECRET} {number} for {document.owner.email}",
        description=f"It knows every {SECRET}.",
        collections=[document.collection_id],
        tools=["document_search"],
        version=1,
    )
    made.users.add(document.owner)
    made.versions.create(number=1, name=made.name, collections=made.collections, tools=made.tools)
    return made


def _group(alice: User) -> Group:
    """One that alice is in."""
    group, _ = Group.objects.get_or_create(name=f"The class of {alice.email}")
    group.memberships.get_or_create(user=alice)
    return group


def _web_source(alice: User, number: int) -> WebSource:
    """In alice's own collection: not even her own is a student's to see."""
    return WebSource.objects.create(
        url=f"https://example.org/{SECRET}/{number}",
        collection=documents_collections.personal_collection(alice),
        added_by=alice,
        status=WebSource.Status.READY,
    )


def _entry(alice: User, number: int) -> KnowledgeEntry:
    """As the web source: alice's to search, not to see here."""
    collection = documents_collections.personal_collection(alice)
    document = Document.objects.create(
        collection=collection,
        owner=alice,
        kind="qa",
        original_filename=f"Q&A: {SECRET}",
        sha256=f"{number}",
        file_size=1,
        status=Document.Status.PROCESSED,
    )
    return KnowledgeEntry.objects.create(
        document=document, collection=collection, question=f"A {SECRET}?", answer=SECRET
    )


def _embedding() -> EmbeddingModel:
    """Registered, and neither in use nor being prepared."""
    return EmbeddingModel.objects.get_or_create(kind="ollama", name="letters", dimensions=8)[0]


def _provider() -> Provider:
    """A server of one's own, at an address of this machine where nothing answers."""
    address = {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"}
    return Provider.objects.get_or_create(**address, defaults={"name": "Ours"})[0]


def _model() -> LanguageModel:
    """The built-in answerer, which everybody may use."""
    provider, _ = Provider.objects.get_or_create(kind="builtin", defaults={"name": "Built in"})
    model, _ = LanguageModel.objects.get_or_create(
        provider=provider, name="quotes", defaults={"display_name": "Quotes"}
    )
    return model


def say(session: Session) -> Message:
    """One more question and its answer, which cites a passage."""
    count = session.total_messages
    question = Message.objects.create(
        session=session,
        position=count + 1,
        role=Message.Role.USER,
        parent=session.leaf,
        content=f"Why does a {SECRET} glow?",
    )
    answer = Message.objects.create(
        session=session,
        position=count + 2,
        role=Message.Role.ASSISTANT,
        parent=question,
        content=f"A {SECRET} glows by luciferin [1].",
    )
    answer.citations.create(number=1, document_name=f"{SECRET}.txt", excerpt=PAGE_TEXT, cited=True)
    session.leaf, session.total_messages = answer, count + 2
    session.save()
    return answer


def _document(alice: User, number: int) -> Document:
    incoming = storage.Incoming()
    incoming.write(f"{PAGE_TEXT}\n{number}".encode())
    document = Document.objects.create(
        collection=documents_collections.personal_collection(alice),
        owner=alice,
        original_filename=f"{SECRET}.txt",
        sha256=incoming.sha256,
        file_size=incoming.size,
        media_type="text/plain",
        kind="text",
        filename=incoming.keep(),
        status=Document.Status.PROCESSED,
        title=SECRET,
        page_count=1,
    )
    Page.objects.create(document=document, number=1, text=PAGE_TEXT, width=595, height=842)
    Chunk.objects.create(
        document=document,
        collection=document.collection,
        ordinal=0,
        page=1,
        start=0,
        end=len(PAGE_TEXT),
        text=PAGE_TEXT,
        word_count=7,
    )
    return document
