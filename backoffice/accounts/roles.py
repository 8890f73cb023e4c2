"""Roles by task. They live here, in code; after each migration the groups are made equal to it.

A permission is written `app.verb_model`; `app.*` means all of an app, `app.verb_*` one verb on all its models.
"""

from fnmatch import fnmatchcase
from typing import Any

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions

VIEWER = "Viewer"
OPERATOR = "Operator"
CATALOGUE_MANAGER = "Catalogue manager"
MANAGER = "Manager"
ADMINISTRATOR = "Administrator"

READS = [
    "catalog.view_*",
    "customers.view_*",
    "orders.view_*",
    "reports.view_*",
    "changes.view_changeset",
    "bulk.view_bulkrun",
    "catalog.export_*",
    "reports.run_report",
    "spreadsheets.view_exportfile",
    "spreadsheets.*_exporttemplate",
]
WORKS_ORDERS = [
    "orders.add_*",
    "orders.change_*",
    "orders.place_order",
    "orders.ship_order",
    "orders.cancel_order",
    "orders.record_payment",
    "orders.delete_ordernote",
    "catalog.add_productnote",
    "orders.delete_orderline",
    "customers.add_*",
    "customers.change_*",
    "customers.delete_address",
    "catalog.receive_stock",
    "catalog.count_stock",
    "catalog.add_stockmovement",
    "catalog.import_stockmovement",
    "spreadsheets.view_importjob",
    "spreadsheets.add_importjob",
    "spreadsheets.view_importprofile",
    "spreadsheets.add_importprofile",
]
WORKS_CATALOGUE = [
    "catalog.add_category",
    "catalog.change_category",
    "catalog.delete_category",
    "catalog.add_product",
    "catalog.change_product",
    "catalog.add_productnote",
    "catalog.archive_product",
    "catalog.import_product",
    "catalog.import_category",
    "spreadsheets.view_importjob",
    "spreadsheets.add_importjob",
    "spreadsheets.view_importprofile",
    "spreadsheets.add_importprofile",
]
MANAGES = [
    "orders.*",
    "customers.*",
    "catalog.*",
    "reports.*",
    "spreadsheets.*",
    "changes.*",
    "jobs.*",
]
ADMINISTERS = ["accounts.*", "axes.view_*", "jsonexport.*"]

ROLES: dict[str, list[str]] = {
    VIEWER: READS,
    OPERATOR: READS + WORKS_ORDERS,
    CATALOGUE_MANAGER: READS + WORKS_CATALOGUE,
    MANAGER: READS + MANAGES,
    ADMINISTRATOR: READS + MANAGES + ADMINISTERS,
}
DESCRIPTIONS: dict[str, str] = {
    VIEWER: "Reads everything, exports nothing personal.",
    OPERATOR: "Works orders, customers and stock.",
    CATALOGUE_MANAGER: "Works products and prices, and imports them.",
    MANAGER: "Everything operational: refunds, reports, imports, undo.",
    ADMINISTRATOR: "People, tokens and settings, and all that a manager may.",
}


def permissions_matching(patterns: list[str]) -> set[int]:
    """Return the ids of the permissions that one of `patterns` names."""
    permissions = installed_apps.get_model("auth", "Permission").objects
    known = permissions.values_list("pk", "content_type__app_label", "codename")
    return {pk for pk, app, codename in known if any(fnmatchcase(f"{app}.{codename}", pattern) for pattern in patterns)}


def sync_roles() -> None:
    """Make the groups called like roles hold exactly the permissions that this module gives them."""
    for name, patterns in ROLES.items():
        group, _made = installed_apps.get_model("auth", "Group").objects.get_or_create(name=name)
        wanted = permissions_matching(patterns)
        if set(group.permissions.values_list("pk", flat=True)) != wanted:
            group.permissions.set(wanted)


def sync_roles_after_migrate(*, using: str = "default", **_kwargs: Any) -> None:
    """Make the permissions of all apps, which Django makes app by app, and sync."""
    for config in installed_apps.get_app_configs():
        create_permissions(config, verbosity=0, using=using)
    sync_roles()
