"""What may be done with a product, and why not. No user is the system itself."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, lacks, refuse_if
from catalog.models import Product


def can_receive_stock(product: Product, user: User | None) -> Refusal | None:
    """Whether units of `product` may be put on hand."""
    return lacks(
        user, "catalog.receive_stock", _("Your role does not allow receiving stock. Ask an operator or a manager.")
    ) or refuse_if(
        product.status == Product.Status.ARCHIVED,
        _("%(product)s is archived. Restore it before you receive stock of it.") % {"product": product},
    )


def can_count_stock(product: Product, user: User | None) -> Refusal | None:
    """Whether what is on hand of `product` may be set to what was counted. Archived goods may be counted out."""
    return lacks(
        user, "catalog.count_stock", _("Your role does not allow counting stock. Ask an operator or a manager.")
    )


def can_archive_product(product: Product, user: User | None) -> Refusal | None:
    """Whether `product` may be taken out of the catalogue; asks the database for its open orders."""
    return (
        lacks(
            user,
            "catalog.archive_product",
            _("Your role does not allow archiving products. Ask a catalogue manager."),
        )
        or refuse_if(
            product.status == Product.Status.ARCHIVED,
            _("%(product)s is archived already.") % {"product": product},
        )
        or refuse_if(
            product.reserved > 0,
            ngettext(
                "%(count)d unit of %(product)s is reserved for open orders. Ship or cancel it first.",
                "%(count)d units of %(product)s are reserved for open orders. Ship or cancel them first.",
                product.reserved,
            )
            % {"count": product.reserved, "product": product},
        )
        or _on_drafts(product)
    )


def _on_drafts(product: Product) -> Refusal | None:
    drafts = product.order_lines.filter(order__status="draft").values("order").distinct().count()
    return refuse_if(
        drafts > 0,
        ngettext(
            "%(product)s is on %(count)d draft order. Take it off, or cancel the draft, first.",
            "%(product)s is on %(count)d draft orders. Take it off, or cancel the drafts, first.",
            drafts,
        )
        % {"count": drafts, "product": product},
    )


def can_restore_product(product: Product, user: User | None) -> Refusal | None:
    """Whether an archived product may be sold again; asks the database who has its SKU now."""
    return (
        lacks(
            user,
            "catalog.archive_product",
            _("Your role does not allow restoring products. Ask a catalogue manager."),
        )
        or refuse_if(
            product.status != Product.Status.ARCHIVED,
            _("%(product)s is not archived.") % {"product": product},
        )
        or refuse_if(
            Product.objects.current().with_sku(product.sku).exists(),
            _("Another product has the SKU %(sku)s now. Archive that one first, or give it another SKU.")
            % {"sku": product.sku},
        )
    )


def can_change_prices(user: User | None) -> Refusal | None:
    """Whether prices may be changed."""
    return lacks(
        user, "catalog.change_product", _("Your role does not allow changing prices. Ask a catalogue manager.")
    )
