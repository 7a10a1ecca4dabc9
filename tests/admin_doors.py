"""What an admin may do on each page of the Django admin: one row for every model it shows.

A new model, action or page of one's own fails tests/test_admin_doors.py until it is listed here;
everybody is then asked there. What a superadmin may beyond an admin is decided for each account by
accounts.services, so the rows hold for both.
"""

from dataclasses import dataclass

READ = ("view",)
EVIDENCE = ("view", "delete")
ALL = ("view", "add", "change", "delete")


@dataclass(frozen=True)
class AdminDoor:
    may: tuple[str, ...]
    actions: tuple[str, ...] = ()
    # Its own addresses, besides list, add, change, delete and history.
    pages: tuple[str, ...] = ()

    @property
    def all_actions(self) -> set[str]:
        deleting = {"delete_selected"} if "delete" in self.may else set()
        return {*self.actions, *deleting}


ADMIN = {
    "accounts.User": AdminDoor(
        ALL,
        (
            "activate",
            "deactivate",
            "add_to_group",
            "password_links",
            "forget_second_factors",
            "export_csv",
        ),
        ("<id>/password/",),
    ),
    "accounts.Group": AdminDoor(
        ALL,
        ("export_csv",),
        ("<uuid:group_id>/roster/", "<uuid:group_id>/roster/export/"),
    ),
    "accounts.ApiLogin": AdminDoor(READ),
    "accounts.ApiKey": AdminDoor(READ, ("take_back",)),
    "accounts.Limit": AdminDoor(ALL),
    "llm.ModelCall": AdminDoor(READ, ("export_csv",), ("usage/",)),
    "llm.Budget": AdminDoor(ALL),
    "llm.SpendingAlert": AdminDoor(ALL),
    "llm.Provider": AdminDoor(ALL, ("check_now", "fetch_models", "switch_on", "switch_off")),
    "llm.LanguageModel": AdminDoor(ALL, ("switch_on", "switch_off")),
    "llm.EmbeddingModel": AdminDoor(("view", "add"), ("use", "approve", "cancel", "remove")),
    "documents.ReembedJob": AdminDoor(READ, ("cancel",)),
    "documents.KnowledgeEntry": AdminDoor(ALL, ("export",), ("import/", "export/")),
    "documents.WebSource": AdminDoor(ALL, ("read_again",)),
    "documents.Collection": AdminDoor(ALL),
    "documents.Document": AdminDoor(
        ("view", "change", "delete"), ("retry", "read_again", "summarise", "move", "export_csv")
    ),
    "documents.Chunk": AdminDoor(READ),
    "documents.UploadQuota": AdminDoor(("view", "add", "change")),
    "prompts.Prompt": AdminDoor(ALL, ("activate",)),
    "rag.Reranker": AdminDoor(ALL, ("use", "approve", "stop")),
    "rag.EvaluationSet": AdminDoor(("view", "add", "delete")),
    "rag.EvaluationRun": AdminDoor(EVIDENCE, ("cancel",), ("<uuid:run_id>/results.csv",)),
    "chat.Assistant": AdminDoor(ALL, ("export_csv", "unarchive")),
    "chat.Session": AdminDoor(EVIDENCE, ("complete", "export_csv")),
    "chat.Message": AdminDoor(EVIDENCE),
    "chat.Generation": AdminDoor(EVIDENCE),
    "chat.Citation": AdminDoor(EVIDENCE),
    "chat.Feedback": AdminDoor(EVIDENCE, ("export_csv",)),
    "chat.ClassReading": AdminDoor(("view", "add"), ("end",)),
    "chat.ChatReading": AdminDoor(READ),
}
# Addresses of the site itself.
SITE = {
    "",
    "login/",
    "logout/",
    "password_change/",
    "password_change/done/",
    "autocomplete/",
    "jsi18n/",
    "r/<path:content_type_id>/<path:object_id>/",
}
