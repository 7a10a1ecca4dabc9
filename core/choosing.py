"""Actions of the admin that need one thing more: a page that asks for it, then goes on.

Django posts the chosen rows to the list; this page posts the same once more, with the answer.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

ANSWER = "chosen"


class Choice:
    """`answer` is what was chosen, or None: then `page()` asks.

    Which rows it is about goes along as Django had it: a choice of all rows stays one of all, under
    the filters of the address.
    """

    def __init__(self, request: HttpRequest, field: forms.ChoiceField) -> None:
        self.request = request
        sent = request.POST if ANSWER in request.POST else None
        self.form = forms.Form(sent)
        self.form.fields[ANSWER] = field
        self.answer: Any = self.form.cleaned_data[ANSWER] if self.form.is_valid() else None

    def page(self, asker: "admin.ModelAdmin[Any]", title: str, count: int) -> HttpResponse:
        kept = ("action", "select_across", "index")
        context = {
            **asker.admin_site.each_context(self.request),
            "title": title,
            "opts": asker.opts,
            "form": self.form,
            "count": count,
            "kept": [(name, self.request.POST.get(name, "")) for name in kept],
            "rows": self.request.POST.getlist(ACTION_CHECKBOX_NAME),
            "row_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(self.request, "admin/choose.html", context)
