"""Rows under their parent."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from unfold import admin as unfold
from unfold.forms import PaginationInlineFormSet

from backoffice.desk.admin.fields import OVERRIDES, AutocompleteMixin
from backoffice.desk.admin.gone import GoneRows
from backoffice.desk.forms import RelatedSelect, VersionedForm


class DeskFormSet(PaginationInlineFormSet):
    """The forms of rows under their parent. Rows that they name are read with one query, not one a line."""

    gone: GoneRows | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and hasattr(self.model, "history"):
            self.gone = GoneRows(self)
            self.data = self.gone.data

    def clean(self) -> None:
        super().clean()
        if self.gone is not None and self.gone.questions:
            question = self.gone.questions[0]
            raise ValidationError(
                _("%(who)s deleted %(row)s while you had it open. Choose at the top of this page, and save again."),
                code="stale",
                params={"who": question.by.who, "row": question.label},
            )

    @cached_property
    def forms(self) -> list[Any]:
        forms: list[Any] = super().forms
        for name in forms[0].fields if forms else ():
            selects: list[Any] = [getattr(form.fields[name].widget, "widget", None) for form in forms]
            if isinstance(selects[0], RelatedSelect):
                chosen = {str(form[name].value() or "") for form in forms}
                rows = forms[0].fields[name].queryset.in_bulk([key for key in chosen if key.isdecimal()])
                known = {str(key): row for key, row in rows.items()}
                for select in selects:
                    select.known = known
        return forms


class DeskInline(AutocompleteMixin):
    """What all inlines share: versions are checked, no empty rows wait to be filled."""

    form = VersionedForm
    formset = DeskFormSet
    formfield_overrides = OVERRIDES
    extra = 0
    show_change_link = False
    show_title = False


class DeskTabularInline(DeskInline, unfold.TabularInline):
    """Rows under their parent, one line each."""


class DeskStackedInline(DeskInline, unfold.StackedInline):
    """Rows under their parent, one block each."""


class ReadOnlyInline(DeskTabularInline):
    """Rows that are shown under their parent and written by services alone, a page at a time."""

    per_page = 25
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.get_fields(request, obj) if name] if self.fields else super().readonly_fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
