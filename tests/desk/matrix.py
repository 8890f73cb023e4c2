"""Who may do what on the desk, as the roles mean it: written down here, and never read from the code under test."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType

from backoffice.accounts.models import User
from backoffice.accounts.roles import ADMINISTRATOR, CATALOGUE_MANAGER, MANAGER, OPERATOR, VIEWER
from catalog.models import Product

VISITOR, NO_ROLE = "Nobody who signed in", "Staff without a role"
NOBODY: frozenset[str] = frozenset()
ADMINISTRATORS = frozenset({ADMINISTRATOR})
MANAGERS = ADMINISTRATORS | {MANAGER}
SALES = STOCK = MANAGERS | {OPERATOR}
GOODS = MANAGERS | {CATALOGUE_MANAGER}
IMPORTERS = SALES | GOODS
EVERYBODY = IMPORTERS | {VIEWER}
STAFF = EVERYBODY | {NO_ROLE}
WHO = (VISITOR, *sorted(STAFF))


@dataclass(frozen=True)
class Screen:
    """What may be done with the rows of a model, and by whom."""

    sees: frozenset[str]
    adds: frozenset[str] = NOBODY
    changes: frozenset[str] = NOBODY
    deletes: frozenset[str] = NOBODY
    actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: frozenset[str] | None = None
    """Who writes notes in the timelines of such rows, where they have timelines."""


def each(who: frozenset[str], *names: str) -> dict[str, frozenset[str]]:
    """Return that `who` may do all of the actions."""
    return dict.fromkeys(names, who)


SCREENS = {
    "catalog.product": Screen(
        EVERYBODY,
        adds=GOODS,
        changes=GOODS,
        actions=each(STOCK, "receive", "count") | each(GOODS, "adjust", "archive", "restore"),
        notes=SALES | GOODS,
    ),
    "catalog.category": Screen(EVERYBODY, adds=GOODS, changes=GOODS, deletes=GOODS),
    "catalog.stockmovement": Screen(EVERYBODY),
    "customers.customer": Screen(
        EVERYBODY,
        adds=SALES,
        changes=SALES,
        actions=each(SALES, "block", "unblock", "note_consent", "archive", "restore"),
        notes=SALES,
    ),
    "orders.order": Screen(
        EVERYBODY,
        adds=SALES,
        changes=SALES,
        actions=each(SALES, "place", "ship", "pay", "hold", "release", "assign", "follow_up")
        | each(SALES, "charges", "cancel")
        | each(MANAGERS, "refund", "take_back"),
        notes=SALES,
    ),
    "orders.payment": Screen(EVERYBODY, actions=each(MANAGERS, "sent", "failed")),
    "orders.shipment": Screen(EVERYBODY),
    "orders.return": Screen(EVERYBODY, actions=each(MANAGERS, "receive")),
    "reports.reportrun": Screen(EVERYBODY, actions=each(MANAGERS, "again")),
    "reports.reportschedule": Screen(EVERYBODY, adds=MANAGERS, changes=MANAGERS),
    "changes.changeset": Screen(EVERYBODY),
    "bulk.bulkrun": Screen(EVERYBODY),
    "spreadsheets.importjob": Screen(IMPORTERS, adds=IMPORTERS),
    "spreadsheets.importprofile": Screen(
        IMPORTERS, changes=MANAGERS, deletes=MANAGERS, actions=each(MANAGERS, "take_over")
    ),
    "spreadsheets.exportfile": Screen(EVERYBODY),
    "spreadsheets.exporttemplate": Screen(EVERYBODY, changes=EVERYBODY, deletes=EVERYBODY),
    "spreadsheets.exportschedule": Screen(
        MANAGERS,
        adds=MANAGERS,
        changes=MANAGERS,
        deletes=MANAGERS,
        actions=each(MANAGERS, "run_now", "pause", "resume"),
    ),
    "jobs.job": Screen(MANAGERS, actions=each(MANAGERS, "cancel", "retry")),
    "jobs.jobschedule": Screen(MANAGERS, actions=each(MANAGERS, "run_now", "pause", "resume")),
    "accounts.user": Screen(
        ADMINISTRATORS, adds=ADMINISTRATORS, changes=ADMINISTRATORS, actions=each(ADMINISTRATORS, "give_password")
    ),
    "accounts.apitoken": Screen(ADMINISTRATORS, adds=ADMINISTRATORS, actions=each(ADMINISTRATORS, "revoke")),
    "auth.group": Screen(ADMINISTRATORS),
    "axes.accessattempt": Screen(ADMINISTRATORS),
}
# A field of each list whose rows many may be edited at once, and a value for it.
EDITED = {
    "catalog.product": ("barcode", "5012345678900"),
    "catalog.category": ("description", "Woven"),
    "customers.customer": ("company", "Sol"),
    "orders.order": ("shipping_address", "Main Street 1"),
    "accounts.user": ("name", "Ada"),
}
REPORTS = {
    **dict.fromkeys(("sales-by-day", "sales-by-week", "sales-by-month", "sales-by-country"), EVERYBODY),
    **dict.fromkeys(("sales-by-category", "category-by-month", "sales-by-product", "sales-by-channel"), EVERYBODY),
    **dict.fromkeys(("order-ageing", "refunds-by-reason", "returns-by-reason"), EVERYBODY),
    **dict.fromkeys(("stock-value", "low-stock", "dead-stock", "stock-movements"), EVERYBODY),
    **dict.fromkeys(("new-and-returning", "data-quality"), EVERYBODY),
    **dict.fromkeys(("top-customers", "customer-cohorts", "staff-activity"), MANAGERS),
    **dict.fromkeys(("rfm-customers", "rfm-segments", "rfm-moves"), MANAGERS),
}
IMPORTS = {
    **dict.fromkeys(("products", "prices", "product-tags", "categories"), GOODS),
    **dict.fromkeys(("stock-count", "stock-receipt"), STOCK),
    **dict.fromkeys(("customers", "customer-tags", "addresses", "orders", "order-tags"), MANAGERS),
    **dict.fromkeys(("payments", "shipments"), SALES),
}
EXPORTS = {"products": EVERYBODY, "orders": EVERYBODY, "customers": MANAGERS}
# Spreadsheets of a list; those of orders and customers hold names and addresses of people.
SHEETS = {
    "catalog.product": dict.fromkeys(("products", "prices", "product-tags", "stock-count"), EVERYBODY),
    "catalog.category": {"categories": EVERYBODY},
    "catalog.stockmovement": {"stock-receipt": EVERYBODY},
    "orders.order": dict.fromkeys(("orders", "order-tags"), MANAGERS),
    "orders.payment": {"payments": MANAGERS},
    "orders.shipment": {"shipments": MANAGERS},
    "customers.customer": dict.fromkeys(("customers", "customer-tags", "addresses"), MANAGERS),
}
# A column of each.
KEYS = {
    **dict.fromkeys(("products", "prices", "product-tags", "stock-count", "stock-receipt"), "sku"),
    **dict.fromkeys(("orders", "order-tags", "customers", "customer-tags"), "number"),
    **dict.fromkeys(("payments", "shipments"), "order"),
    "categories": "name",
    "addresses": "customer",
}


@dataclass(frozen=True)
class Answer:
    """`status` for those who may, `refusal` for other staff; a visitor is sent to sign in, unless it says otherwise."""

    may: frozenset[str]
    status: int = 200
    refusal: int = 403
    visitor: int = 302
    writes: bool = False

    def to(self, who: str) -> tuple[int, bool]:
        """Return the status that `who` gets, and whether anything is written then."""
        if who == VISITOR:
            return self.visitor, False
        return (self.status, self.writes) if who in self.may else (self.refusal, False)


@dataclass(frozen=True)
class Page:
    """An address, and how it answers."""

    url: str
    get: Answer
    post: Answer
    data: Mapping[str, Any] = field(default_factory=dict)


READ_ONLY = Answer(STAFF, 405)
NOT_THERE = Answer(STAFF, 404)


def pages_of(label: str, screen: Screen, row: Any) -> Iterator[Page]:
    """Yield the pages that every model has."""
    base = f"/{label.replace('.', '/')}/"
    sees, at_row = Answer(screen.sees), f"{base}{row.pk}/"
    tracked = hasattr(row, "history")
    yield Page(base, sees, sees)
    yield Page(f"{base}add/", Answer(screen.adds), Answer(screen.adds))
    yield Page(at_row, Answer(STAFF, 302), Answer(STAFF, 302))
    yield Page(f"{at_row}change/", sees, Answer(screen.changes))
    yield Page(f"{at_row}history/", sees if tracked else NOT_THERE, READ_ONLY)
    yield Page(f"{at_row}sections/", sees, READ_ONLY)
    yield Page(f"{at_row}do/save_model/", NOT_THERE, NOT_THERE)
    yield Page(f"{at_row}editing/", READ_ONLY, Answer(screen.changes), {"page": "1"})
    deleted = Answer(screen.deletes, 302, writes=True)
    yield Page(f"{at_row}delete/", Answer(screen.deletes), deleted, {"post": "yes"})
    yield from export_pages(label, base)
    if tracked:
        yield Page(f"{base}as-of/", sees, READ_ONLY)
        yield Page(f"{at_row}as-of/", sees, READ_ONLY)
    if screen.notes is not None:
        yield Page(f"{at_row}timeline/", sees, READ_ONLY)
        yield Page(f"{at_row}notes/", READ_ONLY, Answer(screen.notes, 302, writes=True), {"text": "They called."})
        yield Page(f"{at_row}notes/0/", READ_ONLY, Answer(screen.sees, 404))


def export_pages(label: str, base: str) -> Iterator[Page]:
    """Yield the exports of a list; a list without spreadsheets has none."""
    if label not in SHEETS:
        yield Page(f"{base}export/", NOT_THERE, NOT_THERE)
    for sheet, may in SHEETS.get(label, {}).items():
        made = Answer(may, 302, writes=True)
        asked = {"sheet": sheet, "format": "csv", "column": KEYS[sheet]}
        yield Page(f"{base}export/?sheet={sheet}", Answer(may), made, asked)


def file_pages(export: Any) -> Iterator[Page]:
    """Yield the pages of a file of one's own."""
    base = f"/spreadsheets/exportfile/{export.pk}/"
    yield Page(f"{base}download/", Answer(EVERYBODY, writes=True), READ_ONLY)
    yield Page(f"{base}forget/", READ_ONLY, Answer(EVERYBODY, 302, writes=True))


