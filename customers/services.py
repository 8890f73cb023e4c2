"""Writes about customers, and the figures that follow from their orders."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.changes.models import ChangeSet
from backoffice.changes.refusals import Refusal, lacks, refuse_if, require
from backoffice.changes.services import service
from customers.models import Customer

NEXT_NUMBERS = """
    SELECT 'C' || nextval('customers_customer_numbers')::text FROM generate_series(1, %s)
"""
# Names the table of orders: they lie above the customers, and are read here only.
REFRESH_FIGURES = """
    INSERT INTO customers_customerfigures AS figures
        (customer_id, orders_count, spent, first_order_at, last_order_at, segment)
    SELECT
        customer.id,
        count(orders.id) FILTER (WHERE orders.kind = 'sale'),
        coalesce(sum(orders.total - orders.credited), 0),
        min(orders.placed_at) FILTER (WHERE orders.kind = 'sale'),
        max(orders.placed_at) FILTER (WHERE orders.kind = 'sale'),
        ''
    FROM customers_customer AS customer
    LEFT JOIN orders_order AS orders
        ON orders.customer_id = customer.id AND orders.status IN ('placed', 'completed')
    WHERE customer.id = ANY(%s)
    GROUP BY customer.id
    ON CONFLICT (customer_id) DO UPDATE SET
        orders_count = excluded.orders_count,
        spent = excluded.spent,
        first_order_at = excluded.first_order_at,
        last_order_at = excluded.last_order_at
    WHERE (figures.orders_count, figures.spent, figures.first_order_at, figures.last_order_at)
        IS DISTINCT FROM
        (excluded.orders_count, excluded.spent, excluded.first_order_at, excluded.last_order_at)
"""
# Equal values score equally: the share of customers below, in fifths. Segments are the usual grid of recency
# and frequency.
SCORE_CUSTOMERS = """
    WITH ranked AS (
        SELECT
            customer_id,
            least(1 + floor(5 * percent_rank() OVER (ORDER BY last_order_at)), 5)::smallint AS recency,
            least(1 + floor(5 * percent_rank() OVER (ORDER BY orders_count)), 5)::smallint AS frequency,
            least(1 + floor(5 * percent_rank() OVER (ORDER BY spent)), 5)::smallint AS monetary
        FROM customers_customerfigures
        WHERE orders_count > 0
    ), scored AS (
        SELECT
            figures.customer_id,
            ranked.recency,
            ranked.frequency,
            ranked.monetary,
            CASE
                WHEN ranked.recency IS NULL THEN ''
                WHEN ranked.recency >= 4 AND ranked.frequency >= 4 THEN 'Champions'
                WHEN ranked.recency >= 3 AND ranked.frequency >= 3 THEN 'Loyal'
                WHEN ranked.recency >= 4 THEN 'New'
                WHEN ranked.recency = 3 THEN 'Needs attention'
                WHEN ranked.frequency >= 3 THEN 'At risk'
                ELSE 'Hibernating'
            END AS segment
        FROM customers_customerfigures AS figures LEFT JOIN ranked USING (customer_id)
    )
    UPDATE customers_customerfigures AS figures
    SET recency_score = scored.recency, frequency_score = scored.frequency, monetary_score = scored.monetary,
        segment = scored.segment
    FROM scored
    WHERE scored.customer_id = figures.customer_id
        AND (figures.recency_score, figures.frequency_score, figures.monetary_score, figures.segment)
        IS DISTINCT FROM (scored.recency, scored.frequency, scored.monetary, scored.segment)
