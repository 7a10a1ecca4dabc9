"""What the doors of evaluations and of retrieval's health answer, for the contract."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class Embeddings(BaseModel):
    available: bool
    model: str | None


class Vectors(BaseModel):
    available: bool
    version: str | None
    total_chunks: int
    total_documents: int
    processed_documents: int


class RerankerState(BaseModel):
    name: str
    trouble: str | None


class RagHealth(BaseModel):
    status: Literal["healthy", "unhealthy"]
    embeddings: Embeddings
    pgvector: Vectors
    words_only: bool
    reranker: RerankerState | None
    errors: list[str]


class TopK(BaseModel):
    default: int
    max: int


class RagConfig(BaseModel):
    embedding_model: str
    embedding_dimensions: int
    top_k: TopK
    similarity_threshold: float | None
    fusion: str
    exact_up_to_chunks: int
    candidates: int
    reranker: str | None


class Evaluation(BaseModel):
    id: UUID
    name: str
    collection_id: UUID
    questions_count: int
    created_at: datetime


class RunSettings(BaseModel):
    top_k: int
    ranking: Literal["fused", "vectors", "words"]
    embedding_id: int | None
    embedding_model: str
    reranker: str


class Interval(BaseModel):
    mean: float
    low: float
    high: float


class Run(BaseModel):
    id: UUID
    evaluation_id: UUID
    settings: RunSettings
    purpose: str
    status: Literal["RUNNING", "DONE", "FAILED", "CANCELED"]
    total: int
    done: int
    error_code: str
    measures: dict[str, Interval]
    created_at: datetime
    finished_at: datetime | None


class EvaluationDetail(Evaluation):
    runs: list[Run]


class RunDetail(Run):
    misses: list[dict[str, Any]]
    missing_documents: list[str]


class LineError(BaseModel):
    line: int
    message: str


class QuestionPreview(BaseModel):
    questions: list[dict[str, Any]]
    errors: list[LineError]


class RunComparison(BaseModel):
    first: Run
    second: Run
    questions: int
    verdict: Literal["better", "worse", "no_difference"]
    sentence: str
    differences: dict[str, Interval]