def action_page(label: str, name: str, row: Any, data: Mapping[str, Any]) -> Page:
    """Return the dialog of an action on a row that is ready for it."""
    may = SCREENS[label].actions[name]
    url = f"/{label.replace('.', '/')}/{row.pk}/do/{name}/"
    return Page(url, Answer(may), Answer(may, 302, writes=True), {"confirmed": "1"} | data)


def report_pages(run: Any) -> Iterator[Page]:
    """Yield the pages of reports, and the file of a run of one's own."""
    yield Page("/reports/reportrun/catalogue/", Answer(EVERYBODY), READ_ONLY)
    yield Page(f"/reports/reportrun/{run.pk}/download/", Answer(EVERYBODY), READ_ONLY)
    yield Page(f"/reports/reportrun/{run.pk}/compare/", Answer(EVERYBODY), READ_ONLY)
    for slug, may in REPORTS.items():
        made = Answer(may, 302, writes=True)
        yield Page(f"/reports/reportrun/catalogue/{slug}/", Answer(may), made, {"format": "csv"})
        yield Page(f"/reports/reportrun/catalogue/{slug}/rows/", Answer(may), READ_ONLY)
        yield Page(f"/reports/reportrun/catalogue/{slug}/print/", Answer(may), READ_ONLY)


def import_pages(job: Any) -> Iterator[Page]:
    """Yield the pages of an import of one's own: its kind must be permitted too, to do anything with it."""
    base, may = f"/spreadsheets/importjob/{job.pk}/", IMPORTS[job.resource]
    yield Page(f"{base}file/", Answer(IMPORTERS), READ_ONLY)
    yield Page(f"{base}errors/", Answer(IMPORTERS), READ_ONLY)
    for name in ("read", "confirm", "discard"):
        yield Page(f"{base}{name}/", NOT_THERE, Answer(may, 302, writes=True))
    yield Page(f"{base}work/", Answer(IMPORTERS), READ_ONLY)
    for name in ("refused", "approval", "stop"):
        yield Page(f"{base}{name}/", NOT_THERE, Answer(may, 302))
    yield Page(f"{base}profile/", NOT_THERE, Answer(may, 302, writes=True), {"profile": str(job.profile_id)})
    yield Page(f"{base}save-profile/", NOT_THERE, Answer(may, 302, writes=True), {"name": "Another"})
    columns = {f"column-{field}": header for field, header in job.mapping.items()}
    yield Page(f"{base}check/", NOT_THERE, Answer(may, 302, writes=True), columns)


