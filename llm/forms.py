"""Forms of the admin. A key goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from core import sealing
from core.errors import Invalid
from llm.manage_providers import no_place, sound_key
from llm.models import Fallback, LanguageModel, Provider, Task


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    api_key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_(
            "Leave empty to keep the key as it is. It is stored encrypted and never shown again. "
            "Another address drops the key, unless you enter it again here."
        ),
    )
    remove_key = forms.BooleanField(label=_("Take the key out"), required=False)

    class Meta:
        model = Provider
        fields = ["kind", "name", "base_url", "is_active", "order"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields.get("kind")
        if kind is not None and self.instance._state.adding:
            builtin = Provider.Kind.BUILTIN
            kind.choices = [each for each in kind.choices if each[0] != builtin]  # type: ignore[attr-defined]

    def clean_api_key(self) -> str:
        key = str(self.cleaned_data["api_key"])
        if key and not sealing.known():
            raise ValidationError(no_place())
        try:
            return sound_key(key)
        except Invalid as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind") or self.instance.kind
        if kind == Provider.Kind.OPENAI_COMPATIBLE and not cleaned.get("base_url"):
            self.add_error("base_url", _("Give the address of the server."))
        return cleaned

    @property
    def key(self) -> str | None:
        """What to do with the key: None leaves it, "" takes it out."""
        if self.cleaned_data.get("remove_key"):
            return ""
        return self.cleaned_data.get("api_key") or None


class LanguageModelForm(forms.ModelForm):  # type: ignore[type-arg]
    tasks = forms.MultipleChoiceField(
        label=_("Good at"),
        choices=Task.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Questions of these kinds turn to this model first among the fallbacks."),
    )

    class Meta:
        model = LanguageModel
        fields = "__all__"  # noqa: DJ007


class FallbackFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """New rows come after those there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        model = kwargs.get("instance")
        rows = (
            Fallback.objects.filter(model=model) if model is not None else Fallback.objects.none()
        )
        last = max(rows.values_list("position", flat=True), default=-1)
        kwargs["initial"] = [{"position": last + 1 + place} for place in range(self.extra)]
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        # The parent is set aside when a row is validated, so the constraint is not asked.
        for form in self.forms:
            if getattr(form, "cleaned_data", {}).get("fallback") == self.instance:
                form.add_error("fallback", _("A model cannot be its own fallback."))
