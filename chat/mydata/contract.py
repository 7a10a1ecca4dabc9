"""me/*, as core.contract has it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from chat.mydata.api import ProofIn
from core.contract import Binary, ListOf, Operation


class DataExport(BaseModel):
    id: UUID
    status: Literal["WAITING", "RUNNING", "READY", "FAILED"]
    done: int
    total: int
    size: int
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class Kept(BaseModel):
    model_calls: int


class WhatGoes(BaseModel):
    chats: int
    documents: int
    documents_others_read: int
    collections: int
    kept: Kept
    can_be_deleted: bool


EXPORT = "me/exports/{export_id}"
OPERATIONS = {
    "GET me/exports": Operation("List the archives of my data", ListOf("exports", DataExport)),
    "POST me/exports": Operation(
        "Put my data together",
        {202: DataExport},
        errors=(409,),
        note="In the background; the one that is under way where there is one. It takes the place "
        "of the one before.",
    ),
    f"GET {EXPORT}": Operation("Get an archive of my data", DataExport),
    f"DELETE {EXPORT}": Operation("Delete an archive of my data"),
    f"GET {EXPORT}/download": Operation(
        "Download an archive of my data",
        Binary(("application/zip",), "The archive."),
        errors=(409,),
        headers=("Content-Disposition",),
        note="409: it is not ready yet.",
    ),
    "GET me/account": Operation("Get what deleting my account would delete", WhatGoes),
    "DELETE me/account": Operation(
        "Delete my account",
        {204: None},
        body=ProofIn,
        is_body_optional=True,
        errors=(429,),
        note="With my password, or after a login of the last five minutes.",
        example={"password": "tulisan-di-daun-7"},
    ),
}
