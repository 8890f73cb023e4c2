"""The tables of the rollups, and what changed since they were reckoned. Only `reports.rollups` writes to them."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Reckoned(models.Model):
    """A row that follows from others. Nobody works on it, so there is nothing to permit, nor to record."""

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Rollup(Reckoned):
    """That the rollups were reckoned, and on which basis: the SQL that defines them, and the time zone of their days.

    One row at most. Reports on another basis read the rows, until the rollups are reckoned anew.
    """

    basis = models.CharField(_("basis"), max_length=64, primary_key=True)
    built_at = models.DateTimeField(_("built"), db_default=Now())

    class Meta(Reckoned.Meta):
        verbose_name = _("state of the rollups")
        verbose_name_plural = _("state of the rollups")


class RollupChange(Reckoned):
    """What changed since the rollups were reckoned: written by triggers, in the transaction that changed it.

    Rows are only added, so that nobody waits for anybody, and deleted by who reckons them in. What changed are orders
    placed within the hour from `sold_at` on, or the category of a product, or its stock from `stocked_at` on.
    """

    sold_at = models.DateTimeField(_("placed in the hour from"), null=True)
    product_id = models.BigIntegerField(_("product"), null=True)
    stocked_at = models.DateTimeField(_("stock moved from"), null=True)

    class Meta(Reckoned.Meta):
        verbose_name = _("change to reckon in")
        verbose_name_plural = _("changes to reckon in")
        constraints = [
            models.CheckConstraint(
                condition=Q(sold_at__isnull=False, product_id=None, stocked_at=None)
                | Q(sold_at=None, product_id__isnull=False),
                name="reports_rollupchange_one_thing",
            ),
        ]


def units_field(label: Any) -> Any:
    """Return a field for a number of units."""
    return models.BigIntegerField(label)


def sales_field(label: Any) -> Any:
    """Return a field for line totals, added up."""
    return models.DecimalField(label, max_digits=24, decimal_places=4)


class DailySales(Reckoned):
    """What was sold on a local day, by currency, country and channel, as these stand on the orders."""

    pk = models.CompositePrimaryKey("day", "currency", "country", "channel")
    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    country = models.CharField(_("country"), max_length=64)
    channel = models.CharField(_("channel"), max_length=32)
    orders = models.IntegerField(_("orders"))
    credit_notes = models.IntegerField(_("credit notes"))
    units = units_field(_("units"))
    sales = sales_field(_("sales"))

    class Meta(Reckoned.Meta):
        verbose_name = _("sales of a day")
        verbose_name_plural = _("sales of days")


class DailyProductSales(Reckoned):
    """What was sold of a product on a local day."""

    pk = models.CompositePrimaryKey("day", "currency", "product_id")
    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    product_id = models.BigIntegerField(_("product"))
    units = units_field(_("units"))
    sales = sales_field(_("sales"))

    class Meta(Reckoned.Meta):
        verbose_name = _("sales of a product on a day")
        verbose_name_plural = _("sales of products on days")


class DailyCategorySales(Reckoned):
    """What was sold on a local day of the products that are in a category now, or in none."""

    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    category_id = models.BigIntegerField(_("category"), null=True)
    units = units_field(_("units"))
    sales = sales_field(_("sales"))

    class Meta(Reckoned.Meta):
        verbose_name = _("sales of a category on a day")
        verbose_name_plural = _("sales of categories on days")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "currency", "category_id"],
                nulls_distinct=False,
                name="reports_dailycategorysales_once_a_day",
            ),
        ]


class MidnightStock(Reckoned):
    """What was on hand of a product when a local day ended on which it moved; until it moves again, it stays."""

    pk = models.CompositePrimaryKey("product_id", "day")
    product_id = models.BigIntegerField(_("product"))
    day = models.DateField(_("day"))
    on_hand = models.BigIntegerField(_("on hand"))

    class Meta(Reckoned.Meta):
        verbose_name = _("stock at midnight")
        verbose_name_plural = _("stock at midnight")
