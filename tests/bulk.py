"""Large tables, each filled by one statement: for benchmarks, and for tests of query plans."""

from django.db import connection, models
from django.db.models import NOT_PROVIDED

from backoffice.changes.models import ChangeSet
from backoffice.jobs.models import Job
from backoffice.spreadsheets.models import ImportJob
from catalog.models import Category, Product, StockMovement
from customers.models import Customer
from orders.models import Order, OrderLine, Payment, Return, Shipment
from reports.models import ReportRun

EMPTY = {
    models.DateTimeField: "now()",
    models.DateField: "current_date",
    models.BooleanField: "false",
    models.IntegerField: "0",
    models.DecimalField: "0",
    models.Field: "''",
}


def fill(model: type[models.Model], count: int, **columns: str) -> None:
    """Insert `count` rows, without their triggers. `columns` are SQL over `i`, which counts from 1; so does the key.

    What is not named takes the default of its field, or is empty. Works inside a transaction.
    """
    table, params = model._meta.db_table, []
    named = {"id": "i"} | {name: sql.replace("%", "%%") for name, sql in columns.items()}
    for field in model._meta.concrete_fields:
        if field.column in named or field.generated or field.null or field.db_default is not NOT_PROVIDED:
            continue
        if isinstance(field, models.UUIDField):
            named[field.column] = "gen_random_uuid()"
        elif field.has_default():
            named[field.column] = "%s"
            params.append(field.get_db_prep_save(field.get_default(), connection))
        else:
            named[field.column] = next(sql for kind, sql in EMPTY.items() if isinstance(field, kind))
    names = ", ".join(f'"{name}"' for name in named)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(named.values())}"  # noqa: S608
            f" FROM generate_series(1, {count}) AS i",
            params,
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        keys = f"pg_get_serial_sequence('{table}', 'id')"
        cursor.execute(f"SELECT setval({keys}, greatest(max(id), nextval({keys}))) FROM {table}")  # noqa: S608
        cursor.execute(f"ANALYZE {table}")


def fill_shop(orders: int, *, products: int, lines: int = 1) -> None:
    """Fill a shop with `orders` orders of as many customers, each with so many lines.

    The oldest three rows are the rare ones: blocked and archived customers, credit notes, drafts, overpaid; archived
    and oversold products. One order in a hundred is open, and among the newest.
    """
    rare, newest = "i <= 3", f"i > {orders} * 0.99"
    at = f"timestamptz '2026-11-01' - ({orders} - i) * interval '5 minutes'"
    country = "(ARRAY['France', 'Germany', 'Spain', 'United Kingdom'])[1 + i % 4]"
    country = f"CASE WHEN {rare} THEN 'Malta' ELSE {country} END"
    fill(
        Customer,
        orders,
        number="'C' || lpad(i::text, 7, '0')",
        name="CASE WHEN i % 5 = 0 THEN '' ELSE 'Person ' || md5(i::text) END",
        email="CASE WHEN i % 7 = 0 THEN '' ELSE md5(i::text) || '@example.com' END",
        company="CASE WHEN i % 5 = 0 THEN 'Firm ' || md5(i::text) ELSE '' END",
        phone="CASE WHEN i % 3 = 0 THEN '+44 ' || i ELSE '' END",
        country=country,
        blocked=rare,
        marketing_consent=rare,
        marketing_consent_at="now()",
        archived_at=f"CASE WHEN {rare} THEN now() END",
        created_at=at,
    )
    fill(Category, 20, name="'Category ' || i", position="i")
    fill(
        Product,
        products,
        sku="'P' || lpad(i::text, 6, '0')",
        name="'Thing ' || md5(i::text)",
        barcode="CASE WHEN i % 3 = 0 THEN '40' || lpad(i::text, 11, '0') ELSE '' END",
        category_id=f"CASE WHEN {rare} THEN 1 ELSE 2 + i % 19 END",
        price="i % 90 + 0.99",
        status=f"CASE WHEN {rare} THEN 'archived' ELSE 'active' END",
        reorder_level="CASE WHEN i BETWEEN 4 AND 6 THEN 100 ELSE 5 END",
        on_hand="i % 50 + 6",
        reserved=f"CASE WHEN {rare} THEN 60 ELSE 0 END",
        allow_backorder=rare,
        updated_at=f"timestamptz '2026-11-01' - ({products} - i) * interval '5 minutes'",
    )
    fill(
        Order,
        orders,
        number="'SO-' || lpad(i::text, 7, '0')",
        kind=f"CASE WHEN {rare} THEN 'credit' ELSE 'sale' END",
        status=f"CASE WHEN {rare} THEN 'draft' WHEN {newest} THEN 'placed' ELSE 'completed' END",
        payment_state=f"CASE WHEN {rare} THEN 'overpaid' WHEN {newest} AND i % 2 = 0 THEN 'unpaid' ELSE 'paid' END",
        fulfilment_state=f"CASE WHEN {rare} THEN 'part' WHEN {newest} THEN 'unfulfilled' ELSE 'fulfilled' END",
        hold_reason=f"CASE WHEN {newest} AND i % 50 = 0 THEN 'Ask first' ELSE '' END",
        historical="true",
        customer_id=f"CASE WHEN i % 6 = 0 THEN NULL ELSE 1 + (i * 7919::bigint) % {orders} END",
        email="CASE WHEN i % 7 = 0 THEN '' ELSE md5(i::text) || '@example.com' END",
        country=country,
        currency="'GBP'",
        placed_at=f"CASE WHEN {rare} THEN NULL ELSE {at} END",
        total="(i * 7919::bigint) % 1000 + 0.5",
        follow_up_on=f"CASE WHEN {rare} THEN current_date END",
        created_at=at,
    )
    fill(
        OrderLine,
        orders * lines,
        order_id=f"1 + (i - 1) / {lines}",
        position=f"(i - 1) % {lines}",
        product_id=f"1 + (i * 104729::bigint) % {products}",
        sku="'P' || i",
        name="'Thing'",
        quantity="1 + i % 5",
        unit_price="i % 90 + 0.99",
        historical="true",
    )