def change_set_pages(change_set: Any) -> Iterator[Page]:
    """Yield the pages of a change set that renamed a product; one may take away what one may export."""
    base, sees = "/changes/changeset/", Answer(EVERYBODY)
    undone = Answer(MANAGERS, 302, writes=True)
    yield Page(f"{base}deleted/", sees, sees)
    yield Page(f"{base}{change_set.pk}/undo/", sees, undone, {"reason": "wrong"})
    yield Page(f"{base}{change_set.pk}/download/", sees, sees)


def bulk_pages(preview: Any, token: str) -> Iterator[Page]:
    """Yield the pages of a preview of one's own, of an edit of products."""
    base = f"/bulk/bulkrun/{preview.pk}/"
    yield Page(f"{base}change/", Answer(EVERYBODY), Answer(NOBODY))
    yield Page(f"{base}run/", NOT_THERE, Answer(GOODS, 302, writes=True), {"token": token})
    for name in ("stop", "again"):
        yield Page(f"{base}{name}/", NOT_THERE, Answer(GOODS, 302))


def job_pages(job: Any) -> Iterator[Page]:
    """Yield the pages that tell how jobs go."""
    yield Page("/jobs/job/health/", Answer(MANAGERS), READ_ONLY)
    yield Page(f"/jobs/job/live/?ids={job.pk}", Answer(MANAGERS), READ_ONLY)


