"""What was deleted and is gone still, with the way back."""

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from backoffice.changes.diff import DELETED, history_of
from backoffice.changes.models import TrackedModel
from backoffice.changes.naming import labels_of

ROWS_SHOWN = 100
MODEL_VAR, BEFORE_VAR = "model", "before"


def deleted_page(request: HttpRequest) -> dict[str, Any]:
    """Return a page of deleted rows of one kind, newest first: of the first kind, unless the address names one."""
    models = {
        model._meta.label_lower: model
        for model in apps.get_models()
        if issubclass(model, TrackedModel)
        and request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    }
    gone = {label: model for label, model in models.items() if gone_of(model).exists()}
    label = request.GET.get(MODEL_VAR, "")
    label = label if label in gone else next(iter(gone), "")
    before = request.GET.get(BEFORE_VAR, "")
    rows = list(page_of(gone[label], int(before) if before.isdigit() else None)) if label else []
    page = rows[:ROWS_SHOWN]
    names = labels_of(gone[label], [row.key for row in page]) if label else {}
    more = f"?{MODEL_VAR}={label}&{BEFORE_VAR}={page[-1].history_id}" if len(rows) > ROWS_SHOWN else ""
    return {
        "deleted": [(row, names.get(row.key, f"#{row.key}"), f"{label}:{row.key}") for row in page],
        "kinds": [(name, model._meta.verbose_name_plural) for name, model in gone.items()],
        "kind": label,
        "older_url": more,
        "may_undo": request.user.has_perm("changes.undo_changeset"),
    }


def gone_of(model: Any) -> Any:
    """Return the deletions of rows that are not there now. A row that came back and went again is told each time."""
    living = model._base_manager.filter(pk=OuterRef(model._meta.pk.attname))
    return history_of(model).filter(~Exists(living), history_type=DELETED)


def page_of(model: Any, before: int | None) -> Any:
    rows = gone_of(model).select_related("change_set").order_by("-history_id")
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    page = rows[: ROWS_SHOWN + 1]
    for row in page:
        row.key = getattr(row, model._meta.pk.attname)
    return page
