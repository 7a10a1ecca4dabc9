"""The doors of this room, as core.contract has them. All are for admins."""

from core.contract import ListOf, Operation, Parameter
from prompts import shapes
from prompts.api import (
    NewPromptSerializer,
    PreviewSerializer,
    PromptSerializer,
    VersionSerializer,
)

PROMPT = "prompts/{prompt_id}"
VERSION = f"{PROMPT}/versions/{{number}}"
AGAINST = Parameter(
    "against",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "The number of another version; the one before by default.",
)
EXAMPLE = {"name": "Tutor", "content": "Help {student_name} with {course}."}

OPERATIONS = {
    "GET prompts": Operation(
        "List prompts",
        ListOf("prompts", PromptSerializer),
        query=Parameter("search", {"type": "string"}),
    ),
    "POST prompts": Operation(
        "Write a prompt",
        {201: PromptSerializer},
        body=NewPromptSerializer,
        errors=(409,),
        example=EXAMPLE,
    ),
    f"GET {PROMPT}": Operation("Get a prompt", PromptSerializer),
    f"PUT {PROMPT}": Operation(
        "Replace a prompt",
        PromptSerializer,
        body=PromptSerializer,
        errors=(409,),
        note="What is only read may come back with the rest, and is not looked at.",
        example=EXAMPLE,
    ),
    f"PATCH {PROMPT}": Operation(
        "Change a prompt",
        PromptSerializer,
        body=PromptSerializer,
        errors=(409,),
        example={"name": "Patient tutor"},
    ),
    f"DELETE {PROMPT}": Operation(
        "Delete a prompt",
        errors=(409,),
        note="One that was used is archived: the chats that began with it keep it.",
    ),
    f"PATCH {PROMPT}/activate": Operation(
        "Put a prompt in force",
        PromptSerializer,
        errors=(409,),
        note="The one in force before is so no more.",
    ),
    f"POST {PROMPT}/preview": Operation(
        "Preview a prompt",
        shapes.PromptPreview,
        body=PreviewSerializer,
        is_body_optional=True,
        note="What a student's model is told, with the names in braces filled in.",
        example={"student_name": "Alice"},
    ),
    f"GET {PROMPT}/versions": Operation(
        "List the versions of a prompt", ListOf("versions", VersionSerializer)
    ),
    f"GET {VERSION}": Operation("Get a version of a prompt", VersionSerializer),
    f"GET {VERSION}/diff": Operation(
        "Compare two versions of a prompt", shapes.Differences, query=AGAINST
    ),
    f"POST {VERSION}/restore": Operation(
        "Restore a version of a prompt", PromptSerializer, errors=(409,)
    ),
}