"""


def next_customer_number() -> str:
    """Return a number that no customer has, such as C1000001. Gaps are allowed."""
    return next_customer_numbers(count=1)[0]


def next_customer_numbers(*, count: int) -> list[str]:
    """Return `count` numbers that no customer has; those taken by an import are passed over."""
    numbers: list[str] = []
    while len(numbers) < count:
        with connection.cursor() as cursor:
            cursor.execute(NEXT_NUMBERS, [count - len(numbers)])
            fresh = [number for (number,) in cursor.fetchall()]
        taken = set(Customer.objects.filter(number__in=fresh).values_list("number", flat=True))
        numbers += [number for number in fresh if number not in taken]
    return numbers


def can_archive_customer(customer: Customer, user: User | None) -> Refusal | None:
    """Whether `customer` may leave the lists; asks the database for their open orders."""
    return (
        _may_change(user)
        or refuse_if(customer.archived_at is not None, _("%(who)s is archived already.") % {"who": customer})
        or refuse_if(
            customer.orders.filter(status="placed").exists(),
            _("%(who)s has open orders. Complete or cancel them first.") % {"who": customer},
        )
    )


def can_restore_customer(customer: Customer, user: User | None) -> Refusal | None:
    """Whether an archived customer may come back to the lists."""
    return (
        _may_change(user)
        or refuse_if(customer.archived_at is None, _("%(who)s is not archived.") % {"who": customer})
        or refuse_if(
            customer.anonymised_at is not None,
            _("The personal data of %(who)s was erased for good. Create a new customer.") % {"who": customer},
        )
    )


def can_block_customer(customer: Customer, user: User | None) -> Refusal | None:
    """Whether new orders of `customer` may be stopped."""
    return _may_change(user) or refuse_if(customer.blocked, _("%(who)s is blocked already.") % {"who": customer})


def can_unblock_customer(customer: Customer, user: User | None) -> Refusal | None:
    """Whether orders of a blocked customer may be taken again."""
    return _may_change(user) or refuse_if(not customer.blocked, _("%(who)s is not blocked.") % {"who": customer})


def can_set_consent(customer: Customer, user: User | None) -> Refusal | None:
    """Whether it may be noted that `customer` agrees to marketing, or no longer does."""
    return _may_change(user) or refuse_if(
        customer.anonymised_at is not None,
        _("The personal data of %(who)s was erased; there is nobody to ask.") % {"who": customer},
    )


def _may_change(user: User | None) -> Refusal | None:
    return lacks(
        user,
        "customers.change_customer",
        _("Your role does not allow changing customers. Ask an operator or a manager."),
    )


@service
def archive_customer(
    *, customer: Customer, reason: str = "", actor: User | None = None, at: datetime | None = None
) -> Customer:
    """Take `customer` off the lists; their orders stay."""
    customer = _lock(customer)
    require(can_archive_customer(customer, actor))
    return _write(customer, archived_at=at or timezone.now())


@service
def restore_customer(*, customer: Customer, reason: str = "", actor: User | None = None) -> Customer:
    """Bring an archived customer back to the lists."""
    customer = _lock(customer)
    require(can_restore_customer(customer, actor))
    return _write(customer, archived_at=None)


@service
def block_customer(*, customer: Customer, reason: str, actor: User | None = None) -> Customer:
    """Take no new orders from `customer`; the reason stands in their history."""
    customer = _lock(customer)
    require(can_block_customer(customer, actor))
    if not reason.strip():
        raise ValidationError(_("Say why the customer is blocked: a colleague will have to explain it."))
    return _write(customer, blocked=True)


@service
def unblock_customer(*, customer: Customer, reason: str = "", actor: User | None = None) -> Customer:
    """Take orders from `customer` again."""
    customer = _lock(customer)
    require(can_unblock_customer(customer, actor))
    return _write(customer, blocked=False)


@service
def set_consent(
    *, customer: Customer, agrees: bool, reason: str = "", actor: User | None = None, at: datetime | None = None
) -> Customer:
    """Note that `customer` agrees to marketing, or does not, and since when; `reason` says how we know."""
    customer = _lock(customer)
    require(can_set_consent(customer, actor))
    if customer.marketing_consent == agrees and customer.marketing_consent_at is not None:
        return customer
    return _write(customer, marketing_consent=agrees, marketing_consent_at=at or timezone.now())


@service
def refresh_figures(*, customer_ids: Collection[int] | None = None) -> int:
    """Bring the figures of these customers up to their orders, or of all and their scores; return how many changed.

    Spent is the total of placed and completed orders, credit notes and credited amounts taken off. The customers
    are locked first, so that of two orders at the same time the later sees the earlier.
    """
    chosen = Customer.objects.all() if customer_ids is None else Customer.objects.filter(pk__in=customer_ids)
    ids = list(chosen.locked().values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(REFRESH_FIGURES, [ids])
        changed = int(cursor.rowcount)
        if customer_ids is None:
            cursor.execute(SCORE_CUSTOMERS)
    return changed


def refresh_undone(*, change_set: ChangeSet) -> None:
    """Give customers whom an undo created again their figures."""
    created = Customer.history.filter(change_set=change_set, history_type="+")
    refresh_figures(customer_ids=created.values_list("id", flat=True))


def _lock(customer: Customer) -> Customer:
    return Customer.objects.locked().get(pk=customer.pk)  # type: ignore[no-any-return]


def _write(customer: Customer, **fields: object) -> Customer:
    Customer.objects.filter(pk=customer.pk).update(**fields)
    for name, value in fields.items():
        setattr(customer, name, value)
    return customer
