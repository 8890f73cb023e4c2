"""The sidebar, by task. What it asks the database is the queue counts, which are kept for a minute."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.desk.queues import QUEUE_VAR
from backoffice.desk.sites import desk_site


@dataclass(frozen=True)
class Item:
    """A link: to a named page, to a part of a list when `queue` is given; shown to those who hold `permission`."""

    title: Any
    icon: str
    page: str
    permission: str = ""
    queue: str = ""

    def link(self) -> str:
        address = reverse(f"admin:{self.page}")
        return f"{address}?{QUEUE_VAR}={self.queue}" if self.queue else address

    def active(self, request: HttpRequest) -> bool:
        """Whether the page that is open is this one; the pages of a row belong to the item of the whole list."""
        address = reverse(f"admin:{self.page}")
        if address == request.path:
            return request.GET.get(QUEUE_VAR, "") in (self.queue, *(() if self.queue else self.strangers(request)))
        return not self.queue and self.page != "index" and request.path.startswith(address)

    def strangers(self, request: HttpRequest) -> list[str]:
        """Return the open queue, if the sidebar has no item of its own for it."""
        own = {item.queue for _title, items in GROUPS for item in items if item.page == self.page}
        open_queue = request.GET.get(QUEUE_VAR, "")
        return [] if open_queue in own else [open_queue]

    def label(self) -> str:
        """Return the label of the model whose list it opens."""
        return ".".join(self.page.removesuffix("_changelist").split("_", 1))


GROUPS: list[tuple[Any, list[Item]]] = [
    ("", [Item(_("Home"), "home", "index")]),
    (
        _("Orders"),
        [
            Item(_("Orders"), "receipt_long", "orders_order_changelist", "orders.view_order"),
            Item(_("To ship"), "local_shipping", "orders_order_changelist", "orders.view_order", "to_ship"),
            Item(_("Unpaid"), "hourglass_top", "orders_order_changelist", "orders.view_order", "unpaid"),
            Item(_("On hold"), "pause_circle", "orders_order_changelist", "orders.view_order", "on_hold"),
            Item(_("Payments"), "payments", "orders_payment_changelist", "orders.view_payment"),
            Item(_("Shipments"), "package_2", "orders_shipment_changelist", "orders.view_shipment"),
            Item(_("Returns"), "assignment_return", "orders_return_changelist", "orders.view_return"),
        ],
    ),
    (
        _("Catalogue"),
        [
            Item(_("Products"), "inventory_2", "catalog_product_changelist", "catalog.view_product"),
            Item(
                _("Low on stock"),
                "production_quantity_limits",
                "catalog_product_changelist",
                "catalog.view_product",
                "low",
            ),
            Item(_("Categories"), "account_tree", "catalog_category_changelist", "catalog.view_category"),
            Item(_("Stock movements"), "swap_vert", "catalog_stockmovement_changelist", "catalog.view_stockmovement"),
        ],
    ),
    (_("Customers"), [Item(_("Customers"), "group", "customers_customer_changelist", "customers.view_customer")]),
    (
        _("Reports"),
        [
            Item(_("Reports"), "bar_chart", "reports_catalogue", "reports.run_report"),
            Item(_("Runs and files"), "file_save", "reports_reportrun_changelist", "reports.view_reportrun"),
            Item(
                _("Report schedules"),
                "event_repeat",
                "reports_reportschedule_changelist",
                "reports.view_reportschedule",
            ),
        ],
    ),
    (
        _("Spreadsheets"),
        [
            Item(
                _("My files"),
                "folder_open",
                "spreadsheets_exportfile_changelist",
                "spreadsheets.view_exportfile",
                "mine",
            ),
            Item(
                _("Export schedules"),
                "schedule_send",
                "spreadsheets_exportschedule_changelist",
                "spreadsheets.view_exportschedule",
            ),
            Item(_("Imports"), "upload_file", "spreadsheets_importjob_changelist", "spreadsheets.view_importjob"),
            Item(
                _("Import profiles"),
                "rule_settings",
                "spreadsheets_importprofile_changelist",
                "spreadsheets.view_importprofile",
            ),
        ],
    ),
    (
        _("System"),
        [
            Item(_("Changes"), "history", "changes_changeset_changelist", "changes.view_changeset"),
            Item(_("Exports"), "file_export", "spreadsheets_exportfile_changelist", "spreadsheets.audit_exportfile"),
            Item(_("Bulk runs"), "dynamic_form", "bulk_bulkrun_changelist", "bulk.view_bulkrun"),
            Item(_("Jobs"), "work_history", "jobs_job_changelist", "jobs.view_job"),
            Item(_("Schedules"), "schedule", "jobs_jobschedule_changelist", "jobs.view_jobschedule"),
            Item(_("People"), "badge", "accounts_user_changelist", "accounts.view_user"),
            Item(_("Roles"), "shield_person", "auth_group_changelist", "accounts.view_user"),
            Item(_("API tokens"), "key", "accounts_apitoken_changelist", "accounts.view_apitoken"),
            Item(_("Failed sign-ins"), "gpp_bad", "axes_accessattempt_changelist", "axes.view_accessattempt"),
        ],
    ),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups as unfold draws them, without what the user may not see."""
    counts = desk_site().queue_counts(request) if request.user.is_authenticated else {}
    groups = []
    for title, items in GROUPS:
        allowed = [item for item in items if not item.permission or request.user.has_perm(item.permission)]
        if allowed:
            groups.append({"title": title, "items": [entry(item, request, counts) for item in allowed]})
    return groups


def entry(item: Item, request: HttpRequest, counts: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """Return one link, with how much waits behind it."""
    link = {"title": item.title, "icon": item.icon, "link": item.link(), "active": item.active(request)}
    count = counts.get((item.label(), item.queue))
    return link | ({"badge": str(count), "badge_variant": "default"} if count and count.number else {})
