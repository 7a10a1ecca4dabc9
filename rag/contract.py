"""The doors of this room, as core.contract has them."""

from core.contract import Binary, ListOf, Operation
from rag import shapes
from rag.api import SearchOut
from rag.evaluation_api import EvaluationUploadSerializer, RunSerializer

SET = "evaluations/{evaluation_id}"
RUN = "evaluations/runs/{run_id}"
COLLECTION = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
QUESTIONS = "question,document,page\nWhy do leaves look green?,biology.pdf,12"
ADMINS = "For admins."

OPERATIONS = {
    "POST rag/search": Operation(
        "Search my material",
        SearchOut,
        errors=(404,),
        note="The passages a model would be given for this query: only what the caller may read.",
    ),
    "GET rag/health": Operation("Get the health of retrieval", shapes.RagHealth),
    "GET rag/config": Operation("Get the settings of retrieval", shapes.RagConfig),
    "GET evaluations": Operation(
        "List evaluations", ListOf("evaluations", shapes.Evaluation), note=ADMINS
    ),
    "POST evaluations": Operation(
        "Upload an evaluation",
        {201: shapes.Evaluation, 200: shapes.QuestionPreview},
        body=EvaluationUploadSerializer,
        errors=(404,),
        example={"collection_id": COLLECTION, "questions": QUESTIONS, "preview": True},
        note=f"{ADMINS} With `preview` nothing is kept: 200 says what would be, line by line.",
    ),
    f"GET {SET}": Operation("Get an evaluation", shapes.EvaluationDetail, note=ADMINS),
    f"DELETE {SET}": Operation("Delete an evaluation", note=ADMINS),
    f"POST {SET}/runs": Operation(
        "Run an evaluation",
        {202: shapes.Run},
        body=RunSerializer,
        is_body_optional=True,
        errors=(409,),
        note=ADMINS,
        example={"top_k": 10, "ranking": "fused"},
    ),
    f"GET {RUN}": Operation("Get a run with its misses", shapes.RunDetail, note=ADMINS),
    f"DELETE {RUN}": Operation(
        "Stop a run", note=f"{ADMINS} One that is under way is stopped; what it found is kept."
    ),
    f"GET {RUN}/results": Operation(
        "Download the results of a run",
        Binary(("text/csv",), "A row for each question."),
        note=ADMINS,
    ),
    f"GET {RUN}/against/{{other_id}}": Operation(
        "Compare two runs", shapes.RunComparison, errors=(409,), note=ADMINS
    ),
}