def fill_journals(count: int) -> None:
    """Fill what orders, stock and the desk itself leave behind; needs a shop with as many orders and products."""
    rare, at = "i <= 3", f"timestamptz '2026-11-01' - ({count} - i) * interval '5 minutes'"
    fill(
        Payment,
        count,
        order_id="i",
        kind=f"CASE WHEN {rare} THEN 'refund' ELSE 'capture' END",
        state=f"CASE WHEN {rare} THEN 'pending' ELSE 'succeeded' END",
        amount="1",
        provider_reference="'Ref-' || i",
        idempotency_key="'key ' || i",
    )
    fill(Shipment, count, order_id="i", tracking_number="'Trk' || i", shipped_at=at)
    fill(Return, count, order_id="i", received_at=f"CASE WHEN {rare} THEN NULL ELSE {at} END")
    fill(
        StockMovement,
        count,
        product_id="i",
        delta="1",
        reason=f"CASE WHEN {rare} THEN 'damage' ELSE 'receipt' END",
        created_at=at,
    )
    fill(
        ChangeSet,
        count,
        id="i + 100",
        kind=f"CASE WHEN {rare} THEN 'undo' ELSE 'form' END",
        request_id="'Req-' || i",
        started_at=at,
    )
    fill(
        Job,
        count,
        kind="'reports.produce_run'",
        key="'Key-' || i",
        state=f"CASE WHEN {rare} THEN 'failed' ELSE 'succeeded' END",
        max_attempts="1",
        created_at=at,
        finished_at=at,
    )
    fill(
        ImportJob,
        count,
        resource="'products'",
        filename="'File' || i || '.csv'",
        state=f"CASE WHEN {rare} THEN 'failed' ELSE 'applied' END",
        created_at=at,
    )
    fill(
        ReportRun,
        count,
        report=f"CASE WHEN {rare} THEN 'stock-value' ELSE 'sales-by-month' END",
        format="'csv'",
        state=f"CASE WHEN {rare} THEN 'failed' ELSE 'queued' END",
        requested_at=at,
    )