def site_pages() -> Iterator[Page]:
    """Yield the pages that belong to no model."""
    staff = Answer(STAFF)
    product = ContentType.objects.get_for_model(Product).pk
    yield Page("/", staff, staff)
    yield Page("/search/?s=a", staff, READ_ONLY)
    yield Page("/jsi18n/", staff, READ_ONLY)
    yield Page("/password_change/", staff, staff)
    yield Page("/password_change/done/", staff, READ_ONLY)
    yield Page("/login/", Answer(STAFF, 302, visitor=200), Answer(STAFF, visitor=200))
    yield Page("/logout/", READ_ONLY, staff)
    yield Page(f"/r/{product}/1/", NOT_THERE, NOT_THERE)
    yield Page("/accounts/apitoken/1/issued/", Answer(ADMINISTRATORS, 302), READ_ONLY)
    blank = "/spreadsheets/importjob/template/?suffix=xlsx&kind"
    for kind, may in IMPORTS.items():
        yield Page(f"{blank}={kind}", Answer(may, refusal=404), READ_ONLY)
    yield Page("/nowhere/", NOT_THERE, NOT_THERE)
    yield Page("/export/v1/products.json", Answer(STAFF, 401, visitor=401), Answer(STAFF, 405, visitor=405))
    for app in sorted({label.split(".")[0] for label in SCREENS}):
        sees = frozenset().union(*(screen.sees for label, screen in SCREENS.items() if label.startswith(f"{app}.")))
        yield Page(f"/{app}/", Answer(sees, refusal=404), Answer(sees, refusal=404))
    yield from autocompletes()


def autocompletes() -> Iterator[Page]:
    """Yield the searches behind the fields that name another row: what they find must be one's to see.

    Colleagues are found by all who see the rows that name one.
    """
    for model in admin.site._registry:
        for named in model._meta.get_fields():
            target = named.related_model if named.concrete else None
            known = admin.site._registry.get(target)
            if known is None or not known.search_fields:
                continue
            shown = model if target is User else target
            sees = Answer(SCREENS[shown._meta.label_lower].sees)
            query = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={named.name}"
            yield Page(f"/autocomplete/?{query}", sees, READ_ONLY)
