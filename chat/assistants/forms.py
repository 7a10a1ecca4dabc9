"""An assistant as an admin writes it, all on one page."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.assistants import choices
from chat.assistants.models import Assistant
from chat.assistants.tools import DOCUMENT_SEARCH, KNOWN
from core.errors import Invalid
from documents.models import Collection
from llm.models import LanguageModel
from prompts.models import Prompt

# Of a longer list, made by the API, the rest is kept behind these.
NEXT = ("next_1", "next_2", "next_3")
# What the page has of its own, put together as services take it.
OWN = ("model_id", "fallbacks", "prompt_id", "collections", "tools")


class AssistantForm(forms.ModelForm):  # type: ignore[type-arg]
    chosen_model = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    next_1 = forms.ChoiceField(label=gettext_lazy("When it fails"), required=False)
    next_2 = forms.ChoiceField(label=gettext_lazy("Then"), required=False)
    next_3 = forms.ChoiceField(label=gettext_lazy("And then"), required=False)
    chosen_prompt = forms.ModelChoiceField(
        Prompt.objects.none(),
        label=gettext_lazy("Prompt"),
        required=False,
        empty_label=gettext_lazy("The active one"),
    )
    everything = forms.BooleanField(
        label=gettext_lazy("Search all that the asker may read"), required=False
    )
    chosen_collections = forms.MultipleChoiceField(
        label=gettext_lazy("Collections"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=gettext_lazy(
            "Only these are searched, and of them only what the asker may read: an assistant opens "
            "no collection by itself."
        ),
    )
    chosen_tools = forms.MultipleChoiceField(
        label=gettext_lazy("Tools"),
        required=False,
        choices=list(KNOWN.items()),
        widget=forms.CheckboxSelectMultiple,
        initial=[DOCUMENT_SEARCH],
    )
    open_collections = forms.BooleanField(
        label=gettext_lazy("Open its collections to the same groups and people"), required=False
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Assistant
        fields = ("name", "description", "is_active", "is_open", "groups", "users")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = self.instance
        models = _models(known)
        self.fields["chosen_model"].choices = [("", _("The first that can be asked")), *models]
        for name in NEXT:
            self.fields[name].choices = [("", _("None")), *models]
        self.fields["chosen_collections"].choices = _collections(known)
        current = Prompt.objects.current()
        mine = Prompt.objects.filter(pk=known.prompt_id)
        self.fields["chosen_prompt"].queryset = (current | mine).order_by("name")
        if known.version:
            self._begin_with(known)

    def _begin_with(self, known: Assistant) -> None:
        self.initial |= {
            "chosen_model": str(known.model_id or ""),
            "chosen_prompt": known.prompt_id,
            "everything": not known.collections,
            "chosen_collections": [str(key) for key in known.collections],
            "chosen_tools": known.tools,
            "seen": known.updated_at.isoformat(),
            **{name: str(key) for name, key in zip(NEXT, known.fallbacks, strict=False)},
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance.version and data.get("seen") != self._now():
            raise forms.ValidationError(
                _(
                    "Somebody else has changed this assistant since you opened it. Copy what you "
                    "wrote, then load the page again."
                )
            )
        if bool(data.get("everything")) == bool(data.get("chosen_collections")):
            self.add_error(
                "chosen_collections",
                _("Choose collections, or else that it searches all that the asker may read."),
            )
        self._check_models(data)
        return data

    def _now(self) -> str:
        changed = Assistant.objects.filter(pk=self.instance.pk).values_list("updated_at", flat=True)
        return changed[0].isoformat() if changed else ""

    def _check_models(self, data: dict[str, Any]) -> None:
        trial = Assistant(model_id=_key(data.get("chosen_model")), fallbacks=self._fallbacks(data))
        try:
            choices.check_together(trial)
        except Invalid as error:
            self.add_error("next_1", str(error))

    def _fallbacks(self, data: dict[str, Any]) -> list[UUID]:
        named = [key for name in NEXT if (key := _key(data.get(name)))]
        return list(dict.fromkeys([*named, *self.instance.fallbacks[len(NEXT) :]]))

    def written(self) -> dict[str, Any]:
        """What changed, as update_assistant takes it; all of a new one."""
        data = self.cleaned_data
        prompt = data["chosen_prompt"]
        fields = {
            "model_id": _key(data["chosen_model"]),
            "fallbacks": self._fallbacks(data),
            "prompt_id": prompt.pk if prompt else None,
            "collections": [UUID(key) for key in data["chosen_collections"]],
            "tools": data["chosen_tools"],
        }
        plain = {name: data[name] for name in ("name", "description", "is_active")}
        if not self.instance.version:
            return {**plain, **fields}
        # What stays is not checked again: it may name what is gone.
        before = Assistant.objects.get(pk=self.instance.pk)
        changed = {k: v for k, v in fields.items() if set_of(getattr(before, k)) != set_of(v)}
        if "fallbacks" not in changed and before.fallbacks != fields["fallbacks"]:
            changed["fallbacks"] = fields["fallbacks"]
        return {**plain, **changed}


def set_of(value: Any) -> Any:
    """Collections and tools are in no order."""
    return set(value) if isinstance(value, list) else value


def _key(value: Any) -> UUID | None:
    return UUID(value) if value else None


def _models(known: Assistant) -> list[tuple[str, str]]:
    found = LanguageModel.objects.select_related("provider")
    listed = [(str(m.pk), f"{m.display_name} ({m.provider.name})") for m in found]
    return [*listed, *_gone(known, filter(None, [known.model_id, *known.fallbacks]), listed)]


def _collections(known: Assistant) -> list[tuple[str, str]]:
    given = Collection.objects.exclude(kind__in=["personal", "chat"])
    listed = [(str(one.pk), one.label) for one in given.order_by("name", "id")]
    return [*listed, *_gone(known, known.collections, listed)]


def _gone(known: Assistant, keys: Any, listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    there = {key for key, _name in listed}
    return [
        (str(key), _("%(name)s (deleted)") % {"name": known.labels.get(str(key), key)})
        for key in keys
        if str(key) not in there
    ]
